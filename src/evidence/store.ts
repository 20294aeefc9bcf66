/** Evidence's rows: what was judged, and what it was judged by. */
import type { Db } from '../database/database.ts'
import type { PdfVerdict } from '../pdf/verdict.ts'
import { storedVerdict, type SignatureVerdict } from '../trust/verdict.ts'

/** The verdict on one attachment, by its number (from 1), and the SHA-256 (hex) of its bytes. */
export type JudgedPdf = { number: number, name: string, sha256: string, verdict: PdfVerdict }

/** What the gateway judged and stored. `at` is the receipt: the moment it was judged for, unless a token proved an earlier one. */
export type JudgedItem = {
  kind: 'arrival' | 'document', id: string, at: Date, senderCode: string | null,
  /** SHA-256 of the packet as it came; null for a document that came as metadata and files */
  packet: Buffer | null,
  signature: SignatureVerdict | null, seal: SignatureVerdict | null,
  pdfs: JudgedPdf[],
  /** What came of asking again for what had passed without an answer on revocation */
  recheck: { state: string, checkedAt: Date | null, verdicts: { signature: SignatureVerdict, seal: SignatureVerdict | null, pdfs?: JudgedPdf[] } | null } | null,
}

const PDFS = (from: string) => `
  (select coalesce(jsonb_agg(jsonb_build_object('number', t.position, 'name', t.name, 'sha256', encode(t.sha256, 'hex'), 'verdict', t.pdf) order by t.position), '[]') from ${from} and t.pdf is not null) as pdfs`

/** An arrival by its own id or by the id of an item in a mailbox, or a document that was submitted; null when there is neither. */
export async function findJudged (db: Db, id: string): Promise<JudgedItem | null> {
  const { rows: [row] } = await db.query<JudgedItem>(
    `select 'arrival' as kind, a.id, a.fetched_at as at, a.sender_code as "senderCode", a.packet, a.signature, a.seal,
            ${PDFS('arrival_attachment t where t.arrival_id = a.id')},
            case when r.arrival_id is not null then jsonb_build_object('state', r.state, 'checkedAt', r.checked_at, 'verdicts', r.verdicts) end as recheck
       from arrival a left join arrival_recheck r on r.arrival_id = a.id
      where a.id = coalesce((select h.arrival_id from hand_over h where h.id = $1), $1)
     union all
     select 'document', d.id, d.submitted_at, d.sender_code, d.packet, d.signature, null, ${PDFS('document_attachment t where t.document_id = d.id')}, null from document d where d.id = $1`, [id])
  if (!row) return null
  return { ...row, signature: row.signature && storedVerdict(row.signature, row.at), seal: row.seal && storedVerdict(row.seal, row.at) }
}

/** The packets that were made for a document, in their order: one for each connection it goes to. */
export async function findSent (db: Db, documentId: string): Promise<{ packet: Buffer, connection: string, signedAt: Date | null }[]> {
  const { rows } = await db.query<{ packet: Buffer, connection: string, signedAt: Date | null }>(
    'select packet, connection_id as connection, signed_at as "signedAt" from dispatch where document_id = $1 and packet is not null order by sequence', [documentId])
  return rows
}

/** Which of these blobs there are, by their SHA-256 (lower-case hex). */
export async function findBlobs (db: Db, hashes: readonly string[]): Promise<Set<string>> {
  const { rows } = await db.query<{ sha256: string }>(`select encode(sha256, 'hex') as sha256 from blob where sha256 = any($1)`, [hashes.map((hash) => Buffer.from(hash, 'hex'))])
  return new Set(rows.map(({ sha256 }) => sha256))
}
