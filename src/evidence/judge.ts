/**
 * Judges a file by what it holds: an edXML packet, another XML file with a signature, a PDF, or a certificate.
 * The same judgement as in the gateway; the clock, the roots and the evidence come in.
 */
import type { X509Certificate } from 'node:crypto'
import type { Limits } from '../edxml/limits.ts'
import type { Packet } from '../edxml/packet.ts'
import { readElements } from '../edxml/elements.ts'
import type { Opened } from '../edxml/open.ts'
import { openPacket, readPacket } from '../edxml/read.ts'
import { Refusal } from '../errors.ts'
import { isPdf } from '../pdf/source.ts'
import type { PdfVerdict } from '../pdf/verdict.ts'
import type { ReceiptContext } from '../signing/proof-time.ts'
import { verdictOf } from '../signing/reasons.ts'
import { judgePacket } from '../signing/judge-packet.ts'
import { judgeXmlSignatures, type JudgedXmlSignature } from '../signing/xml-signature.ts'
import { verdict } from '../signing/xmldsig.ts'
import { isExampleCertificate } from '../trust/example.ts'
import { judgeCertificate, type Trust } from '../trust/judge.ts'
import { certificatesFrom } from '../trust/store.ts'
import { TIME_REASONS } from '../trust/time/reasons.ts'
import { certificateOf, combine, detailsOf, fingerprintOf, verdictFrom, type Finding, type SignatureVerdict } from '../trust/verdict.ts'
import { EVIDENCE_REASONS } from './reasons.ts'
import type { StampedAt } from './stamps.ts'

/** What may stand before the root: a byte order mark, the declaration, comments. It only tells which parser has the word; of UTF-16 what is ASCII is enough. */
const PROLOG = 64 * 1024
const ROOT_IS_EDXML = /^(\xef\xbb\xbf|\xff\xfe|\xfe\xff)?(\s|<\?[^>]*>|<!--((?!-->)[^])*-->)*<([\w.-]+:)?edXML[\s/>]/

/** A chain of the longest kind, with room. */
const LARGEST_CERTIFICATES = 1024 * 1024

/** What the file is judged against. */
export type FileContext = {
  trust: Trust,
  /** The moment it is judged for, unless a time-stamp token proves an earlier one. */
  at: Date,
  /** Whether that is now, when the file is here for sure; otherwise it is taken on somebody's word. */
  isNow: boolean,
  limits: Limits,
  /** When time-stamps beside the file prove that it existed; then it is judged for that moment. */
  stamped?: StampedAt | null,
  /** Certificates that are registered for the sender; null when nobody says which. */
  registered: readonly X509Certificate[] | null,
}

/** A file and what it is worth; `verdict` is the one that decides. Of a packet, that is the seal's where there is a seal, since it proves the document end to end. */
export type JudgedFile =
  | { kind: 'packet', verdict: SignatureVerdict, decidedBy: 'seal' | 'packet-signature', signature: SignatureVerdict, seal: SignatureVerdict | null, packet: Packet }
  | { kind: 'xml-signature', verdict: SignatureVerdict, signatures: readonly JudgedXmlSignature[] }
  | { kind: 'certificate', verdict: SignatureVerdict }
  /** `size` is absent when it could not be read */
  | { kind: 'pdf', verdict: PdfVerdict, size?: { pages: number, revisions: number } }

/** What is judged from its bytes; a PDF is examined first (judge-pdf.ts). */
export type JudgedBytes = Exclude<JudgedFile, { kind: 'pdf' }>

/**
 * Judges the file: for the moment of the context, or of a time-stamp token in it or beside it. What is not valid any more may have been when it claims to be signed: then the
 * verdict is for that moment, and says that nobody vouches for it. Throws a Refusal that says why when it is of no kind that can be verified, or cannot be read.
 */
export async function judgeFile (bytes: Buffer, context: FileContext): Promise<JudgedBytes> {
  const judged = await judgeFor(bytes, context)
  const { result, proofTime: { claim, from } } = judged.verdict
  // What only lacks an answer is asked for it first: an older answer could be picked by claiming an older day
  if (result !== 'invalid' || from !== 'receipt' || claim === undefined) return judged
  const claimed = await judgeFor(bytes, { ...context, at: new Date(claim), isNow: false })
  return claimed.verdict.result === 'valid' ? { ...claimed, verdict: unproved(claimed.verdict, context.at) } : judged
}

/** Valid on the signer's word alone, and not by now: whoever has the key of a certificate that has ended could say as much today. */
export function unproved<Judged extends SignatureVerdict> (judged: Judged, now: Date): Judged {
  const ends = [...judged.chain.map(({ notAfter }) => notAfter), ...judged.revocation.flatMap(({ revokedAt }) => revokedAt ?? []), now.toISOString()]
  return { ...judged, ...combine(judged, verdictFrom(TIME_REASONS, [{ code: 'TIME_UNPROVED', detail: ends.toSorted()[0]! }])) }
}

async function judgeFor (bytes: Buffer, context: FileContext): Promise<JudgedBytes> {
  if (!looksLikeXml(bytes)) return { kind: 'certificate', verdict: remarked(judgeCertificates(certificatesIn(bytes), context)) }
  const opened = openedPacket(bytes, context.limits)
  return opened ? judgePacketFile(opened, context) : judgeXml(bytes, context)
}

/** The packet, or null for any other XML: its root tells, as it was parsed, so that no prolog or prefix makes something else of a packet. */
function openedPacket (bytes: Buffer, limits: Limits): Opened | null {
  try {
    const opened = openPacket(bytes, limits)
    return readElements(opened.content.octets).name === 'edXML' ? opened : null
  } catch (error) {
    // What cannot be opened is refused as a packet if it looks like one, and otherwise as what it is
    if (!(error instanceof Refusal) || ROOT_IS_EDXML.test(bytes.toString('latin1', 0, PROLOG).replaceAll('\0', ''))) throw error
    return null
  }
}

async function judgePacketFile (opened: Opened, context: FileContext): Promise<JudgedBytes> {
  const { limits } = context
  const registered = context.registered && new Set(context.registered.map(fingerprintOf))
  const judged = judgePacket(opened, await readPacket(opened, limits), { ...timeOf(context), trust: context.trust, speaksFor: (fingerprint) => registered === null || registered.has(fingerprint) || 'unknown' })
  const signature = compared(judged.signature, context)
  const seal = judged.seal && judged.seal.reasons[0]?.code !== 'SEAL_ABSENT' ? compared(judged.seal, context) : null
  return { kind: 'packet', verdict: seal ?? signature, decidedBy: seal ? 'seal' : 'packet-signature', signature, seal, packet: judged.packet }
}

/** Every signature of an XML file; the worst decides, since nothing tells which of them the reader relies on. */
function judgeXml (bytes: Buffer, context: FileContext): JudgedBytes {
  const signatures = judgeXmlSignatures(bytes, { trust: context.trust, ...timeOf(context), certificates: context.registered ?? [] })
    .map((signature) => ({ ...signature, verdict: compared(registeredOnly(signature.verdict, context), context) }))
  const worst = ['invalid', 'indeterminate', 'valid'].flatMap((result) => signatures.filter(({ verdict }) => verdict.result === result))[0]
  if (worst === undefined) throw new Refusal('FILE_UNKNOWN', { detail: 'XML, without a signature' })
  return { kind: 'xml-signature', verdict: worst.verdict, signatures }
}

/**
 * The certificate that is no CA's is the one asked about, or the first of all; the others may stand between it and a root. A CA is asked whether it may
 * issue certificates. One verdict says nothing of two signers.
 */
function judgeCertificates (certificates: readonly X509Certificate[], context: FileContext): SignatureVerdict {
  const signers = new Map(certificates.filter(({ ca }) => !ca).map((certificate) => [fingerprintOf(certificate), certificate]))
  if (signers.size > 1) throw new Refusal('FILE_AMBIGUOUS', { detail: [...signers.keys()].slice(0, 5).join(', ') })
  const leaf = [...signers.values()][0] ?? certificates[0]!
  const judged = judgeCertificate(leaf, certificates.filter((one) => one !== leaf), context.trust, timeOf(context).at, leaf.ca ? 'certificates' : 'documents')
  return { ...verdict({ trust: context.trust, ...timeOf(context) }, ['certificate'], [], judged), signer: detailsOf(leaf) }
}

/** Whether this is the beginning of a PDF: by its bytes, unless it begins like XML. */
export function looksLikePdf (start: Buffer): boolean {
  return isPdf(start) && !looksLikeXml(start)
}

/** Whoever wants XML begins so, in UTF-8 or in UTF-16. */
function looksLikeXml (bytes: Buffer): boolean {
  return /^(\xef\xbb\xbf|\xff\xfe|\xfe\xff)?[\s\0]*</.test(bytes.toString('latin1', 0, 1024))
}

function certificatesIn (bytes: Buffer): X509Certificate[] {
  if (bytes.length > LARGEST_CERTIFICATES) throw new Refusal('FILE_UNKNOWN')
  try {
    return certificatesFrom(bytes)
  } catch {
    // OpenSSL's errors tell nothing that a person could use
    if (bytes.includes('-----BEGIN ')) throw new Refusal('FILE_UNREADABLE', { detail: 'not a PEM file of certificates only' })
    throw new Refusal('FILE_UNKNOWN')
  }
}

/** No sender stands in such a file: where certificates are named that may sign it, any other is refused. */
export function registeredOnly<Judged extends SignatureVerdict> (judged: Judged, { registered }: FileContext): Judged {
  const { signer } = judged
  if (registered === null || signer === undefined || registered.some((one) => fingerprintOf(one) === signer.fingerprint)) return judged
  return { ...judged, ...combine(judged, verdictOf([{ code: 'SIGNER_UNKNOWN' }])) }
}

/** A verdict whose signer nobody could compare with a registry says so. */
export function compared<Judged extends SignatureVerdict> (judged: Judged, context: FileContext): Judged {
  if (context.registered !== null || judged.signer === undefined) return remarked(judged)
  return remarked({ ...judged, checked: judged.checked.filter((check) => check !== 'agency') }, [{ code: 'SIGNER_NOT_COMPARED' }])
}

/** A file that is here now is received; of another moment there is only somebody's word, unless an authority stamped it. */
export function timeOf ({ at, isNow, stamped }: FileContext): Pick<ReceiptContext, 'at' | 'atFrom' | 'atBy'> {
  return stamped ? { at: stamped.at, atFrom: 'token', atBy: stamped.by } : { at, atFrom: isNow ? 'receipt' : 'claim' }
}

/** Adds what verdicts of a gateway have no need to say: that an example is one. */
function remarked<Judged extends SignatureVerdict> (judged: Judged, remarks: readonly Finding<typeof EVIDENCE_REASONS>[] = []): Judged {
  const leaf = judged.chain[0] && certificateOf(judged.chain[0])
  const all = leaf && isExampleCertificate(leaf) ? [...remarks, { code: 'EXAMPLE_CERTIFICATE' as const }] : remarks
  return { ...judged, ...combine(judged, verdictFrom(EVIDENCE_REASONS, all)) }
}
