import { randomBytes } from 'node:crypto'
import { startsWith } from './markup.ts'

/**
 * The places of the attachments' text in canonical octets. Here it shows whether what was lifted before the parse stood where it must:
 * as the whole text of a `ContentTransferEncoded` element. Text that was not lifted then is lifted now, from the octets.
 */

const NAME = 'ContentTransferEncoded'
const GT = 0x3e
const LT = 0x3c

export type Slotted = { octets: Buffer, slots: Buffer[], markers: string[] }

/** Puts a marker and a slot for the text of every leaf `ContentTransferEncoded`. Null if a marker of the lifter is not in its place. */
export function putMarkers (octets: Buffer, lifted: { slots: Buffer[], markers: string[] }): Slotted | null {
  const nonce = randomBytes(16).toString('hex')
  const parts: Buffer[] = []
  const slots: Buffer[] = []
  const markers: string[] = []
  let used = 0
  let copied = 0
  for (const [from, to] of texts(octets)) {
    const marker = lifted.markers[used]
    if (marker !== undefined && to - from === marker.length && startsWith(octets, from, marker)) {
      slots.push(lifted.slots[used++] as Buffer)
      markers.push(marker)
    } else {
      const fresh = `slot-${nonce}-${slots.length}`
      slots.push(octets.subarray(from, to))
      markers.push(fresh)
      parts.push(octets.subarray(copied, from), Buffer.from(fresh))
      copied = to
    }
  }
  if (used !== lifted.markers.length) return null
  return { octets: parts.length === 0 ? octets : Buffer.concat([...parts, octets.subarray(copied)]), slots, markers }
}

/** Where the text of each leaf `ContentTransferEncoded` is. In canonical octets a `<` is always a tag, and every tag has its `>`. */
function * texts (octets: Buffer): Generator<[from: number, to: number]> {
  for (let at = octets.indexOf(NAME); at !== -1; at = octets.indexOf(NAME, at + 1)) {
    if (!isStartTagName(octets, at)) continue
    const from = tagEnd(octets, at)
    const to = octets.indexOf(LT, from)
    if (to > from && octets[to + 1] === 0x2f) yield [from, to]
  }
}

function isStartTagName (octets: Buffer, at: number): boolean {
  const next = octets[at + NAME.length]
  if (next !== GT && next !== 0x20) return false
  if (octets[at - 1] === LT) return true
  if (octets[at - 1] !== 0x3a) return false
  const lt = octets.lastIndexOf(LT, at)
  // Between the < and the name is a prefix: no blank, which would make it an attribute's name or value, and no slash.
  for (let index = lt + 1; index < at; index++) if (octets[index] === 0x20 || octets[index] === 0x2f || octets[index] === GT) return false
  return true
}

/** Index after the `>` of the tag. Attribute values stand in double quotes and may hold a `>`. */
function tagEnd (octets: Buffer, at: number): number {
  let index = at
  while (octets[index] !== GT) {
    if (octets[index] === 0x22) index = octets.indexOf(0x22, index + 1)
    index++
  }
  return index + 1
}
