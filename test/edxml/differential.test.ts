import t from 'tap'
import { Refusal } from '../../src/errors.ts'
import { DEFAULT_LIMITS } from '../../src/edxml/limits.ts'
import { eachOctets, openXml } from '../../src/edxml/open.ts'
import type { Opened } from '../../src/edxml/open.ts'
import { readPacket } from '../../src/edxml/read.ts'
import { DOCUMENT, PDF } from './packets.ts'

/** Packets broken at random, in the ways that scanners and parsers disagree about. */

const PIECES = [
  '<', '>', '</', '/>', '"', '\'', '&', ';', '=', '<!--', '-->', '<![CDATA[', ']]>', '<?', '?>', '<!DOCTYPE', ' ', '\n', '\r\n', '\0', '\ufeff', '#', ':', 'xmlns', 'xmlns:edXML="urn:x"',
  '<edXML:ContentTransferEncoded>', '</edXML:ContentTransferEncoded>', '<ContentTransferEncoded xmlns="">', '<edXML:ContentTransferEncoded/>', 'QUJD', 'QUJD=', '&#13;', '&amp;', '&lt;',
  '<!-- <edXML:ContentTransferEncoded> -->', '<Signature>', '</Signature>', '<Signature><edXML:ContentTransferEncoded>QUJD</edXML:ContentTransferEncoded></Signature>', '<a b="<"/>', '<a b=">"/>', '<a b=\'"\'/>', '<a>', '</a>',
]

function createRandom (seed: number): (below: number) => number {
  let state = seed
  return (below) => { state = (state * 48271) % 2147483647; return state % below }
}

/** Places where something is likely to happen: around tags. */
function placeIn (text: string, random: (below: number) => number): number {
  const at = random(text.length + 1)
  const near = text.indexOf(['<', '>', 'ContentTransferEncoded', PDF.toString('base64').slice(0, 8)][random(4)] as string, at)
  return random(3) === 0 || near === -1 ? at : near + random(2)
}

function broken (random: (below: number) => number): string {
  let text = DOCUMENT
  for (let times = 1 + random(3); times > 0; times--) {
    const at = placeIn(text, random)
    const removed = random(4) === 0 ? random(12) : 0
    text = text.slice(0, at) + (PIECES[random(PIECES.length)] as string) + text.slice(at + removed)
  }
  return text
}

type Outcome = { octets: string, read: unknown, signatureCount: number } | { refused: string }

async function outcomeOf (text: string, lift: boolean): Promise<Outcome> {
  try {
    const opened = openXml(Buffer.from(text), { limits: DEFAULT_LIMITS, signatureAt: ['edXML', 'edXMLEnvelope', 'edXMLHeader'], lift })
    return { octets: octetsOf(opened), read: await readOf(opened), signatureCount: opened.signatureCount }
  } catch (error) {
    if (error instanceof Refusal) return { refused: error.code }
    throw error
  }
}

async function readOf (opened: Opened): Promise<unknown> {
  try {
    return await readPacket(opened)
  } catch (error) {
    if (error instanceof Refusal) return { code: error.code, ...error.fault }
    throw error
  }
}

function octetsOf (opened: Opened): string {
  const parts: Buffer[] = []
  eachOctets(opened, (part) => { parts.push(part) })
  return Buffer.concat(parts).toString()
}

t.test('a broken packet is refused or read alike, lifted or not, and never ends in an error', async (t) => {
  const random = createRandom(20261120)
  let accepted = 0
  for (let round = 0; round < 4000; round++) {
    const text = broken(random)
    const lifted = await outcomeOf(text, true)
    if (!('refused' in lifted)) accepted++
    const whole = await outcomeOf(text, false)
    if (JSON.stringify(lifted) !== JSON.stringify(whole)) t.strictSame(lifted, whole, text)
  }
  t.ok(accepted > 300, `${accepted} were accepted`)
})
