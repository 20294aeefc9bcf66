/** What is fuzzed: good bytes of each kind, what judges them, and what must hold however they are changed. */
import { createHash, X509Certificate } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'

import { issueCrl, issueOcsp } from '../../certs-example/revocation.ts'
import type { Attachment } from '../../src/edxml/packet.ts'
import { openPacket, readPacket } from '../../src/edxml/read.ts'
import { writePacket } from '../../src/edxml/write.ts'
import { Refusal } from '../../src/errors.ts'
import { judgePacketSignature, signPacket } from '../../src/signing/packet-signature.ts'
import { judgeSeal, makeSeal } from '../../src/signing/seal.ts'
import { DerError } from '../../src/trust/asn1/der.ts'
import { judgeCertificate } from '../../src/trust/judge.ts'
import { readCrl } from '../../src/trust/revocation/crl.ts'
import { readOcsp } from '../../src/trust/revocation/ocsp.ts'
import { judgeTokenBytes } from '../../src/trust/time/token.ts'
import { fingerprintOf } from '../../src/trust/verdict.ts'
import { contextFor, documentPacket, NOW, packetText, sender, signedText, trust as exampleTrust } from '../signing/world.ts'
import { forgeriesOf } from '../signing/wrapping.ts'
import { enveloping, judge, object, packetWith, stamped } from '../signing/xml-world.ts'
import { judge as judgeRevocation, leaf, root, serialOf, sub } from '../trust/revocation/world.ts'
import { STORE, TSA } from '../trust/time/reasons.ts'
import { HASH, writeToken } from '../trust/time/tokens.ts'
import { AT, trustOf } from '../trust/world.ts'
import { mutateBytes, mutateDer } from './mutate-bytes.ts'
import { mutateXml } from './mutate-xml.ts'
import { makePdfStructureTargets } from './pdf-structure.ts'
import { makePdfVerdictTargets } from './pdf-verdict.ts'
import type { Random } from './random.ts'

/** `judge` tells what is believed of bytes: undefined when nothing is. What it believes of changed bytes must be what it believes of the good ones. */
export type Target = {
  name: string,
  good: Buffer,
  mutate: (good: Buffer, random: Random) => Buffer,
  judge: (bytes: Buffer) => Promise<unknown> | unknown,
  /** What may be thrown: a fault of the bytes, by its name. */
  isFault: (error: unknown) => boolean,
}

const isRefusal = (error: unknown): boolean => error instanceof Refusal
const isDerError = (error: unknown): boolean => error instanceof DerError

/** All targets, made anew: their keys are of this run. */
export async function makeTargets (): Promise<Target[]> {
  const document = documentPacket()
  const packet = await signPacket(await writePacket(document), sender)
  const seal = await makeSeal(document, sender, NOW)
  const text = Buffer.from(await signedText())
  const stampedPacket = Buffer.from(await packetWith((value) => stamped(writeToken(TSA, { hash: createHash('sha256').update(value).digest() }))))
  const forgeries = forgeriesOf(text.toString()).map(({ packet }) => Buffer.from(packet))
  const twoParts = Buffer.from(`<r><x Id="x">hai</x>${enveloping({ objects: [object('một', 'one'), object('<y xmlns="">hai</y>', 'two')] })}</r>`)
  const trust = trustOf([root], [sub])
  const on = { thisUpdate: new Date(AT.getTime() - 3_600_000), nextUpdate: new Date(AT.getTime() + 3_600_000) }
  const crl = issueCrl({ issuer: sub, ...on, serials: [serialOf(leaf)] })
  const ofSub = readCrl(issueCrl({ issuer: root, ...on }))
  const ocsp = issueOcsp({ signer: sub, producedAt: on.thisUpdate, entries: [{ certificate: leaf.certificate, issuer: sub.certificate, revoked: { at: on.thisUpdate }, ...on }] })
  const fingerprint = fingerprintOf(leaf.certificate)
  /** Whether the signer is believed to be good: of a list that revokes him nothing can be made that says so. */
  const isGood = ({ answers }: ReturnType<typeof judgeRevocation>) => answers.some(({ certificate, status }) => certificate === fingerprint && status === 'good')

  return [
    { name: 'packet', good: packet, mutate: xml, judge: (bytes) => judgePacket(bytes), isFault: isRefusal },
    { name: 'packet in the SDK\'s shape', good: text, mutate: xml, judge: (bytes) => judgePacket(bytes), isFault: isRefusal },
    { name: 'packet with a time-stamp', good: stampedPacket, mutate: xml, judge: judgeStamped, isFault: isRefusal },
    { name: 'forged packet', good: text, mutate: (_, random) => xml(random.pick(forgeries), random), judge: (bytes) => judgePacket(bytes), isFault: isRefusal },
    { name: 'unsigned packet', good: Buffer.from(packetText('')), mutate: xml, judge: (bytes) => judgePacket(bytes), isFault: isRefusal },
    { name: 'seal', good: seal.bytes, mutate: xml, judge: (bytes) => judgeSealed(bytes, seal), isFault: isRefusal },
    { name: 'XML signature', good: twoParts, mutate: xml, judge: judgeParts, isFault: isRefusal },
    { name: 'certificate', good: leaf.certificate.raw, mutate: der, judge: judgeOneCertificate, isFault: isUnreadable },
    { name: 'CRL', good: crl, mutate: der, judge: (bytes) => isGood(judgeRevocation({ crls: [readCrl(bytes), ofSub] })), isFault: isDerError },
    { name: 'CRL that revokes nobody', good: issueCrl({ issuer: sub, ...on }), mutate: der, judge: (bytes) => isGood(judgeRevocation({ crls: [readCrl(bytes), ofSub] })) ? bytes.toString('hex') : undefined, isFault: isDerError },
    { name: 'OCSP', good: ocsp, mutate: der, judge: (bytes) => isGood(judgeRevocation({ crls: [ofSub], ocsp: [readOcsp(bytes)] })), isFault: isDerError },
    { name: 'token', good: writeToken(TSA), mutate: der, judge: judgeToken, isFault: isDerError },
    ...makePdfStructureTargets(),
    ...await makePdfVerdictTargets(),
  ]

  async function judgePacket (bytes: Buffer, context = contextFor()) {
    const opened = openPacket(bytes)
    const verdict = judgePacketSignature(opened, context)
    const read = await readPacket(opened)
    // No token but the good one proves a time
    if (verdict.proofTime.from === 'token' && verdict.proofTime.at !== AT.toISOString()) throw new Error(`${verdict.proofTime.at} is proved`)
    if (verdict.result !== 'valid') return undefined
    const { warnings: _, ...said } = read
    return said
  }

  function judgeStamped (bytes: Buffer) {
    return judgePacket(bytes, contextFor(sender, { trust: { ...exampleTrust, timeStamping: STORE } }))
  }

  function judgeSealed (bytes: Buffer, attachment: Attachment) {
    const { result, sealedAt } = judgeSeal({ ...attachment, bytes }, document, contextFor())
    return result === 'valid' ? sealedAt : undefined
  }

  /** What is covered, of each signature that proves anything: one that covers less than the good one says less, and nothing else. */
  function judgeParts (bytes: Buffer) {
    const covered = judge(bytes.toString()).flatMap(({ verdict, covered }) => verdict.result === 'valid' ? [covered.map(({ digest }) => digest.toString('hex'))] : [])
    return covered.length === 0 ? undefined : covered
  }

  function judgeOneCertificate (bytes: Buffer) {
    const certificate = new X509Certificate(bytes)
    return judgeCertificate(certificate, [], trust, AT).result === 'valid' ? certificate.raw.toString('hex') : undefined
  }

  function judgeToken (bytes: Buffer) {
    const { result, info } = judgeTokenBytes(bytes, (digest) => digest === 'sha256' ? HASH : undefined, STORE)
    return result === 'valid' ? info : undefined
  }
}

/** Whether what is believed of changed bytes is what was believed of the good ones, or nothing. */
export function isHonest (believed: unknown, good: unknown): boolean {
  return believed === undefined || isDeepStrictEqual(believed, good)
}

function xml (good: Buffer, random: Random): Buffer {
  const once = random.below(5) === 0 ? mutateBytes(good, random) : mutateXml(good, random)
  return random.below(3) === 0 ? mutateXml(once, random) : once
}

function der (good: Buffer, random: Random): Buffer {
  const once = random.below(3) === 0 ? mutateBytes(good, random) : mutateDer(good, random)
  return once.length > 0 && random.below(4) === 0 ? mutateDer(once, random) : once
}

/** OpenSSL says what it likes of bytes that are no certificate. */
function isUnreadable (error: unknown): boolean {
  return isDerError(error) || (error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_OSSL'))
}
