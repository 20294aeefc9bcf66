/** Signatures of PDFs as an examination gives them, around CMS messages made here; and a PDF with a signature, byte by byte. */
import { createHash } from 'node:crypto'
import { extendedKeyUsage, rsaKeys, type Issued } from '../../certs-example/issue.ts'
import type { ExaminedSignature, PdfExamination, ValidationMaterial } from '../../src/pdf/examination.ts'
import { judgePdf, type PdfContext } from '../../src/pdf/judge.ts'
import type { PdfSignatureVerdict, PdfVerdict } from '../../src/pdf/verdict.ts'
import { knownFrom } from '../../src/trust/revocation/known.ts'
import { makePdf, pagesOf, updateOf, type Objects } from '../support/pdf.ts'
import { CONTENT, DIGEST, writeMessage, type MessageChange } from '../trust/cms/messages.ts'
import { STORE, TSA } from '../trust/time/reasons.ts'
import { writeToken, type TokenChange } from '../trust/time/tokens.ts'
import { AT, makeCa, makeCrl, makeLeaf, trustOf } from '../trust/world.ts'

export const ROOT = makeCa('root of PDFs')
export const SUB = makeCa('CA of PDFs', ROOT)
export const LEADER = makeLeaf(SUB, { name: { CN: 'Nguyễn Văn A', O: 'UBND tỉnh thử nghiệm' }, keys: rsaKeys(2048), extensions: [extendedKeyUsage('1.3.6.1.5.5.7.3.4')] })
export const AGENCY = makeLeaf(SUB, { name: { CN: 'UBND tỉnh thử nghiệm', O: 'UBND tỉnh thử nghiệm' } })
export const STRANGER = makeLeaf(makeCa('root of a stranger'), { name: LEADER.name })

/** Nobody is revoked, and the time-stamping authority is trusted; received at AT. */
export const context: PdfContext = { trust: { ...trustOf([ROOT], [SUB]), timeStamping: STORE }, at: AT }
/** The same, but nothing is known of revocation; of the CA's only that it is not revoked. */
export const unaware: PdfContext = { ...context, trust: { ...context.trust, revocation: knownFrom([makeCrl(ROOT)]) } }

/** A moment so many hours from AT. */
export const hours = (count: number): Date => new Date(AT.getTime() + count * 3_600_000)

/** The digests of the covered bytes, under every algorithm. */
const digestsOf = (content: Buffer) => Object.fromEntries(Object.keys(DIGEST).map((name) => [name, createHash(name).update(content).digest()]))

/** A signature as an examination gives it: it covers CONTENT, and nothing was added after it, but for the change. */
export function examined (cms: Buffer, { content = CONTENT, ...change }: Partial<ExaminedSignature> & { content?: Buffer } = {}): ExaminedSignature {
  return {
    field: 'Signature1', kind: 'signature', subFilter: 'ETSI.CAdES.detached', revision: 2, byteRange: [0, 10, 20, 30], coversWholeFile: true,
    cms, digests: digestsOf(content), claims: {}, findings: [], later: [], ...change,
  }
}

/** A token over these octets, of an hour before AT unless said otherwise. */
export function tokenOver (octets: Uint8Array, change: TokenChange = {}): Buffer {
  return writeToken(TSA, { hash: createHash('sha256').update(octets).digest(), genTime: '20260531230000Z', ...change })
}

/** A time-stamp over the document, in a later revision. */
export function documentTimeStamp (change: TokenChange = {}, place: Partial<ExaminedSignature> = {}): ExaminedSignature {
  return examined(tokenOver(CONTENT, change), { field: 'Signature9', kind: 'document-time-stamp', subFilter: 'ETSI.RFC3161', revision: 3, ...place })
}

const NO_MATERIAL: ValidationMaterial = { certificates: [], crls: [], ocsps: [] }

/** A file with these signatures. */
export function examination (signatures: ExaminedSignature[], material: Partial<ValidationMaterial> = {}): PdfExamination {
  return { kind: 'read', version: '1.7', pages: 1, revisions: 3, signatures, material: { ...NO_MATERIAL, ...material } }
}

/** The verdict on a file with these signatures. */
export function judgedFile (signatures: ExaminedSignature[], { material, ...change }: Partial<PdfContext> & { material?: Partial<ValidationMaterial> } = {}): PdfVerdict {
  return judgePdf(examination(signatures, material), { ...context, ...change })
}

/** The verdict on one signature of the leader, made so. */
export function judgedSignature (change: MessageChange & { by?: Issued } = {}, place: Partial<ExaminedSignature> = {}, other: Partial<PdfContext> & { material?: Partial<ValidationMaterial> } = {}): PdfSignatureVerdict {
  return judgedFile([examined(writeMessage(change.by ?? LEADER, change), place)], other).signatures[0]!
}

/** Result and codes, as in `invalid CMS_CONTENT_CHANGED`. */
export function told ({ result, reasons }: Pick<PdfVerdict, 'result' | 'reasons'>): string {
  return [result, ...reasons.map(({ code }) => code)].join(' ')
}

/** What is different in a PDF that is signed here. */
export type PdfChange = {
  base?: Buffer
  /** Entries of the signature dictionary beside its Type, ByteRange and Contents */
  entries?: string
  /** Of the catalog's form, beside its fields */
  fields?: string
  /** The range that is written, given the true one */
  range?: (own: number[]) => number[]
  more?: Objects
}

const ROOM = 8192

/** A PDF signed in an update: a page, a field with a widget, and the message that `sign` makes of the covered bytes. */
export function signedPdf (sign: (covered: Buffer) => Buffer, { base = makePdf(pagesOf('Hello')), entries = '/Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached', fields = '[7 0 R]', range = (own) => own, more = {} }: PdfChange = {}): Buffer {
  const blank = `[0 ${'0'.repeat(10)} ${'0'.repeat(10)} ${'0'.repeat(10)}]`
  const pdf = updateOf(base, {
    1: `<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields ${fields} /SigFlags 3 >> >>`,
    4: '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >> /Contents 5 0 R /Annots [7 0 R] >>',
    7: '<< /Type /Annot /Subtype /Widget /FT /Sig /T (Signature1) /V 8 0 R /P 4 0 R /Rect [0 0 0 0] /F 132 >>',
    8: `<< /Type /Sig ${entries} /ByteRange ${blank} /Contents <${'0'.repeat(2 * ROOM)}> >>`,
    ...more,
  })
  const open = pdf.lastIndexOf(`<${'0'.repeat(2 * ROOM)}>`)
  const close = open + 2 * ROOM + 2
  const written = range([0, open, close, pdf.length - close])
  pdf.write(`[${written.join(' ')}]`.padEnd(blank.length), pdf.lastIndexOf(blank), 'latin1')
  pdf.write(sign(Buffer.concat([pdf.subarray(0, open), pdf.subarray(close)])).toString('hex'), open + 1, 'latin1')
  return pdf
}
