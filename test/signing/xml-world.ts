/** XML signatures of the general form for tests: written out in canonical form by hand, so that nothing of src/signing is needed to sign. */
import { createHash, sign } from 'node:crypto'

import { rsaKeys, type Issued } from '../../certs-example/issue.ts'
import { judgeXmlSignatures, type JudgedXmlSignature, type XmlSignatureContext } from '../../src/signing/xml-signature.ts'
import type { Trust } from '../../src/trust/judge.ts'
import type { TrustPolicy } from '../../src/trust/policy.ts'
import { AT, makeCa, makeLeaf, trustOf } from '../trust/world.ts'
import { exampleFiles, signedText, told, xmlsec } from './world.ts'

export const DS = 'http://www.w3.org/2000/09/xmldsig#'
export const MORE = 'http://www.w3.org/2001/04/xmldsig-more#'
export const XADES = 'http://uri.etsi.org/01903/v1.3.2#'
export const INCLUSIVE = 'http://www.w3.org/TR/2001/REC-xml-c14n-20010315'

const root = makeCa('root')
const SPAN = { notBefore: new Date('2012-01-01T00:00:00Z'), notAfter: new Date('2030-01-01T00:00:00Z') }
const oldRoot = makeCa('old root', undefined, SPAN)

/** Signers with RSA keys, below roots of their own; the old one signed from 2012 on. */
export const issued: Issued = makeLeaf(root, { keys: rsaKeys(2048) })
export const old: Issued = makeLeaf(oldRoot, { keys: rsaKeys(2048), ...SPAN })

/** Both roots are trusted. */
export function trustWith (policy: Partial<TrustPolicy> = {}): Trust {
  const trust = trustOf([root, oldRoot])
  return { ...trust, policy: { ...trust.policy, ...policy } }
}

/** What a hand-made signature is made of. `objects` are written in canonical form, but for the xmldsig namespace they inherit. */
export type Enveloping = {
  objects?: string[],
  signer?: Issued,
  hash?: 'sha1' | 'sha256',
  /** Changes SignedInfo before it is signed. */
  signedInfo?: (text: string) => string,
  keyInfo?: string,
  /** What is put behind the Objects, given the canonical SignatureValue. */
  unsigned?: (value: string) => string,
}

/** An Object that a Reference can name. */
export const object = (content: string, id = 'it'): string => `<Object Id="${id}">${content}</Object>`

/** A document that holds nothing but a signature around its Objects, each of which has a Reference. */
export function enveloping ({ objects = [object('văn bản')], signer = issued, hash = 'sha256', ...change }: Enveloping = {}): string {
  const [method, digest] = hash === 'sha1' ? [`${DS}rsa-sha1`, `${DS}sha1`] : [`${MORE}rsa-sha256`, 'http://www.w3.org/2001/04/xmlenc#sha256']
  const references = objects.map((text) => {
    const octets = text.replace('<Object ', `<Object xmlns="${DS}" `)
    return `<Reference URI="#${/ Id="(\w+)"/.exec(text)![1]}"><DigestMethod Algorithm="${digest}"></DigestMethod><DigestValue>${createHash(hash).update(octets).digest('base64')}</DigestValue></Reference>`
  })
  const written = `<SignedInfo><CanonicalizationMethod Algorithm="${INCLUSIVE}"></CanonicalizationMethod><SignatureMethod Algorithm="${method}"></SignatureMethod>${references.join('')}</SignedInfo>`
  const signedInfo = change.signedInfo?.(written) ?? written
  const value = sign(hash, Buffer.from(signedInfo.replace('<SignedInfo>', `<SignedInfo xmlns="${DS}">`)), signer.keys.privateKey).toString('base64')
  const keyInfo = change.keyInfo ?? x509(signer)
  const unsigned = change.unsigned?.(`<SignatureValue xmlns="${DS}">${value}</SignatureValue>`) ?? ''
  return `<Signature xmlns="${DS}">${signedInfo}<SignatureValue>${value}</SignatureValue>${keyInfo}${objects.join('')}${unsigned}</Signature>`
}

/** A KeyInfo with the signer's certificate, and something before it. */
export const x509 = ({ certificate }: Issued, before = ''): string => `<KeyInfo><X509Data>${before}<X509Certificate>${certificate.raw.toString('base64')}</X509Certificate></X509Data></KeyInfo>`

/** An Object with a time-stamp in it, as XAdES has it. */
export const stamped = (token: Buffer, method = ''): string =>
  `<Object><xades:QualifyingProperties xmlns:xades="${XADES}" Target="#s"><xades:UnsignedProperties><xades:UnsignedSignatureProperties><xades:SignatureTimeStamp>` +
  `${method}<xades:EncapsulatedTimeStamp>${token.toString('base64')}</xades:EncapsulatedTimeStamp></xades:SignatureTimeStamp></xades:UnsignedSignatureProperties></xades:UnsignedProperties></xades:QualifyingProperties></Object>`

/** A packet with something behind the KeyInfo of its signature, which is given SignatureValue as inclusive C14N has it. */
export async function packetWith (unsigned: (value: string) => string): Promise<string> {
  const signed = await signedText()
  // What the elements around it declare comes first
  const value = /<SignatureValue>([^<]*)</.exec(signed)![1]
  return signed.replace('</KeyInfo>', `</KeyInfo>${unsigned(`<SignatureValue xmlns="${DS}" xmlns:edXML="http://www.mic.gov.vn/TBT/QCVN_102_2016">${value}</SignatureValue>`)}`)
}

/** The judgement of every signature in a document. */
export function judge (text: string, change: Partial<XmlSignatureContext> = {}): JudgedXmlSignature[] {
  return judgeXmlSignatures(Buffer.from(text), { trust: trustWith(), at: AT, ...change })
}

/** The verdict on its only signature. */
export function judgeOne (text: string, change: Partial<XmlSignatureContext> = {}): JudgedXmlSignature {
  const [only, second] = judge(text, change)
  if (!only || second) throw new Error('not one signature')
  return only
}

/** That verdict in a line, and what the signature covers. */
export function toldOf (text: string, change: Partial<XmlSignatureContext> = {}): string {
  const { verdict, covered } = judgeOne(text, change)
  return [told(verdict), ...covered.map(({ path }) => path)].join(' ')
}

/** Lets xmlsec1 fill in the first Signature of a template with an example key; it is told which attributes are Ids. */
export function xmlsecFills (template: string, ids: readonly [attribute: string, element: string][] = []): string {
  const files = exampleFiles('so-noi-vu-vi-du')
  const idArguments = ids.flatMap(([attribute, element]) => [`--id-attr:${attribute}`, element])
  const { accepted, output, told } = xmlsec(['--sign', '--privkey-pem', `${files.key},${files.certificates}`, ...idArguments, '--output', '{out}', '{template}'], { template })
  if (!accepted) throw new Error(told)
  return output
}

/** A Signature for xmlsec1 to fill in: References by their URI and the algorithms of their Transforms. */
export function template (references: readonly (readonly [uri: string, ...transforms: string[]])[], { method = INCLUSIVE, objects = '', keyInfo = '<X509Data/>' } = {}): string {
  const written = references.map(([uri, ...transforms]) => `<Reference URI="${uri}">` +
    (transforms.length === 0 ? '' : `<Transforms>${transforms.map((one) => one.startsWith('<') ? one : `<Transform Algorithm="${one}"/>`).join('')}</Transforms>`) +
    '<DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><DigestValue/></Reference>')
  return `<Signature xmlns="${DS}"><SignedInfo><CanonicalizationMethod Algorithm="${method}"/><SignatureMethod Algorithm="${MORE}rsa-sha256"/>${written.join('')}</SignedInfo>` +
    `<SignatureValue/><KeyInfo>${keyInfo}</KeyInfo>${objects}</Signature>`
}
