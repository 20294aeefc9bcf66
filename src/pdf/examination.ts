/** What a PDF file says of its signatures before anybody is believed: plain data, as it comes back from a worker. */
import type { Finding } from '../trust/verdict.ts'
import type { PDF_REASONS } from './reasons.ts'

export type PdfFinding = Finding<typeof PDF_REASONS>

/** A file examined. `unreadable`: nothing can be said of its signatures, for these reasons. */
export type PdfExamination =
  | { kind: 'unreadable', findings: PdfFinding[] }
  | { kind: 'read', version: string, pages: number, revisions: number, signatures: ExaminedSignature[], material: ValidationMaterial }

/** Certificates (DER), CRLs and OCSP answers that the file carries for whoever judges it later (DSS; ISO 32000-2, 12.8.4.3). They prove nothing by themselves. */
export type ValidationMaterial = { certificates: Uint8Array[], crls: Uint8Array[], ocsps: Uint8Array[] }

/** A signature of a person or agency, one that certifies the document, or a time-stamp over the whole (ISO 32000-2, 12.8). */
export type PdfSignatureKind = 'signature' | 'certification' | 'document-time-stamp'

/** One signature in the file, oldest first; `revision` counts from 1. */
export type ExaminedSignature = {
  field: string
  kind: PdfSignatureKind
  subFilter: string
  revision: number
  /** First page is 1; rectangle in the page's default user space, [left, bottom, right, top]. Absent: it shows nothing. */
  appearance?: { page: number, rect: readonly [number, number, number, number] }
  byteRange: number[]
  coversWholeFile: boolean
  /** The CMS message, or the time-stamp token, without the padding behind it; empty when there is none to be read */
  cms: Uint8Array
  /** The digest of the covered bytes under every algorithm the CMS names and we know: name in node:crypto → value */
  digests: Record<string, Uint8Array>
  /** What its dictionary claims: M, Name, Reason, Location, ContactInfo */
  claims: { time?: string, name?: string, reason?: string, location?: string, contact?: string }
  /** What is wrong with its form and its byte range */
  findings: PdfFinding[]
  /** Everything that was added to the file after it, in order, each as this signature permits it or not */
  later: LaterChange[]
}

/** What an incremental update did. */
export type ChangeKind = 'signature' | 'document-time-stamp' | 'validation-data' | 'form-fill' | 'metadata' | 'other'

/** One change in a later revision; `detail` names the field or the object. What is not permitted makes the signature invalid. */
export type LaterChange = { revision: number, kind: ChangeKind, permitted: boolean, detail?: string }
