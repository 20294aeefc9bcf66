/**
 * The seal: a small signed XML manifest that crosses the axis as the last attachment and proves the document end to end.
 * It names what survives the axis' rewriting (axis.md 1.10): field values as parsed, and every attachment's name, size and SHA-256.
 */
import type { Element } from '../edxml/elements.ts'
import type { Opened } from '../edxml/open.ts'
import type { Signer } from '../trust/signers/signer.ts'
import { readElements } from '../edxml/elements.ts'
import { attachmentDigests, survivingFields } from '../edxml/identity.ts'
import { DEFAULT_LIMITS } from '../edxml/limits.ts'
import { eachOctets, openXml } from '../edxml/open.ts'
import { SEAL_NAME, type Attachment, type DocumentPacket } from '../edxml/packet.ts'
import { Refusal } from '../errors.ts'
import type { SignatureVerdict } from '../trust/verdict.ts'
import { XMLDSIG } from './algorithms.ts'
import { differences, type Sealed } from './difference.ts'
import { proveTime, withClaim } from './proof-time.ts'
import { conclude, examineSignature, findSignature, makeSignature, verdict, type Examination, type SignatureContext } from './xmldsig.ts'

/** A verdict on a seal; `sealedAt` is what the sealing agency says, once it is proved that it said so. */
export type SealVerdict = SignatureVerdict & { sealedAt?: string }

const NAMESPACE = 'urn:lienthong:seal:1'
const END = '</Seal>'

/** Seals a document as it is now. What comes back goes into the packet as its last attachment. */
export async function makeSeal (packet: DocumentPacket, signer: Signer, now: Date): Promise<Attachment> {
  const text = writeSeal(sealOf(packet), now)
  const unsigned = openSeal(Buffer.from(text + END))
  const signature = await makeSignature((sink) => { eachOctets(unsigned, sink) }, signer)
  return {
    contentId: 'lienthong-seal',
    name: SEAL_NAME,
    originalName: SEAL_NAME,
    contentType: 'application/xml',
    description: 'Con dấu điện tử của gateway: chứng minh văn bản không bị thay đổi trên đường đi',
    bytes: Buffer.concat([Buffer.from(text), signature, Buffer.from(`${END}\n`)]),
  }
}

/**
 * Judges the seal that came with a document, and the document by it. Valid means: this agency sealed these very field values and
 * these very attachments. What differs is named by field and by file, never by content.
 */
export function judgeSeal (seal: Attachment | undefined, packet: DocumentPacket, context: SignatureContext): SealVerdict {
  if (!seal) return verdict(context, [], [{ code: 'SEAL_ABSENT' }])
  const opened = openedOr(seal.bytes)
  if (opened instanceof Refusal) return verdict(context, ['structure'], [{ code: 'SEAL_UNREADABLE', detail: opened.code }])
  const found = findSignature(opened)
  if ('code' in found) return verdict(context, ['structure'], [found.code === 'SIGNATURE_ABSENT' ? { code: 'SEAL_UNSIGNED' } : found])
  if (found.signature.namespace !== XMLDSIG) return verdict(context, ['structure'], [{ code: 'SIGNATURE_NAMESPACE' }])

  const examination = examineSignature(opened, found, context)
  const signed = conclude(context, examination)
  const sealed = readSeal(readElements(opened.content.octets))
  // What no agency signed is not compared: its names would be a stranger's words in our verdict
  if (signed.result === 'invalid') return sealed ? claiming(signed, examination, new Date(sealed.at)) : signed
  if (!sealed) return verdict(context, ['structure'], [{ code: 'SEAL_UNREADABLE', detail: 'Seal' }])
  const findings = [...examination.findings, ...differences(sealed, sealOf(packet))]
  const time = withClaim(examination.time ?? proveTime([], context), new Date(sealed.at))
  return { ...conclude(context, { ...examination, findings, time, checked: [...examination.checked, 'fields', 'attachments'] }), sealedAt: sealed.at }
}

/** A verdict with the signer's claim of time beside it, if the signature value and digest are right: of a certificate that has ended, it is all there is. */
function claiming (signed: SealVerdict, { signer, findings, time }: Examination, claim: Date): SealVerdict {
  const isWord = signer && time && !findings.some(({ code }) => code === 'CONTENT_CHANGED')
  return isWord ? { ...signed, proofTime: withClaim(time, claim).proofTime } : signed
}

/** What a seal of this document says. */
function sealOf (packet: DocumentPacket): Sealed {
  return { fields: survivingFields(packet), attachments: attachmentDigests(packet) }
}

function openSeal (bytes: Buffer): Opened {
  return openXml(bytes, { limits: DEFAULT_LIMITS, signatureAt: ['Seal'], lift: false })
}

function openedOr (bytes: Buffer): Opened | Refusal {
  try {
    return openSeal(bytes)
  } catch (error) {
    if (error instanceof Refusal) return error
    throw error
  }
}

/** The seal up to where its signature goes. */
function writeSeal ({ fields, attachments }: Sealed, now: Date): string {
  return [
    `<?xml version="1.0" encoding="UTF-8"?>\n<Seal xmlns="${NAMESPACE}">`,
    `<SealedAt>${now.toISOString()}</SealedAt>`,
    ...fields.map(([path, value]) => `<Field path="${escape(path)}">${escape(value)}</Field>`),
    ...attachments.map(({ name, size, sha256 }) => `<Attachment name="${escape(name)}" size="${size}" sha256="${sha256}"/>`),
    '',
  ].join('\n')
}

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\t': '&#9;', '\n': '&#10;', '\r': '&#13;' }

/** A parser would make plain line ends and tabs in attributes into blanks. */
function escape (text: string): string {
  return text.replace(/[&<>"\t\n\r]/g, (character) => ESCAPES[character] as string)
}

/** Reads what was signed, or undefined when it is no seal as we make them. */
function readSeal (seal: Element): Sealed & { at: string } | undefined {
  const [time, ...rest] = seal.children
  if (seal.name !== 'Seal' || time?.name !== 'SealedAt' || Number.isNaN(Date.parse(time.text))) return undefined
  if (![seal, time, ...rest].every((element) => element.namespace === NAMESPACE && (element === seal || element.children.length === 0))) return undefined
  const fields = rest.filter(({ name }) => name === 'Field').map(({ attributes, text }): [string, string] => [attributes['path'] ?? '', text])
  const attachments = rest.filter(({ name }) => name === 'Attachment')
    .map(({ attributes }) => ({ name: attributes['name'] ?? '', size: Number(attributes['size']), sha256: attributes['sha256'] ?? '' }))
  return fields.length + attachments.length === rest.length ? { at: time.text, fields, attachments } : undefined
}
