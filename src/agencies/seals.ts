/** The image of an agency's seal, which its signature on a document shows (Decree 30/2020/NĐ-CP, appendix I: red, PNG, its real size). */
import type { Db, Tx } from '../database/database.ts'
import { Refusal } from '../errors.ts'
import { readPng } from '../pdf/sign/png.ts'

export type Seal = { png: Buffer, widthMm: number }

/** Enough to print a seal of 36 mm at 1,200 dpi. */
const MOST_PIXELS = 2000
const MOST_BYTES = 512 * 1024

/** Throws SETUP_INVALID for an image that is too large, or cannot be laid over the leader's signature. */
export function checkSealImage (png: Buffer): void {
  if (png.length > MOST_BYTES) throw unfit(`larger than ${MOST_BYTES} bytes`)
  const { width, height } = sizeOf(png)
  if (width > MOST_PIXELS || height > MOST_PIXELS) throw unfit(`${width} × ${height} pixels: at most ${MOST_PIXELS} each way`)
}

function sizeOf (png: Buffer): { width: number, height: number } {
  try {
    return readPng(png)
  } catch (error) {
    if (error instanceof Refusal) throw unfit(error.fault.detail ?? '')
    throw error
  }
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

function unfit (detail: string): Refusal {
  return new Refusal('SETUP_INVALID', { detail: `the image of the seal: ${detail}` })
}
