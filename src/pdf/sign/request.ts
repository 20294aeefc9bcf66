/** What a PDF's signature shall say and show, and what becomes of the file: plain data, that goes to a worker and back. */
import type { RefusalCode } from '../../errors.ts'

/** A corner in the page as a viewer shows it, in points from its left and bottom edge; the first page is 1. */
export type At = { page: number, left: number, bottom: number }

/** What a copy can be (Decree 30/2020/NĐ-CP, article 25 and appendix I). */
export const COPY_FORMS = ['SAO Y', 'SAO LỤC', 'TRÍCH SAO'] as const

/** What the agency's signature shows (Decree 30/2020/NĐ-CP, appendix I). */
export type PdfSignatureRequest = Shown & {
  /** The signing time: M of the signature's dictionary, and what a text shows */
  time: Date
  /** Who signs, for readers that show Name instead of the certificate */
  name?: string | undefined
  reason?: string | undefined
  location?: string | undefined
  contact?: string | undefined
  /** An empty signature field of the file that is to be filled; a new one otherwise */
  field?: string | undefined
}

type Shown =
  /**
   * A document: the image of the agency's seal in real size over about a third of the leader's visible signature, on its left.
   * `over` is the field of the leader's signature; the last visible one otherwise. `at` says the place instead.
   */
  | { as: 'document', image: { png: Uint8Array, widthMm: number }, over?: string | undefined, at?: At | undefined }
  /** A document attached in a file of its own: text at the top right of page one */
  | { as: 'annex', number: string, at?: At | undefined }
  /** An electronic copy: the same place. `form` is one of COPY_FORMS, as the copy says it */
  | { as: 'copy', form: string, agency: string, number: string, at?: At | undefined }

/** PAdES baseline levels (EN 319 142-1, 6): signed, with a time-stamp, with the answers on revocation. */
export type SignatureLevel = 'B-B' | 'B-T' | 'B-LT'

/** Why a file is not signed: a row of the table of refusals, and where. */
export type SigningFault = { code: RefusalCode, detail: string }

/** Where the signature's Contents stand in its increment: from its `<` to after its `>`. */
export type ContentsPlace = { from: number, to: number }

/**
 * A file made ready: `increment` appended to it is the signed file, but for its Contents, which are zeros. `digest` is that of what the signature
 * covers.
 */
export type PreparedSignature =
  | { kind: 'prepared', field: string, increment: Uint8Array, contents: ContentsPlace, digest: Uint8Array }
  | { kind: 'refused' } & SigningFault

/** What a worker is given, to make a file ready: the appearance is drawn before, as a PDF of one page. */
export type PrepareRequest = Pick<PdfSignatureRequest, 'as' | 'time' | 'name' | 'reason' | 'location' | 'contact' | 'field' | 'at'> & {
  over?: string | undefined
  appearance: Uint8Array
  /** Octets kept free for the CMS and its time-stamp token */
  reserved: number
  /** The digest under which the signer signs */
  algorithm: 'sha256' | 'sha384'
}

/** Certificates, CRLs and OCSP answers (DER) that prove a signature later (EN 319 142-1, 5.4). */
export type ValidationData = { certificates: readonly Uint8Array[], crls: readonly Uint8Array[], ocsps: readonly Uint8Array[] }

/** An update that adds them, or why there is none. */
export type PreparedUpdate = { kind: 'prepared', increment: Uint8Array } | { kind: 'refused' } & SigningFault

/** What is to be added, and for which signature: `vri` is the SHA-1 of its Contents in upper-case hex. */
export type ValidationRequest = ValidationData & { vri: string, time: Date }
