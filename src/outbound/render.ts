import type { Signers } from '../agencies/signers.ts'
import type { OutgoingPacket } from '../axis/connection.ts'
import type { ConnectionPolicy } from '../axis/connections.ts'
import { readBlob, storeBlobs } from '../blobs/blobs.ts'
import type { Database, Db, Tx } from '../database/database.ts'
import { vietnamTimestamp } from '../edxml/dates.ts'
import type { Attachment, DocumentHeader, DocumentPacket, Packet, StatusPacket } from '../edxml/packet.ts'
import { assemble, writePacket } from '../edxml/write.ts'
import { signPacket } from '../signing/packet-signature.ts'
import { makeSeal } from '../signing/seal.ts'
import { SignerAway } from '../trust/signers/away.ts'
import type { Signer } from '../trust/signers/signer.ts'
import { fingerprintOf, nameForPeople } from '../trust/verdict.ts'
import { signAnew } from './signing-store.ts'
import type { ClaimedDispatch } from './store.ts'

/**
 * A packet ready to leave. `store` keeps its bytes as part of the transaction that begins the attempt, and gives their blob. `signed`: by which
 * certificate (SHA-256), and what its history tells of that; null when it was signed before, or by nobody. `signedFiles`: those (SHA-256) that
 * the agency had signed when a new packet was made of them.
 */
export type Rendered = OutgoingPacket & { store: (tx: Tx) => Promise<Buffer>, signed: Signed | null, signedFiles: string[] }

export type Signed = { by: Buffer, detail: Record<string, unknown> }

/** Null: not now, since a file is signed anew. Rejects with SignerAway when the key cannot be used now: the dispatch waits, it is never refused for that. */
export type Render = (dispatch: ClaimedDispatch, policy: ConnectionPolicy) => Promise<Rendered | null>

type Needs = { database: Database, signers: Signers, now: () => Date }

export function createRender ({ database, signers, now }: Needs): Render {
  /**
   * Seals, renders and signs the packet of a dispatch, once: whatever is sent again is byte for byte the same, unless the certificate that
   * signed it is revoked meanwhile.
   * The packet names only the recipients of this dispatch, so that no axis delivers to those of another.
   */
  return async function render (dispatch, policy) {
    const source = dispatch.documentId === null ? await loadStatus(database, dispatch) : await loadDocument(database, dispatch, now())
    if (source.files.some(({ isWaiting }) => isWaiting)) return null // since the dispatch was claimed
    const addressed = source.packet.kind === 'document'
      ? { kind: 'document' as const, from: source.packet.header.from.organId, to: source.packet.header.to.map((to) => to.organId) }
      : { kind: 'status' as const, from: source.packet.from.organId, to: [source.packet.responseFor.organId] }
    if (dispatch.documentId !== null && await isSpoilt(dispatch.documentId, source.files)) return null
    const kept = dispatch.packet
    const isRevoked = kept !== null && dispatch.signedBy !== null && await signers.isRevoked(dispatch.signedBy)
    if (kept && !isRevoked) return { ...addressed, bytes: await readBlob(database, kept), store: async () => kept, signed: null, signedFiles: [] }

    const signer = await signers.signerOf(source.agencyId) // before the files are read: many documents may wait for one key
    // A document was taken in only because its agency had a key; a status may come from one that has none.
    if (!signer && source.packet.kind === 'document') throw new SignerAway('NO_KEY_NOW')
    const isSealed = source.packet.kind === 'document' && policy.sealing
    const packet = source.packet.kind === 'document' ? await withFiles(database, source.packet, source.files) : source.packet
    const bytes = await signed(packet.kind === 'document' && isSealed ? await sealed(packet, signer!, now()) : packet, signer)
    return {
      ...addressed,
      bytes,
      signedFiles: source.files.filter(({ signedBy }) => signedBy !== undefined).map(({ sha256 }) => sha256),
      store: async (tx) => (await storeBlobs(tx, [bytes]))[0]!.sha256,
      signed: signer && {
        by: Buffer.from(fingerprintOf(signer.certificate), 'hex'),
        detail: { signer: nameForPeople(signer.certificate.subject), certificate: fingerprintOf(signer.certificate), sealed: isSealed, size: bytes.length },
      },
    }
  }

  /** Whether a file has to be signed anew: its key is revoked, and no time-stamp proves that it signed before. */
  async function isSpoilt (documentId: string, files: readonly File[]): Promise<boolean> {
    const certificates = new Set(files.filter(({ level }) => level === 'B-B').map(({ signedBy }) => signedBy!))
    let count = 0
    for (const fingerprint of certificates) {
      if (await signers.isRevoked(Buffer.from(fingerprint, 'hex'))) count += await database.transaction((tx) => signAnew(tx, { fingerprint, documentId }, now()))
    }
    return count > 0
  }
}

async function sealed (packet: DocumentPacket, signer: Signer, now: Date): Promise<DocumentPacket> {
  return { ...packet, attachments: [...packet.attachments, await makeSeal(packet, signer, now)] }
}

async function signed (packet: Packet, signer: Signer | null): Promise<Buffer> {
  const written = await writePacket(packet)
  return signer ? signPacket(written, signer) : assemble(written, null)
}

/** `signedBy` (SHA-256 of the certificate) and `level` of one that the agency has signed; `isWaiting` for one that it is to sign, still or anew. */
type File = Omit<Attachment, 'bytes'> & { sha256: string, signedBy?: string, level?: string, isWaiting?: boolean }

/** A packet but for the bytes of its files. */
type Source<P extends Packet> = { agencyId: string, packet: P, files: File[] }

async function loadDocument (db: Db, dispatch: ClaimedDispatch, now: Date): Promise<Source<DocumentPacket>> {
  const { rows: [row] } = await db.query<{ agencyId: string, header: DocumentHeader, recipients: string[], files: File[] }>({
    name: 'load-document',
    text: `
      select d.agency_id as "agencyId", d.header,
             (select array_agg(r.recipient_code) from delivery r where r.dispatch_id = $2) as recipients,
             coalesce((select jsonb_agg(jsonb_strip_nulls(jsonb_build_object('contentId', f.content_id, 'name', f.name, 'originalName', f.original_name,
                                        'contentType', f.media_type, 'description', f.description, 'sha256', encode(coalesce(s.sha256, f.sha256), 'hex'),
                                        'signedBy', encode(s.signed_by, 'hex'), 'level', s.level, 'isWaiting', s.state <> 'finished')) order by f.position)
                         from document_attachment f left join pdf_signing s using (document_id, position) where f.document_id = d.id), '[]') as files
        from document d where d.id = $1`,
    values: [dispatch.documentId, dispatch.id],
  })
  if (!row) throw new Error(`dispatch ${dispatch.id} has no document`)
  const { agencyId, header, files } = row
  const recipients = new Set(row.recipients)
  return {
    agencyId,
    files,
    packet: {
      kind: 'document',
      header: {
        ...header,
        to: header.to.filter((to) => recipients.has(to.organId.trim())),
        traceHeaders: [...header.traceHeaders, { organId: header.from.organId, timestamp: vietnamTimestamp(now) }],
      },
      attachments: [],
      warnings: [],
    },
  }
}

async function withFiles (db: Db, packet: DocumentPacket, files: readonly File[]): Promise<DocumentPacket> {
  return { ...packet, attachments: await Promise.all(files.map(async ({ sha256, signedBy: _, level: __, isWaiting: ___, ...file }) => ({ ...file, bytes: await readBlob(db, Buffer.from(sha256, 'hex')) }))) }
}

async function loadStatus (db: Db, dispatch: ClaimedDispatch): Promise<Source<StatusPacket>> {
  const { rows: [row] } = await db.query<{ agencyId: string, packet: StatusPacket }>({
    name: 'load-status',
    text: 'select h.agency_id as "agencyId", s.packet_fields as packet from status s join hand_over h on h.id = s.hand_over_id where s.id = $1',
    values: [dispatch.statusId],
  })
  if (!row) throw new Error(`dispatch ${dispatch.id} has no status`)
  return { ...row, files: [] }
}
