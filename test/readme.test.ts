/** What the README says of commands, files, settings, words and addresses is so. */
import t from 'tap'
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseSetup, Setup } from '../src/admin/setup.ts'
import { ConnectionPolicy } from '../src/axis/connections.ts'
import { SETTINGS } from '../src/config.ts'
import { TrustSettings } from '../src/trust/settings.ts'
import { parseMetadata } from '../src/systems/rest/metadata.ts'

const ROOT = join(import.meta.dirname, '..')
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')
const README = read('README.md')
const SOURCE = globSync('src/**/*.{ts,sql}', { cwd: ROOT }).map(read).join('\n')
const PACKAGE = JSON.parse(read('package.json')) as { scripts: Record<string, string> }

const all = (pattern: RegExp, text = README) => [...text.matchAll(pattern)].map(([, found]) => found!)
/** What stands in backticks, outside of blocks. */
const CODE = all(/`([^`\n]+)`/g, README.replace(/^ *```[^]*?^ *```$/gm, ''))

/** The rows, cell by cell, of the table that begins with this line. */
function table (header: string, text = README): string[][] {
  const lines = text.split('\n')
  const start = lines.indexOf(header) + 2
  return lines.slice(start, lines.findIndex((line, index) => index > start && !line.startsWith('|'))).map((line) => line.split('|').slice(1, -1).map((cell) => cell.trim()))
}

const inCode = (text: string) => `\`${text}\``

t.test('links and paths lead to files', async (t) => {
  const links = all(/\]\((?!https?:)([^)#]+)\)/g)
  const paths = CODE.filter((text) => /^(?:src|test|schemas|certs-example|\.ci|node_modules)\/[\w./-]*$/.test(text))
  t.ok(links.length > 20 && paths.length > 20)
  t.strictSame([...links, ...paths].filter((path) => !existsSync(join(ROOT, path))), [])
})

t.test('every part of src is on the map, and on its floor', async (t) => {
  const parts = readdirSync(join(ROOT, 'src'))
  const map = table('| folder | |').map(([cell]) => cell).join()
  t.strictSame(parts.filter((part) => !map.includes(`\`src/${part}${part.includes('.') ? '' : '/'}\``)), [])
  const [floors] = all(/^- Imports point down: ([^.]+)\./gm)
  t.strictSame(floors!.split(/,\s+|\s→\s/).toSorted(), parts.map((part) => part.replace('.ts', '')).toSorted())
})

t.test('commands are there', async (t) => {
  for (const command of ['npm ci && npm run demo', 'npm ci && npm test']) t.match(README.split('\n').slice(0, 20).join('\n'), command)
  t.strictSame([...all(/npm run ([\w-]+)/g), ...all(/npm (test|start)\b/g)].filter((script) => !(script in PACKAGE.scripts)), [])
  t.strictSame(Object.keys(PACKAGE.scripts).filter((script) => !README.includes(`npm ${script}`) && !README.includes(`npm run ${script}`)), [], 'and none is left out')
  const usage = read('src/cli/lienthong.ts')
  t.strictSame([...all(/npm run demo -- --(\w+)/g), ...all(/npm run lienthong -- (\w+)/g), ...all(/lienthong\.ts (\w+)/g)].filter((word) => !usage.includes(`'${word}'`) && !usage.includes(`${word}: {`)), [])
})

t.test('the settings are those of config.ts', async (t) => {
  t.strictSame(table('| name | default | meaning |'), SETTINGS.map(({ name, default: value, meaning }) => [inCode(name), value === null ? '' : inCode(value), meaning]))
})

type Property = { default?: unknown, description?: string, type?: string, minimum?: number, anyOf?: { const: string }[] }

t.test('the policies are those that a set-up is checked with', async (t) => {
  const values = (name: string, { type, anyOf, minimum }: Property) => type === 'object' ? `entries of \`${name}\`` : anyOf ? anyOf.map((value) => inCode(value.const)).join(', ') : type === 'boolean' ? '`true`, `false`' : `from ${minimum}`
  t.strictSame(
    table('| name | default | values | meaning |'),
    Object.entries(ConnectionPolicy.properties as Record<string, Property>).map(([name, property]) => [inCode(name), inCode(property.type === 'object' ? JSON.stringify(property.default) : String(property.default)), values(name, property), property.description ?? '']))
  const own = Object.entries<Property>(Setup.properties.systems.items.properties.policy.properties).map(([name, property]) => `\`${name}\` (default \`${String(property.default)}\`)`)
  t.ok(README.includes(`A system's \`policy\` has ${own.join(' and ')}`))
})

t.test('the guide to trust names files, settings and commands that there are', async (t) => {
  const guide = read('docs/tin-cay.md')
  t.strictSame(all(/\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)/g, guide).filter((path) => !existsSync(join(ROOT, 'docs', path))), [])
  const properties = TrustSettings.properties as object as Record<string, Pick<Property, 'default' | 'description'>>
  const rows = table('| entry | default | values | meaning |', guide)
  t.strictSame(rows.map(([name]) => name), Object.keys(properties).map(inCode))
  for (const [name, , , meaning] of rows) {
    const { description } = properties[name!.slice(1, -1)]!
    if (description) t.equal(meaning, description, name!)
  }
  for (const [name, value] of rows) {
    const known = properties[name!.slice(1, -1)]!.default
    if (known === null || typeof known !== 'object' && known !== undefined) t.equal(value, inCode(String(known)), name!)
  }
  const commands = all(/lienthong ((?:certificates |revocation )?[a-z]+)/g, guide)
  const usage = `${read('src/cli/lienthong.ts')}\n${read('src/cli/certificates.ts').replaceAll(/^ {2}(?=\w)/gm, '  certificates ')}`
  t.ok(commands.length > 8)
  t.strictSame(commands.filter((command) => !new RegExp(`^ {2}${command}\\b`, 'm').test(usage)), [])
})

t.test('the examples are taken', async (t) => {
  const [setup] = all(/^cat > data\/setup\.json <<END\n([^]*?)\nEND$/gm)
  const pem = (name: string) => JSON.stringify(read(`certs-example/organisations/${name}.pem`)).slice(1, -1)
  t.equal(parseSetup(setup!.replaceAll(/\$\(pem ([\w.-]+)\)/g, (_, name: string) => pem(name))).signers.length, 1)
  const [metadata] = all(/^cat > data\/metadata\.json <<'END'\n([^]*?)\nEND$/gm)
  t.equal(parseMetadata(metadata!).code.codeNumber, '125')
  for (const file of all(/file=@([^']+)'/g)) t.ok(existsSync(join(ROOT, file)), file)
})

t.test('addresses are served', async (t) => {
  const routes = all(/(?:http|scope)\.(?:get|post)\('([^']+)'/g, SOURCE).map((route) => new RegExp(`^${route.replaceAll(/:\w+/g, '[\\w-]+')}$`))
  const asked = [...all(/\$V1(\/[\w/]+)/g), ...CODE.filter((text) => /^\/(?!docs)\w+(?:\.json)?$/.test(text))]
  t.ok(asked.length > 10)
  t.strictSame(asked.filter((address) => !routes.some((route) => route.test(address))), [])
})

t.test('the words of the glossary are those of the code', async (t) => {
  const words = table('| word | tiếng Việt | in the code | meaning |').flatMap(([, , cell]) => all(/`([^`]+)`/g, cell))
  t.ok(words.length > 20)
  t.strictSame(words.filter((word) => !new RegExp(`\\b${word}\\b`).test(SOURCE)), [])
})

t.test('codes and variables are known to the code', async (t) => {
  const support = globSync('test/support/*.ts', { cwd: ROOT }).map(read).join('\n')
  const names = CODE.filter((text) => /^[A-Z]+(?:_[A-Z0-9]+)+$/.test(text))
  t.ok(names.length > 10)
  t.strictSame(names.filter((name) => !new RegExp(`\\b${name}\\b`).test(SOURCE + support)), [])
})

t.test('the README stays a map', async (t) => {
  t.ok(README.trimEnd().split('\n').length <= 300)
})
