/** Base64 between bytes and bytes: the text of an attachment never becomes one long string. */

const DATA = 1
const BLANK = 2
const KIND = new Uint8Array(256)
for (const character of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/') KIND[character.charCodeAt(0)] = DATA
for (const character of '\t\n\r ') KIND[character.charCodeAt(0)] = BLANK
const PAD = 0x3d

// A multiple of 4 and of 3, so that pieces fit together either way.
const PIECE = 384 * 1024

/** Decodes base64 that may be wrapped. Null unless it is complete, padded, and of nothing but the alphabet of RFC 4648, section 4. */
export function decodeBase64 (text: Buffer): Buffer | null {
  const compact = withoutBlanks(text)
  if (compact === null || compact.length % 4 !== 0) return null
  let padding = 0
  while (padding < 3 && compact[compact.length - 1 - padding] === PAD) padding++
  if (padding > 2) return null
  const bytes = Buffer.allocUnsafe(compact.length / 4 * 3 - padding)
  for (let from = 0, to = 0; from < compact.length; from += PIECE) {
    to += bytes.write(compact.toString('latin1', from, from + PIECE), to, 'base64')
  }
  return bytes
}

/** Encodes, on one line. */
export function encodeBase64 (bytes: Buffer): Buffer {
  const text = Buffer.allocUnsafe(Math.ceil(bytes.length / 3) * 4)
  for (let from = 0, to = 0; from < bytes.length; from += PIECE) {
    to += text.write(bytes.toString('base64', from, from + PIECE), to, 'latin1')
  }
  return text
}

/** Null if there is anything but base64 and blanks, or data after padding. */
function withoutBlanks (text: Buffer): Buffer | null {
  let data = 0
  let blanks = 0
  let pads = 0
  for (let at = 0; at < text.length; at++) {
    const byte = text[at] as number
    const kind = KIND[byte]
    if (kind === DATA && pads === 0) data++
    else if (kind === BLANK) blanks++
    else if (byte === PAD) pads++
    // A carriage return that came as a character reference is one in canonical octets too.
    else return byte === 0x26 && text.includes('&#xD;', at) ? withoutBlanks(withoutReferences(text)) : null
  }
  if (blanks === 0) return text
  const compact = Buffer.allocUnsafe(data + pads)
  let to = 0
  for (let at = 0; at < text.length; at++) {
    const byte = text[at] as number
    if (KIND[byte] !== BLANK) compact[to++] = byte
  }
  return compact
}

function withoutReferences (text: Buffer): Buffer {
  const parts: Buffer[] = []
  let from = 0
  for (let at = text.indexOf('&#xD;'); at !== -1; at = text.indexOf('&#xD;', from)) {
    parts.push(text.subarray(from, at))
    from = at + 5
  }
  return Buffer.concat([...parts, text.subarray(from)])
}
