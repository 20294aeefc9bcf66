/** Which file imports what, read from the text: enough for a code base whose style the linter holds. */
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, sep } from 'node:path/posix'

/** `to` is a file of the same tree (`edxml/read.ts`), or a module's name. Type imports vanish before anything runs. */
export type Import = { from: string, to: string, isType: boolean }

export type SourceFile = { path: string, lines: number, text: string, /** without comments and the content of strings */ code: string, imports: Import[] }

/** Every TypeScript file below the folder, with `/` between names on every system. */
export function readSources (folder: string): SourceFile[] {
  return globSync('**/*.ts', { cwd: folder }).map((name) => name.replaceAll('\\', sep)).toSorted().map((path) => {
    const text = readFileSync(join(folder, path), 'utf8')
    return { path, lines: text.trimEnd().split('\n').length, text, code: codeOf(text), imports: importsOf(path, text) }
  })
}

const STATIC = /^[ \t]*(?:import|export)\s+(type\s+)?(?:[\w$*{}\s,]+?\sfrom\s+)?(['"])([^'"\n]+)\2/gm
const DYNAMIC = /\bimport\(\s*(?:(['"`])([^'"`$\n]+)\1\s*[,)]|([^)]*)\))/g

/** Static, multi-line, side-effect, re-exporting and dynamic imports. What a dynamic import computes is named `?`. */
export function importsOf (path: string, text: string): Import[] {
  const code = withoutComments(text)
  const found = [
    ...[...code.matchAll(STATIC)].map(([, type, , to = '']) => ({ to, isType: type !== undefined })),
    ...[...code.matchAll(DYNAMIC)].map(([, , to]) => ({ to: to ?? '?', isType: false })),
  ]
  return found.map(({ to, isType }) => ({ from: path, to: to.startsWith('.') ? join(dirname(path), to) : to, isType }))
}

/** A module's package: `typebox/value` is of `typebox`, `@fastify/helmet` of itself. */
export function packageOf (module: string): string {
  return module.split('/', module.startsWith('@') ? 2 : 1).join('/')
}

/** Circles among the edges, each as the nodes on it. */
export function circlesOf (edges: readonly { from: string, to: string }[]): string[] {
  const next = Map.groupBy(edges, ({ from }) => from)
  const done = new Set<string>()
  const circles: string[] = []
  const walk = (node: string, path: string[]) => {
    if (path.includes(node)) circles.push([...path.slice(path.indexOf(node)), node].join(' -> '))
    if (done.has(node)) return
    done.add(node)
    for (const { to } of next.get(node) ?? []) walk(to, [...path, node])
  }
  for (const node of next.keys()) walk(node, [])
  return circles
}

/** A string or template wins over what looks like a comment in it. A regular expression with a quote in it may hide the rest of its line. */
const TOKENS = /\/\*[^]*?\*\/|(?<!:)\/\/[^\n]*|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\[^])*`/g

function withoutComments (text: string): string {
  return text.replace(TOKENS, (token) => token.startsWith('/') ? '' : token)
}

function codeOf (text: string): string {
  return text.replace(TOKENS, (token) => token.startsWith('/') ? '' : "''")
}
