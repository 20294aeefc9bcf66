/** Looks at a PNG before anything decodes it: what is broken, too large, or would hide what lies below it is no image of a seal. */
import { crc32, inflateSync } from 'node:zlib'
import { Refusal } from '../../errors.ts'

/** At 1,200 dots per inch a seal of 42 mm has 2,000 pixels. */
const MOST_PIXELS_WIDE = 4_000
const MOST_BYTES = 4 * 1024 * 1024

const SIGNATURE = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')
/** Colour types by how many channels they have, of those that can be transparent (PNG, 3rd edition, 11.2.1). */
const CHANNELS: Readonly<Record<number, number>> = { 3: 1, 4: 2, 6: 4 }
const INDEXED = 3

/** A PNG's size in pixels. Throws PDF_SIGN_IMAGE for what is not one whole PNG with a transparent ground, as its corner shows (Decree 30/2020/NĐ-CP, appendix I). */
export function readPng (png: Uint8Array): { width: number, height: number } {
  const bytes = Buffer.from(png.buffer, png.byteOffset, png.byteLength)
  if (bytes.length > MOST_BYTES) throw fault(`more than ${MOST_BYTES} bytes`)
  if (!bytes.subarray(0, 8).equals(SIGNATURE)) throw fault('not a PNG')
  const chunks = chunksOf(bytes)
  const header = chunks[0]!.data
  if (chunks[0]!.type !== 'IHDR' || header.length !== 13) throw fault('no header')
  const [width, height, bits, colour, interlaced] = [header.readUInt32BE(0), header.readUInt32BE(4), header[8]!, header[9]!, header[12] !== 0]
  if (width === 0 || height === 0 || width > MOST_PIXELS_WIDE || height > MOST_PIXELS_WIDE) throw fault(`${width} × ${height} pixels`)
  const channels = CHANNELS[colour]
  const transparency = chunks.find(({ type }) => type === 'tRNS')
  if (channels === undefined || (colour === INDEXED && !transparency)) throw fault('its ground is not transparent')
  if (interlaced || (bits !== 8 && !(bits === 16 && colour !== INDEXED))) throw fault('interlaced, or not of 8 or 16 bits a channel')
  const palette = chunks.find(({ type }) => type === 'PLTE')?.data.length ?? 0
  if (colour === INDEXED && (palette === 0 || palette > 768 || palette % 3 !== 0)) throw fault('no palette')
  const octets = channels * bits / 8
  const pixels = pixelsOf(chunks, height, 1 + width * octets)
  // Whatever filter its row has, the first pixel stands there as it is (PNG, 9.2)
  const corner = pixels.subarray(1, 1 + octets)
  const opacity = colour === INDEXED ? transparency!.data.subarray(corner[0], corner[0]! + 1) : corner.subarray(octets - bits / 8)
  if (opacity.length === 0 || opacity.some((octet) => octet !== 0)) throw fault('its ground is not transparent')
  return { width, height }
}

type Chunk = { type: string, data: Buffer }

function chunksOf (bytes: Buffer): Chunk[] {
  const chunks: Chunk[] = []
  for (let at = SIGNATURE.length; chunks.at(-1)?.type !== 'IEND';) {
    const end = at + 8 + (bytes.length - at < 12 ? Infinity : bytes.readUInt32BE(at))
    if (end + 4 > bytes.length) throw fault('cut off')
    if (crc32(bytes.subarray(at + 4, end)) !== bytes.readUInt32BE(end)) throw fault('damaged')
    chunks.push({ type: bytes.toString('latin1', at + 4, at + 8), data: bytes.subarray(at + 8, end) })
    at = end + 4
    if (chunks.at(-1)!.type === 'IEND' && at < bytes.length) throw fault('something stands behind its end')
  }
  return chunks
}

/** Every row begins with how it is filtered (PNG, 9.2). */
function pixelsOf (chunks: readonly Chunk[], rows: number, rowBytes: number): Buffer {
  const packed = Buffer.concat(chunks.filter(({ type }) => type === 'IDAT').map(({ data }) => data))
  let pixels: Buffer
  try {
    pixels = inflateSync(packed, { maxOutputLength: rows * rowBytes })
  } catch {
    throw fault('its pixels cannot be unpacked')
  }
  if (pixels.length !== rows * rowBytes) throw fault('pixels are missing')
  for (let row = 0; row < rows; row++) if (pixels[row * rowBytes]! > 4) throw fault('a row is filtered in no known way')
  return pixels
}

function fault (detail: string): Refusal {
  return new Refusal('PDF_SIGN_IMAGE', { detail })
}
