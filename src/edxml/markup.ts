/** Small questions about markup in bytes, for the code that looks before the parser does. */

/** Whether the bytes at `at` are these (Latin-1) characters. */
export function startsWith (bytes: Buffer, at: number, characters: string): boolean {
  if (bytes.length - at < characters.length) return false
  for (let index = 0; index < characters.length; index++) {
    if (bytes[at + index] !== characters.charCodeAt(index)) return false
  }
  return true
}

/** Whether the byte is white space of XML. */
export function isSpace (byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}

/** The text without white space of XML around it; that of other alphabets is text. */
export function trimBlanks (text: string): string {
  let from = 0
  let to = text.length
  while (from < to && isSpace(text.charCodeAt(from))) from++
  while (to > from && isSpace(text.charCodeAt(to - 1))) to--
  return text.slice(from, to)
}

/** How many line feeds there are. */
export function countLines (bytes: Buffer): number {
  let count = 0
  for (let at = bytes.indexOf(0x0a); at !== -1; at = bytes.indexOf(0x0a, at + 1)) count++
  return count
}

/** The encoding an XML declaration names, or null. */
export function declaredEncoding (declaration: string): string | null {
  return /\sencoding\s*=\s*["']([^"']*)["']/.exec(declaration)?.[1] ?? null
}

/** Whether bytes in this encoding can be read as UTF-8. */
export function isUtf8Name (encoding: string): boolean {
  return ['utf-8', 'utf8', 'us-ascii', 'ascii'].includes(encoding.toLowerCase())
}

export type Tag = {
  /** Where the local name is. */
  nameStart: number,
  nameEnd: number,
  empty: boolean,
  /** With namespace declarations. */
  attributes: number,
  namespaces: number,
  /** Index after the `>`. */
  end: number,
}

/** The start tag at `at`; null if its end is not in these bytes. Counts attributes by their `=`, so never too few. */
export function skipTag (bytes: Buffer, at: number): Tag | null {
  let nameStart = at + 1
  let index = nameStart
  for (; index < bytes.length; index++) {
    const byte = bytes[index] as number
    if (byte === 0x3a) nameStart = index + 1
    else if (byte === 0x3e || byte === 0x2f || byte <= 0x20) break
  }
  const nameEnd = index
  let attributes = 0
  let namespaces = 0
  let attributeStart = -1
  for (; index < bytes.length; index++) {
    const byte = bytes[index] as number
    if (byte === 0x3e) return { nameStart, nameEnd, empty: bytes[index - 1] === 0x2f, attributes, namespaces, end: index + 1 }
    if (byte <= 0x20) attributeStart = -1
    else if (byte === 0x22 || byte === 0x27) {
      index = bytes.indexOf(byte, index + 1)
      if (index === -1) return null
      attributeStart = -1
    } else if (byte === 0x3d) attributes++
    else if (attributeStart === -1) {
      attributeStart = index
      if (startsWith(bytes, index, 'xmlns')) namespaces++
    }
  }
  return null
}
