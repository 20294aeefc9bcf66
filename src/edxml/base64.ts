/** Base64 between bytes and bytes: the text of a large attachment never becomes one long string. */

const PAD = 0x3d
const BLANKS = [0x0a, 0x0d, 0x20, 0x09]

// A multiple of 4 and of 3, so that pieces fit together either way.
const PIECE = 384 * 1024

/** Decodes base64 that may be wrapped. Null unless it is complete, padded, and of nothing but the alphabet of RFC 4648, section 4. */
export function decodeBase64 (text: Buffer): Buffer | null {
  const blanks = countBlanks(text)
  const isWhole = text.length <= PIECE
  const compact = blanks === 0 || isWhole ? text : withoutBlanks(text, blanks)
  const characters = text.length - blanks
  const padding = paddingOf(text)
  // Node's decoder passes over what it does not know, and takes the URL alphabet too: then bytes are missing, or these are there.
  if (characters % 4 !== 0 || padding > 2 || text.includes(0x2d) || text.includes(0x5f)) return retry(text)
  const expected = characters / 4 * 3 - padding
  const bytes = Buffer.allocUnsafe(expected)
  let to = 0
  for (let from = 0; from < compact.length; from += PIECE) {
    to += bytes.write(compact.toString('latin1', from, from + PIECE), to, 'base64')
  }
  return to === expected ? bytes : retry(text)
}

/** Whether `decodeBase64` decodes this text as it stands: then it holds no markup and no reference, and no character that XML does not allow. */
export function isPlainBase64 (text: Buffer): boolean {
  return !text.includes(REFERENCE) && decodeBase64(text) !== null
}

/** Encodes, on one line. */
export function encodeBase64 (bytes: Buffer): Buffer {
  const text = Buffer.allocUnsafe(Math.ceil(bytes.length / 3) * 4)
  for (let from = 0, to = 0; from < bytes.length; from += PIECE) {
    to += text.write(bytes.toString('base64', from, from + PIECE), to, 'latin1')
  }
  return text
}

// How canonical octets hold a carriage return that came as a character reference, as some libraries write one at the end of each line.
const REFERENCE = '&#xD;'

function retry (text: Buffer): Buffer | null {
  return text.includes(REFERENCE) ? decodeBase64(Buffer.from(text.toString('latin1').replaceAll(REFERENCE, ''), 'latin1')) : null
}

function countBlanks (text: Buffer): number {
  let count = 0
  for (const blank of BLANKS) {
    for (let at = text.indexOf(blank); at !== -1; at = text.indexOf(blank, at + 1)) count++
  }
  return count
}

function paddingOf (text: Buffer): number {
  let padding = 0
  for (let at = text.length - 1; at >= 0; at--) {
    const byte = text[at] as number
    if (byte === PAD) padding++
    else if (!BLANKS.includes(byte)) break
  }
  return padding
}

function withoutBlanks (text: Buffer, blanks: number): Buffer {
  const compact = Buffer.allocUnsafe(text.length - blanks)
  let to = 0
  for (let at = 0; at < text.length; at++) {
    const byte = text[at] as number
    if (!BLANKS.includes(byte)) compact[to++] = byte
  }
  return compact
}
