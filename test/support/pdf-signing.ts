/** A world in which an agency has a seal and signs PDFs, with a time-stamping authority if one is wanted. */
import type { Test } from 'tap'
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pem } from '../../certs-example/issue.ts'
import type { DocumentView } from '../../src/outbound/view.ts'
import { EXAMPLE_TRUST_DIR } from '../../src/trust/example.ts'
import { makeTsa, serveTsa } from '../trust/time/tsa.ts'
import { withSignature } from './agency-signed.ts'
import { A, documentPacket, organisation, setupFor, signedPacket, startWorld, type WorldOptions } from './gateway.ts'
import { makePdf, pagesOf } from './pdf.ts'
import { sealImage } from './seal-image.ts'
import { until } from './until.ts'

/** Who signs as the leader; the example PKI knows the key, the registry does not. */
export const LEADER = 'so-noi-vu-vi-du'

/** The seal of agency A as the set-up has it. */
export const SEAL = { pngBase64: sealImage().toString('base64'), widthMm: 36 }

/** A real authority, and a trust folder in which it is believed. */
export async function startTsa (t: Test) {
  const tsa = makeTsa(t)
  const server = await serveTsa(t, tsa)
  const folder = t.testdir()
  cpSync(EXAMPLE_TRUST_DIR, folder, { recursive: true })
  for (const [part, { certificate }] of [['anchors', tsa.root], ['intermediates', tsa.sub]] as const) {
    mkdirSync(join(folder, 'time-stamping', part), { recursive: true })
    writeFileSync(join(folder, 'time-stamping', part, 'ca.pem'), pem('CERTIFICATE', certificate.raw))
  }
  return { tsa, server, folder }
}

type Sign = { file: number | string, as: string, [more: string]: unknown }

/** A running gateway; the leader has signed nothing yet. */
export async function startSigning (t: Test, { authority, ...options }: WorldOptions & { authority?: Awaited<ReturnType<typeof startTsa>> } = {}) {
  const world = await startWorld(t, { ...options, env: { ...authority && { TRUST_DIR: authority.folder }, ...options.env } })
  const { rows: [connection] } = await world.database.query<{ url: string }>('select base_url as url from connection')
  const base = setupFor(connection!.url, options)
  const setup = { ...base, agencies: base.agencies.map((agency) => agency.codes.includes(A.codes[0]!) ? { ...agency, seal: SEAL } : agency) }
  // Batches of other hashes keep out of the way
  await world.apply({ ...setup, ...authority && { trust: { timeStamping: { url: authority.server.url, everySeconds: 86_400 } } } })
  const { a, b } = world
  return {
    ...world,
    setup,
    /** Submits files with metadata, as a DMS does. */
    async submit (files: { name: string, bytes: Buffer }[], sign: readonly Sign[] = [], more: object = {}) {
      const form = new FormData()
      form.append('metadata', JSON.stringify({
        from: { organId: A.codes[0] }, to: [{ organId: 'H90.27' }], code: { codeNumber: '125', codeNotation: 'VP-KSTT' },
        promulgationInfo: { place: 'Ví Dụ', promulgationDate: '2026-01-05' }, documentType: { type: 18, typeName: 'Công văn' }, subject: 'V/v rà soát mã định danh',
        ...sign.length > 0 && { sign }, ...more,
      }))
      for (const { name, bytes } of files) form.append('file', new Blob([new Uint8Array(bytes)], { type: 'application/pdf' }), name)
      const request = new Request('http://localhost', { method: 'POST', body: form })
      return a.ask('POST', '/documents', Buffer.from(await request.arrayBuffer()), { 'content-type': request.headers.get('content-type')! })
    },
    /** Submits a packet, with the files to be signed in the query. */
    submitPacket: async (files: { name: string, bytes: Buffer }[], sign: readonly Sign[] = []) =>
      a.ask('POST', `/documents${sign.length > 0 ? `?sign=${encodeURIComponent(JSON.stringify(sign))}` : ''}`, await signedPacket(documentPacket({}, files))),
    view: async (id: string): Promise<DocumentView> => a.document(id),
    /** The document, once this is so. */
    when: (id: string, is: (document: DocumentView) => boolean) => until(async () => { const document: DocumentView = await a.document(id); return is(document) ? document : null }, { timeout: 20_000 }),
    /** Once it has arrived: the item, and its files as the other side gets them. */
    async arrived (count = 1) {
      const items = await until(async () => { const { items } = await b.mailbox(); return items.length === count && items }, { timeout: 20_000 })
      const item = await b.item(items.at(-1)!.id)
      const files = await Promise.all(item.attachments.map(async ({ number }) => (await b.ask('GET', `/mailbox/${item.id}/attachments/${number}`)).rawPayload))
      return { item, files }
    },
    /** What is stored of documents, in rows. */
    async counts (): Promise<Record<string, number>> {
      const { rows: [row] } = await world.database.query<Record<string, number>>(
        `select (select count(*)::int from document) as documents, (select count(*)::int from dispatch) as dispatches, (select count(*)::int from pdf_signing) as signings,
                (select count(*)::int from blob where sha256 not in (select fingerprint from certificate)) as blobs, (select count(*)::int from idempotency) as answers`)
      return row!
    },
  }
}

export type SigningWorld = Awaited<ReturnType<typeof startSigning>>

/** A document of one page with the leader's visible signature, in a field that whoever wrote it had left for that. */
export async function signedByLeader (): Promise<Buffer> {
  const objects = pagesOf('Cong van')
  const field = { 1: '<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [6 0 R] >> >>', 6: '<< /Type /Annot /Subtype /Widget /FT /Sig /T (Leader) /Rect [350 200 470 260] /P 4 0 R /F 4 >>' }
  const page = { 4: String(objects[4]).replace('/Contents', '/Annots [6 0 R] /Contents') }
  return withSignature(makePdf({ ...objects, ...field, ...page }), organisation(LEADER), { field: 'Leader' })
}
