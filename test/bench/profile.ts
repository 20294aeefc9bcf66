/** Reads a CPU profile of the gateway: what each part takes of the thread that runs JavaScript. */

/** Whom time belongs to. `native`: outside of JavaScript, mostly sockets; `gc`: collecting garbage on the main thread. */
export const OWNERS = ['sign', 'verify', 'xml', 'database', 'http', 'gc', 'native', 'other'] as const
export type Owner = typeof OWNERS[number]

/** `shares` add up to 1. `hottest`: the functions with the most time of their own. */
export type Profile = { shares: Record<Owner, number>, hottest: { where: string, share: number }[] }

type Frame = { functionName: string, url: string, lineNumber: number }
type CpuProfile = {
  /** In microseconds of the machine's monotonic clock. */
  startTime: number
  nodes: { id: number, callFrame: Frame, children?: number[] }[]
  samples: number[]
  timeDeltas: number[]
}

/** Attributes the samples between two moments (process.hrtime, in microseconds), each to the nearest owner up its stack. */
export function attribute (json: string, from: number, to: number): Profile {
  const profile = JSON.parse(json) as CpuProfile
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]))
  const parents = new Map(profile.nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)))
  const stackOf = (id: number): Frame[] => {
    const frames: Frame[] = []
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) frames.push(nodes.get(at)!.callFrame)
    return frames
  }

  const own = new Map<number, number>()
  let at = profile.startTime
  for (const [index, id] of profile.samples.entries()) {
    const took = profile.timeDeltas[index]!
    at += took
    if (at >= from && at <= to && nodes.get(id)!.callFrame.functionName !== '(idle)') own.set(id, (own.get(id) ?? 0) + took)
  }
  const total = [...own.values()].reduce((sum, took) => sum + took, 0)
  const shares = Object.fromEntries(OWNERS.map((owner) => [owner, 0])) as Profile['shares']
  const places = new Map<string, number>()
  for (const [id, took] of own) {
    const stack = stackOf(id)
    const owner = ownerOf(stack)
    shares[owner] += took / total
    const { functionName, url, lineNumber } = stack[0]!
    const where = `${owner}: ${functionName || '(anonymous)'} ${shortened(url)}${url ? `:${lineNumber + 1}` : ''}`
    places.set(where, (places.get(where) ?? 0) + took / total)
  }
  const hottest = [...places].map(([where, share]) => ({ where, share })).sort((a, b) => b.share - a.share).slice(0, 25)
  return { shares, hottest }
}

const SIGNING = /\/src\/(signing|trust)\//
/** What of these folders makes signatures; the rest judges them. */
const MAKES = /^(signPacket|makeSignature|signedInfoContents|makeSeal|writeSeal|sign|sign:.*)$/
const PLACES: [RegExp, Owner][] = [
  [/\/src\/edxml\/|^wasm:|^node:(internal\/)?zlib|\/node_modules\/(libxml2-wasm|fast-xml-parser|fast-xml-builder|strnum|yauzl|yazl|buffer-crc32|pend)\//, 'xml'],
  [/\/src\/(database|queue|blobs|audit|alarms)\/|\/src\/(in|out)bound\/(lane-)?store\.ts|\/node_modules\/(pg|pg-[a-z]+|postgres-[a-z]+|pgpass)\//, 'database'],
  [/\/src\/(http|axis|access|systems)\/|^node:(_http|http|internal\/http)|\/node_modules\/(@?fastify|@fastify\/.*|undici|find-my-way|avvio|ajv|fast-json-stringify|fast-uri|reusify|secure-json-parse|content-type|process-warning)\//, 'http'],
]

function ownerOf (stack: readonly Frame[]): Owner {
  if (stack[0]!.functionName === '(garbage collector)') return 'gc'
  if (stack[0]!.functionName === '(program)') return 'native'
  for (const [index, { url }] of stack.entries()) {
    if (SIGNING.test(url)) return stack.slice(index).some(({ url, functionName }) => SIGNING.test(url) && MAKES.test(functionName)) ? 'sign' : 'verify'
    const found = PLACES.find(([place]) => place.test(url))
    if (found) return found[1]
  }
  return 'other'
}

function shortened (url: string): string {
  return url.replace(/^file:.*\/(src|node_modules)\//, (_, folder) => folder === 'src' ? 'src/' : '').replace(/^wasm:.*/, 'wasm')
}
