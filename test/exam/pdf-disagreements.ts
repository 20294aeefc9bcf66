/** Where we and programs of others say different things of a signed PDF, and why; and what in the set must be refused. A closed table: each row is needed, and nothing else is forgiven. */

export type Judge = 'pdfsig' | 'mutool'

/** `names` are those of files, for pdfsig of `file › field`; `code` is our first reason, absent where we accept and they do not. */
export type Disagreement = { judges: readonly Judge[], names: RegExp, code?: string, why: string }

/** Made by programs of others, and wrong by the rules that we follow. */
export const REFUSED: readonly RegExp[] = [
  // SHA-1, and what only signs it
  /^mutool empty field$/, /^pdfbox SHA1$/, /^pdfbox pkcs7 sha1 subfilter$/,
  // EN 319 142-1, 6.3: signingCertificateV2, which @signpdf does not write; and a CA's name that node-forge spoils
  /^signpdf cades$/, /^signpdf under a CA with a Vietnamese name$/,
  // A time-stamp says when, not who
  /^itext document time-stamp alone$/,
  // ISO 32000-2, 12.8.2.2: what the certification does not permit; annotations never
  /certified P1, (filled|signed)/, /annotated/, /lock (All|Include), filled$/, /(form filled|page changed) after an approval$/,
  // Objects beyond its Size are missing
  /with a wrong size$/,
]

const BOTH = ['pdfsig', 'mutool'] as const
const PDFSIG = ['pdfsig'] as const
const MUTOOL = ['mutool'] as const

export const DISAGREEMENTS: readonly Disagreement[] = [
  { judges: BOTH, names: /^(mutool empty field|pdfbox SHA1)/, code: 'ALGORITHM_SHA1', why: 'both take SHA-1; TT 15/2025/TT-BKHCN, appendix I, does not' },
  { judges: PDFSIG, names: /^pdfbox pkcs7 sha1 subfilter/, code: 'PDF_SIGNATURE_KIND', why: 'pdfsig takes adbe.pkcs7.sha1, which signs a SHA-1 digest of the file; ISO 32000-2 has given it up' },
  { judges: BOTH, names: /^signpdf cades/, code: 'CMS_CERTIFICATE_UNBOUND', why: 'neither asks for signingCertificateV2, which ETSI.CAdES.detached must have (EN 319 142-1, 6.3)' },
  { judges: BOTH, names: /certified P1, (filled|signed)/, code: 'PDF_CHANGED_AFTER_SIGNING', why: 'neither looks at DocMDP: a certification with P 1 permits no form filling and no further signature (ISO 32000-2, 12.8.2.2)' },
  { judges: BOTH, names: /annotated/, code: 'PDF_CHANGED_AFTER_SIGNING', why: 'neither looks at what was added: an annotation may hide the page, and is permitted to nobody (evil annotation attack)' },
  { judges: BOTH, names: /lock (All|Include), filled/, code: 'PDF_CHANGED_AFTER_SIGNING', why: 'neither looks at FieldMDP: a field was filled that the signature locks (ISO 32000-2, 12.8.2.4)' },
  { judges: BOTH, names: /(form filled|page changed) after an approval/, code: 'PDF_CHANGED_AFTER_SIGNING', why: 'neither looks at what was added: without a certification that permits it, nothing that is shown may change' },
  { judges: BOTH, names: /with a wrong size/, code: 'PDF_BROKEN', why: 'PDFBox counts only the objects of its update; objects from Size on are missing (ISO 32000-2, 7.5.5), though viewers show them' },
  { judges: BOTH, names: /: the signer's certificate altered/, code: 'CMS_CERTIFICATE_OTHER', why: 'both ask for the signature\'s arithmetic alone; signingCertificateV2 names another certificate' },
  { judges: BOTH, names: /: the signer's certificate altered/, code: 'CHAIN_SIGNATURE_WRONG', why: 'both ask for the signature\'s arithmetic alone; pdfsig says of the certificate that it is not to be trusted' },
  { judges: BOTH, names: /: something in the padding/, code: 'PDF_SIGNATURE_FORM', why: 'neither looks behind the CMS message; room that nobody signed must be zeros' },
  { judges: BOTH, names: /: something behind the end/, code: 'PDF_BROKEN', why: 'both look at the covered bytes alone; what stands behind the end of a file belongs to no update' },
  { judges: PDFSIG, names: /(leader and agency|filled, signed|long-term|ours behind .*): (a bit behind the signature flipped|a digit in the last line flipped|cut in the (last line|CMS message)) › /, code: 'PDF_BROKEN', why: 'the earlier signature alone is whole; pdfsig repairs the file around it, and another viewer may repair it in another way' },
  { judges: MUTOOL, names: /(leader and agency|filled, signed|long-term|ours behind .*): (a digit in the last line flipped|cut in the (last line|CMS message))/, code: 'PDF_BROKEN', why: 'mutool repairs the file, and then finds the earlier signature alone' },
  { judges: PDFSIG, names: /(leader and agency|filled, signed|ours behind .*): (a bit behind the signature flipped|a ByteRange that .*) › /, code: 'PDF_CHANGED_AFTER_SIGNING', why: 'the earlier signature for itself: an update whose signature is broken is no further signature' },
  { judges: BOTH, names: /^itext (token|long-term): the end of the CMS message altered/, code: 'TOKEN_SIGNATURE_WRONG', why: 'neither looks at time-stamp tokens; one that is there must be right (TT 15/2025/TT-BKHCN, art. 6.1.g)' },
  { judges: BOTH, names: /signed further by a stranger/, code: 'ISSUER_UNKNOWN', why: 'both ask for the arithmetic alone; pdfsig says of the certificate that its issuer is not known, as we do' },
  { judges: MUTOOL, names: /^pdfbox pss/, why: 'MuPDF does not know RSASSA-PSS' },
  { judges: MUTOOL, names: /^nss on empty field$/, why: 'pdfsig puts its field on the page alone and not into the form, where mutool looks for it' },
]
