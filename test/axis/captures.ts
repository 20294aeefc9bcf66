import { createHmac } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { needsShared, shared } from '../support/shared.ts'

/** The invented secret that the captures are signed with. */
export const SECRET = 'test-secret-not-real'

export const hmacOf = (text: string) => createHmac('sha256', SECRET).update(text).digest('hex')

/** One raw request that the official SDK sent. */
export type Capture = {
  name: string
  method: string
  operation: string
  /** As node:http gives them: lower-case names, Latin-1 values. */
  headers: Record<string, string | string[] | undefined>
  /** By the names as they were spelt. */
  spelt: Map<string, string>
  body: Buffer
  raw: Buffer
}

export function readCaptures (): { captures: Capture[], skip: string | false } {
  const { skip } = needsShared('samples/wire')
  const files = skip ? [] : readdirSync(shared('samples/wire')).filter((file) => file.endsWith('.bin')).sort()
  return { skip, captures: files.map((file) => readCapture(file.replace('.bin', ''), readFileSync(shared(`samples/wire/${file}`)))) }
}

function readCapture (name: string, raw: Buffer): Capture {
  const end = raw.indexOf('\r\n\r\n')
  const [start, ...lines] = raw.subarray(0, end).toString('latin1').split('\r\n')
  const [method, path] = start!.split(' ')
  const pairs = lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()] as const)
  return {
    name,
    method: method!,
    operation: path!.slice(1),
    headers: Object.fromEntries(pairs.map(([header, value]) => [header.toLowerCase(), value])),
    spelt: new Map(pairs),
    body: raw.subarray(end + 4),
    raw,
  }
}
