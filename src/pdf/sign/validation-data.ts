/** Adds what proves a signature later: certificates, CRLs and OCSP answers (DSS; EN 319 142-1, 5.4; ISO 32000-2, 12.8.4.3). Pure and synchronous, for a worker. */
import { createHash } from 'node:crypto'
import { deflateSync } from 'node:zlib'
import { Budget } from '../reader/budget.ts'
import { PdfName, PdfRef, PdfStream, type PdfDict, type PdfObject } from '../reader/objects.ts'
import { openRevision, type Revision } from '../reader/revision.ts'
import { dictOf, itemsOf } from '../reader/values.ts'
import type { PdfSource } from '../source.ts'
import { pdfDate, refusedOr } from './prepare.ts'
import type { PreparedUpdate, ValidationRequest } from './request.ts'
import { dictionary, textString } from './serialise.ts'
import { Update } from './update.ts'

/** The DSS's arrays, and what a signature's own list of them is called (EN 319 142-1, 5.4.2). */
const KINDS = [{ all: 'Certs', own: 'Cert', of: 'certificates' }, { all: 'CRLs', own: 'CRL', of: 'crls' }, { all: 'OCSPs', own: 'OCSP', of: 'ocsps' }] as const

/** Never throws for what a stranger's file holds. What the DSS has already stays, and is not added twice. */
export function prepareValidationData (source: PdfSource, request: ValidationRequest): PreparedUpdate {
  return refusedOr((): PreparedUpdate => {
    const revision = openRevision(source, source.size, new Budget())
    const update = new Update(revision)
    const held = revision.catalog.get('DSS')
    const dss = new Map(dictOf(revision, held))
    const own = dictionary({ Type: new PdfName('VRI'), TU: textString(pdfDate(request.time)) })
    for (const { all, own: ownKey, of } of KINDS) {
      const listed = itemsOf(revision, dss.get(all))
      const { refs, added } = streamsOf(revision, update, listed, request[of])
      if (added.length > 0) dss.set(all, [...listed, ...added])
      if (refs.length > 0) own.set(ownKey, refs)
    }
    dss.set('Type', new PdfName('DSS')).set('VRI', new Map([...dictOf(revision, dss.get('VRI')) ?? [], [request.vri, update.add(own)]]))
    if (held instanceof PdfRef) update.replace(held, dss)
    else update.replace(revision.trailer.get('Root') as PdfRef, withExtension(revision, new Map([...revision.catalog, ['DSS', update.add(dss)]])))
    return { kind: 'prepared', increment: update.write().increment }
  })
}

/** A stream for each, old or new. */
function streamsOf (revision: Revision, update: Update, listed: readonly PdfObject[], items: readonly Uint8Array[]): { refs: PdfRef[], added: PdfRef[] } {
  const known = new Map(listed.flatMap((item): [string, PdfRef][] => {
    const stream = revision.resolve(item)
    return item instanceof PdfRef && stream instanceof PdfStream ? [[digestOf(revision.data(stream)), item]] : []
  }))
  const added: PdfRef[] = []
  const refs = items.map((item) => {
    const digest = digestOf(item)
    const ref = known.get(digest) ?? update.add({ dict: dictionary({ Filter: new PdfName('FlateDecode') }), data: deflateSync(item) })
    if (!known.has(digest)) added.push(ref)
    known.set(digest, ref)
    return ref
  })
  return { refs: [...new Set(refs)], added }
}

/** ETSI's extensions to PDF 1.7 (EN 319 142-1, 5.1): a part of PDF 2.0, and named where the file is older. */
function withExtension (revision: Revision, catalog: PdfDict): PdfDict {
  const extensions = dictOf(revision, catalog.get('Extensions'))
  if (Number(revision.version) >= 2 || extensions?.has('ESIC')) return catalog
  return catalog.set('Extensions', new Map([...extensions ?? [], ['ESIC', dictionary({ BaseVersion: new PdfName('1.7'), ExtensionLevel: 5 })]]))
}

function digestOf (bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
