/**
 * Judges a file by what it holds: an edXML packet, another XML file with a signature, or a certificate.
 * The same judgement as in the gateway; the clock, the roots and the evidence come in.
 */
import { X509Certificate } from 'node:crypto'
import { readElements } from '../edxml/elements.ts'
import type { Limits } from '../edxml/limits.ts'
import { openXml, type Opened } from '../edxml/open.ts'
import { ROOT } from '../edxml/layout.ts'
import type { Packet } from '../edxml/packet.ts'
import { openPacket, readPacket } from '../edxml/read.ts'
import { Refusal } from '../errors.ts'
import { judgePacket } from '../signing/judge-packet.ts'
import { conclude, examineSignature, findSignature, verdict } from '../signing/xmldsig.ts'
import { isExampleCertificate } from '../trust/example.ts'
import { judgeCertificate, type Trust } from '../trust/judge.ts'
import { certificatesFromPem } from '../trust/store.ts'
import { certificateOf, combine, detailsOf, verdictFrom, type Finding, type ProofTime, type SignatureVerdict } from '../trust/verdict.ts'
import { EVIDENCE_REASONS } from './reasons.ts'

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
  /** Fingerprints of the certificates that are registered for the sender; null when nobody says which. */
  registered: ReadonlySet<string> | null,
}

/** A file and what it is worth; `verdict` is the one that decides. Of a packet, that is the seal's where there is a seal, since it proves the document end to end. */
export type JudgedFile =
  | { kind: 'packet', verdict: SignatureVerdict, decidedBy: 'seal' | 'packet-signature', signature: SignatureVerdict, seal: SignatureVerdict | null, packet: Packet }
  | { kind: 'xml-signature' | 'certificate', verdict: SignatureVerdict }

/** Judges the file. Throws a Refusal that says why when it is of no kind that can be verified, or cannot be read. */
export async function judgeFile (bytes: Buffer, context: FileContext): Promise<JudgedFile> {
  if (!looksLikeXml(bytes)) return { kind: 'certificate', verdict: remarked(judgeCertificates(certificatesIn(bytes), context), context) }
  const opened = openPacket(bytes, context.limits)
  const root = readElements(opened.content.octets)
  return root.name === ROOT ? judgePacketFile(opened, context) : { kind: 'xml-signature', verdict: remarked(judgeXml(bytes, root.name, context), context) }
}

async function judgePacketFile (opened: Opened, context: FileContext): Promise<JudgedFile> {
  const { registered, limits } = context
  const judged = judgePacket(opened, await readPacket(opened, limits), { ...context, speaksFor: (fingerprint) => registered === null || registered.has(fingerprint) || 'unknown' })
  const signature = compared(judged.signature, context)
  const seal = judged.seal && judged.seal.reasons[0]?.code !== 'SEAL_ABSENT' ? compared(judged.seal, context) : null
  return { kind: 'packet', verdict: seal ?? signature, decidedBy: seal ? 'seal' : 'packet-signature', signature, seal, packet: judged.packet }
}

/** A signature over the whole of an XML file, beside the root's other children: a seal by itself, for instance. */
function judgeXml (bytes: Buffer, root: string, context: FileContext): SignatureVerdict {
  const opened = openXml(bytes, { limits: context.limits, signatureAt: [root], lift: false })
  const found = findSignature(opened)
  if (!('code' in found)) return conclude(context, examineSignature(opened, found, { ...context, speaksFor: () => true }))
  if (found.code === 'SIGNATURE_ABSENT') throw new Refusal('FILE_UNKNOWN', { detail: found.code })
  return verdict(context, ['structure'], [found])
}

/** The first certificate that is no CA's is the one asked about, or the first of all; the others may stand between it and a root. */
function judgeCertificates (certificates: readonly X509Certificate[], context: FileContext): SignatureVerdict {
  const leaf = certificates.find(({ ca }) => !ca) ?? certificates[0]!
  const judged = judgeCertificate(leaf, certificates.filter((one) => one !== leaf), context.trust, context.at)
  return { ...verdict(context, ['certificate'], [], judged), signer: detailsOf(leaf) }
}

/** Whoever wants XML begins so, in UTF-8 or in UTF-16. */
function looksLikeXml (bytes: Buffer): boolean {
  return /^(\xef\xbb\xbf|\xff\xfe|\xfe\xff)?[\s\0]*</.test(bytes.toString('latin1', 0, 1024))
}

function certificatesIn (bytes: Buffer): X509Certificate[] {
  if (bytes.length > LARGEST_CERTIFICATES) throw new Refusal('FILE_UNKNOWN')
  const isPem = bytes.includes('-----BEGIN ')
  try {
    if (isPem) return certificatesFromPem(bytes.toString('latin1'))
    const certificate = new X509Certificate(bytes)
    if (certificate.raw.equals(bytes)) return [certificate]
  } catch {
    // OpenSSL's errors tell nothing that a person could use
  }
  throw new Refusal(isPem ? 'FILE_UNREADABLE' : 'FILE_UNKNOWN', isPem ? { detail: 'not a PEM file of certificates only' } : {})
}

/** A verdict whose signer nobody could compare with a registry says so. */
function compared (judged: SignatureVerdict, context: FileContext): SignatureVerdict {
  if (context.registered !== null || judged.signer === undefined) return remarked(judged, context)
  return remarked({ ...judged, checked: judged.checked.filter((check) => check !== 'agency') }, context, [{ code: 'SIGNER_NOT_COMPARED' }])
}

/** Adds what verdicts of a gateway have no need to say: who vouches for the time, and that an example is one. */
function remarked (judged: SignatureVerdict, { at, isNow }: FileContext, remarks: readonly Finding<typeof EVIDENCE_REASONS>[] = []): SignatureVerdict {
  const leaf = judged.chain[0] && certificateOf(judged.chain[0])
  const all = leaf && isExampleCertificate(leaf) ? [...remarks, { code: 'EXAMPLE_CERTIFICATE' as const }] : remarks
  const proofTime: ProofTime = !isNow && judged.proofTime.from === 'receipt' ? { ...judged.proofTime, at: at.toISOString(), from: 'claim' } : judged.proofTime
  return { ...judged, ...combine(judged, verdictFrom(EVIDENCE_REASONS, all)), proofTime }
}
