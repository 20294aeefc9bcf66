/**
 * Judges the XML signatures of any document, for people who want to know what a file is worth (`lienthong verify`). Who opens, accepts or
 * shows a packet relies on the narrow form alone (xmldsig.ts).
 */
import { timingSafeEqual, type X509Certificate } from 'node:crypto'
import type { Element } from '../edxml/elements.ts'
import { DEFAULT_LIMITS, type Limits } from '../edxml/limits.ts'
import { withSignature, type LocatedSignature, type Part } from '../edxml/signed.ts'
import { judgeCertificate, type Trust } from '../trust/judge.ts'
import { detailsOf, type SignatureVerdict } from '../trust/verdict.ts'
import { keyFits, signatureFits } from './algorithms.ts'
import type { KnownCertificate } from './certificates.ts'
import { candidatesOf } from './key-info.ts'
import { judgeSha1, proveTime, withClaim, type ReceiptContext, type Stamp } from './proof-time.ts'
import type { SigningFinding } from './reasons.ts'
import { readStructure, type XmlSignatureForm } from './structure.ts'
import { claimedTime, isCovered, namesCertificate, signatureTimeStamps } from './xades.ts'
import { conclude, verdict } from './xmldsig.ts'

/** What the signatures of a document are judged against. `certificates` are at hand for a KeyInfo that only names its signer. */
export type XmlSignatureContext = ReceiptContext & { trust: Trust, certificates?: readonly X509Certificate[] }

/** A part that a signature covers: how its Reference names it, where it stands (`/` is the whole document), and the digest of its canonical octets. */
export type CoveredPart = { reference: string } & Part

/**
 * One signature of a document. `covered` is what it proves, and is empty unless the signature value is right: who shows the content shows these
 * parts and nothing else, since a signature says nothing of what stands beside them.
 */
export type JudgedXmlSignature = { path: string, line: number, verdict: SignatureVerdict, covered: CoveredPart[] }

const MiB = 1024 * 1024

/** Nothing is lifted out here, and a document of another kind may be deeper than a packet. */
const LIMITS: Limits = { ...DEFAULT_LIMITS, packetBytes: 20 * MiB, markupBytes: 20 * MiB, depth: 100 }
/** More than anybody puts into one file; each costs a parse. */
const MOST_SIGNATURES = 10

/**
 * Judges every XML signature of a document, in document order; none gives an empty list. Throws a Refusal PACKET_… for what is no XML, has a
 * DOCTYPE, or is too large.
 */
export function judgeXmlSignatures (bytes: Uint8Array, context: XmlSignatureContext): JudgedXmlSignature[] {
  const judged: JudgedXmlSignature[] = []
  for (let number = 0, count = 1; number < Math.min(count, MOST_SIGNATURES + 1); number++) {
    withSignature(bytes, number, LIMITS, (located, found) => {
      count = found
      if (!located) return
      const beyond = number === MOST_SIGNATURES
      const { path, line } = located
      judged.push({ path, line, ...beyond ? { verdict: verdict(context, ['structure'], [{ code: 'SIGNATURE_REPEATED', detail: String(found) }]), covered: [] } : judge(located, context) })
    })
  }
  return judged
}

function judge (located: LocatedSignature, context: XmlSignatureContext): Pick<JudgedXmlSignature, 'verdict' | 'covered'> {
  const form = readStructure(located)
  if ('code' in form) return { verdict: verdict(context, ['structure'], [form]), covered: [] }
  const stamps = readStamps(located, form)
  if ('code' in stamps) return { verdict: verdict(context, ['structure'], [stamps]), covered: [] }
  const proved = proveTime(stamps, context)
  const sha1 = judgeSha1(form.sha1, proved, context)
  if (sha1.some(({ code }) => code === 'ALGORITHM_SHA1')) return { verdict: verdict(context, ['structure', 'algorithms'], sha1, undefined, proved), covered: [] }

  const { parts, findings } = digestParts(located, form)
  const signer = findSigner(form, context.certificates ?? [])
  if ('code' in signer) return { verdict: verdict(context, ['structure', 'algorithms', 'digest'], [signer, ...findings, ...sha1], undefined, proved), covered: [] }
  const { leaf: { certificate }, signed } = signer
  const covered = signed ? parts : []
  const ids = new Set(signed ? form.references.filter(({ uri }) => parts.some(({ reference }) => reference === uri)).flatMap(({ request }) => request.id ?? []) : [])
  const claim = claimedTime(form.objects, ids)
  const time = claim ? withClaim(proved, claim) : proved
  if (!signed) findings.unshift({ code: 'SIGNATURE_VALUE_WRONG' })
  if (!namesCertificate(form.objects, ids, certificate)) findings.push({ code: 'SIGNER_CERTIFICATE_OTHER' })
  findings.push(...judgeCoverage(located, covered, form.objects.some((object) => isStray(object, ids))))
  const others = form.keyInfo.certificates.filter((one) => one.certificate !== certificate).map((one) => one.certificate)
  return {
    verdict: conclude(context, {
      checked: ['structure', 'algorithms', 'signature value', 'digest', 'certificate'], findings: [...findings, ...sha1], time,
      certificate: judgeCertificate(certificate, others, context.trust, time.at, 'documents', context.waited), ...(signed && { signer: detailsOf(certificate) }),
    }),
    covered,
  }
}

/** What a signature says of itself stands inside it, and replaces nothing of the document. */
const PROPERTIES = /^\/(KeyInfo|Object(\[\d+\])?\/(SignatureProperties|QualifyingProperties\/SignedProperties))$/

/** What stands beside the parts that are covered is nobody's word: said of a part of a document, and of what was put into the Signature itself. */
function judgeCoverage ({ path: signature }: LocatedSignature, covered: readonly CoveredPart[], hasStray: boolean): SigningFinding[] {
  if (covered.length === 0) return []
  const detail = covered.map(({ path }) => path).join(', ')
  const isInside = ({ path }: CoveredPart) => path.startsWith(`${signature}/`)
  const moved = covered.filter((part) => isInside(part) && !PROPERTIES.test(part.path.slice(signature.length)))
  // Whoever moves signed content into the Signature may put other content in its place, beside other parts that stay where they are
  if (!isWhole(signature) && !covered.some(({ path }) => isWhole(path)) && (moved.length > 0 || covered.every(isInside))) return [{ code: 'SIGNATURE_COVERS_ITSELF', detail }]
  return covered.some(({ path }) => isWhole(path)) && !hasStray ? [] : [{ code: 'SIGNATURE_COVERS_PARTS', detail }]
}

/** The enveloped transform takes the Signature out before anything is digested: what an Object holds is covered by a Reference of its own, or not at all. */
function isStray (object: Element, ids: ReadonlySet<string>): boolean {
  const isBare = object.children.length === 0 && object.text.trim() !== ''
  return !isCovered(object, ids) && (isBare || object.children.some((child) => child.name !== 'QualifyingProperties' && !isCovered(child, ids)))
}

/** Read before anything is taken out of the document: SignatureValue is stamped where it stands. */
function readStamps (located: LocatedSignature, { objects }: XmlSignatureForm): Stamp[] | SigningFinding {
  const stamps = signatureTimeStamps(objects)
  if ('code' in stamps) return stamps
  const read: Stamp[] = []
  for (const { token, canonical } of stamps) {
    const octets = located.signatureValue(canonical)
    if (!octets) return { code: 'SIGNATURE_FORM', detail: 'SignatureValue/comment()' }
    read.push({ token, octets })
  }
  return read
}

/** The parts that have the digest which the signature gives them, and what is wrong with the others. */
export function digestParts (located: LocatedSignature, { references }: Pick<XmlSignatureForm, 'references'>): { parts: CoveredPart[], findings: SigningFinding[] } {
  const parts: CoveredPart[] = []
  const findings: SigningFinding[] = []
  const found = located.parts(references.map(({ request }) => request))
  references.forEach(({ uri, digestValue }, index) => {
    const part = found[index]
    switch (part) {
      case 'absent': findings.push({ code: 'REFERENCE_ABSENT', detail: uri }); return
      case 'ambiguous': findings.push({ code: 'REFERENCE_AMBIGUOUS', detail: uri }); return
      case 'misplaced': findings.push({ code: 'REFERENCE_MISPLACED', detail: uri }); return
      case 'excessive': findings.push({ code: 'SIGNATURE_FORM', detail: 'Reference' }); return
      case undefined: throw new Error('a Reference has no answer')
    }
    if (timingSafeEqual(part.digest, digestValue)) parts.push({ reference: uri, ...part })
    else findings.push({ code: 'CONTENT_CHANGED', detail: part.path })
  })
  return { parts, findings }
}

/** Whose certificate made the signature value. Where several could have, their keys tell. */
function findSigner ({ keyInfo, algorithm, signedInfo, signatureValue }: XmlSignatureForm, atHand: readonly X509Certificate[]): { leaf: KnownCertificate, signed: boolean } | SigningFinding {
  const candidates = candidatesOf(keyInfo, atHand)
  if ('code' in candidates) return candidates
  const fit = candidates.filter(({ key }) => keyFits(key, algorithm))
  const [only] = fit
  if (!only) return { code: 'SIGNER_KEY_UNFIT' }
  const [leaf, second] = fit.filter(({ key }) => signatureFits(algorithm, key, signedInfo, signatureValue))
  if (second) return { code: 'SIGNER_CERTIFICATE_AMBIGUOUS' }
  if (leaf) return { leaf, signed: true }
  return fit.length === 1 ? { leaf: only, signed: false } : { code: 'SIGNATURE_VALUE_WRONG' }
}

/** The document, or its root element. */
function isWhole (path: string): boolean {
  return path.lastIndexOf('/') === 0
}
