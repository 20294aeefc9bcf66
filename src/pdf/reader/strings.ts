/** The two ways a string is written (ISO 32000-2, 7.3.4). */

const ESCAPES: Record<string, number> = { n: 0x0a, r: 0x0d, t: 0x09, b: 0x08, f: 0x0c }

/** What stands between the parentheses of a literal string, decoded. */
export function decodeLiteral (raw: Buffer): Buffer {
  if (!raw.includes('\\') && !raw.includes('\r')) return Buffer.from(raw)
  const bytes = Buffer.alloc(raw.length)
  let length = 0
  for (let at = 0; at < raw.length; at++) {
    const code = raw[at]!
    if (code === 0x0d) { // an end of line, however it is written, is one line feed
      if (raw[at + 1] === 0x0a) at++
      bytes[length++] = 0x0a
    } else if (code !== 0x5c) {
      bytes[length++] = code
    } else {
      const next = raw[++at] ?? 0x0a
      if (isOctal(next)) {
        let value = next - 0x30
        for (let digits = 1; digits < 3 && isOctal(raw[at + 1]); digits++) value = value * 8 + raw[++at]! - 0x30
        bytes[length++] = value & 0xff
      } else if (next === 0x0d) { // a line that is continued
        if (raw[at + 1] === 0x0a) at++
      } else if (next !== 0x0a) {
        bytes[length++] = ESCAPES[String.fromCharCode(next)] ?? next
      }
    }
  }
  return bytes.subarray(0, length)
}

const isOctal = (code: number | undefined): boolean => code !== undefined && code >= 0x30 && code <= 0x37

/** What stands between the angle brackets of a hexadecimal string, decoded; nothing where it is none. */
export function decodeHex (raw: Buffer): Buffer | undefined {
  const text = raw.toString('latin1')
  const digits = /[\0\t\n\f\r ]/.test(text) ? text.replace(/[\0\t\n\f\r ]+/g, '') : text
  if (/[^0-9A-Fa-f]/.test(digits)) return undefined
  return Buffer.from(digits.length % 2 === 0 ? digits : `${digits}0`, 'hex')
}
