/** The image of an agency's seal, which its signature on a document shows (Decree 30/2020/NĐ-CP, appendix I: red, PNG, its real size). */
import { crc32, inflateSync } from 'node:zlib'
import type { Db, Tx } from '../database/database.ts'
import { Refusal } from '../errors.ts'

export type Seal = { png: Buffer, widthMm: number }

/** Enough to print a seal of 36 mm at 1,200 dpi. */
const MOST_PIXELS = 2000
const MOST_BYTES = 512 * 1024
const MAGIC = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')
/** Colour types that have an alpha channel (PNG, 11.2.1): where in a pixel it stands, and how many octets a pixel has. */
const ALPHA: Readonly<Record<number, { at: number, octets: number }>> = { 4: { at: 1, octets: 2 }, 6: { at: 3, octets: 4 } }

/** Throws SETUP_INVALID for an image that is no whole PNG of 8 bits with an alpha channel, is too large, or would hide the leader's signature: its corner must be transparent. */
export function checkSealImage (png: Buffer): void {
  if (png.length > MOST_BYTES) throw unfit(`larger than ${MOST_BYTES} bytes`)
  const chunks = chunksOf(png)
  const header = chunks[0]?.data
  if (chunks[0]?.type !== 'IHDR' || header?.length !== 13 || chunks.at(-1)?.type !== 'IEND') throw unfit('not a PNG')
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)]
  if (width < 1 || height < 1 || width > MOST_PIXELS || height > MOST_PIXELS) throw unfit(`${width} × ${height} pixels: at most ${MOST_PIXELS} each way`)
  const alpha = ALPHA[header[9]!]
  if (header[8] !== 8 || alpha === undefined || header[12] !== 0) throw unfit('save it with an alpha channel, 8 bits and no interlacing')
  const pixels = inflated(Buffer.concat(chunks.filter(({ type }) => type === 'IDAT').map(({ data }) => data)), height * (1 + width * alpha.octets))
  // Whatever filter the first line has, its first pixel stands there as it is (PNG, 9.2)
  if (pixels[1 + alpha.at] !== 0) throw unfit('its ground is not transparent')
}

/** Keeps the image by which an agency's signature is seen; the one before goes. */
export async function saveSeal (tx: Tx, agencyId: string, { png, widthMm }: Seal): Promise<void> {
  await tx.query(
    `insert into agency_seal as s (agency_id, png, width_mm) values ($1, $2, $3)
     on conflict (agency_id) do update set png = excluded.png, width_mm = excluded.width_mm where (s.png, s.width_mm) is distinct from (excluded.png, excluded.width_mm)`,
    [agencyId, png, widthMm])
}

/** The image of an agency's seal, or null when none is set up. */
export async function sealOf (db: Db, agencyId: string): Promise<Seal | null> {
  const { rows: [seal] } = await db.query<Seal>('select png, width_mm as "widthMm" from agency_seal where agency_id = $1', [agencyId])
  return seal ?? null
}

type Chunk = { type: string, data: Buffer }

function chunksOf (png: Buffer): Chunk[] {
  if (!png.subarray(0, MAGIC.length).equals(MAGIC)) throw unfit('not a PNG')
  const chunks: Chunk[] = []
  for (let at = MAGIC.length; at < png.length;) {
    const end = at + 8 + (png.length - at < 12 ? Infinity : png.readUInt32BE(at))
    if (end + 4 > png.length) throw unfit('the PNG is cut off')
    if (crc32(png.subarray(at + 4, end)) !== png.readUInt32BE(end)) throw unfit('the PNG is damaged')
    chunks.push({ type: png.toString('latin1', at + 4, at + 8), data: png.subarray(at + 8, end) })
    at = end + 4
  }
  return chunks
}

function inflated (data: Buffer, size: number): Buffer {
  try {
    const bytes = inflateSync(data, { maxOutputLength: size })
    if (bytes.length === size) return bytes
  } catch {
    // told below
  }
  throw unfit('the PNG is damaged')
}

function unfit (detail: string): Refusal {
  return new Refusal('SETUP_INVALID', { detail: `the image of the seal: ${detail}` })
}
