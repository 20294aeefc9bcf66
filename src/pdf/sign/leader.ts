import type { PdfSignatureVerdict } from '../verdict.ts'

/**
 * The field of the signature that an agency's seal stands over: the last one that is seen and holds, of somebody else (Decree 30/2020/NĐ-CP, appendix I).
 * Seals that a gateway has placed are none.
 */
export function leaderAmong (signatures: readonly PdfSignatureVerdict[], agencyCertificate: string): string | undefined {
  return signatures.findLast(({ field, kind, result, appearance, signer }) =>
    kind !== 'document-time-stamp' && result !== 'invalid' && appearance !== undefined && !isOurs(field) && signer?.fingerprint !== agencyCertificate)?.field
}

/** Whether this is the name of a field that a gateway has added. */
export function isOurs (field: string): boolean {
  return /^lienthong-\d+$/.test(field)
}
