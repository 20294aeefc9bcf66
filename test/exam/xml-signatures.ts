/** What the exams of XML signatures have in common: a file of somebody else's, its arithmetic by our judge's parts, and by xmlsec1. */
import { createPublicKey, X509Certificate, type KeyObject } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { readElements, type Element } from '../../src/edxml/elements.ts'
import { DEFAULT_LIMITS } from '../../src/edxml/limits.ts'
import { withSignature, type LocatedSignature } from '../../src/edxml/signed.ts'
import { Refusal } from '../../src/errors.ts'
import { keyFits, signatureFits } from '../../src/signing/algorithms.ts'
import { readStructure } from '../../src/signing/structure.ts'
import { digestParts, judgeXmlSignatures } from '../../src/signing/xml-signature.ts'
import { needsXmlsec, NOW, trust, xmlsec } from '../signing/world.ts'
import { shared } from '../support/shared.ts'
import { bareKeysIn } from './key-value.ts'
import type { ExamRow, ExamTable } from './pkits.ts'

/** `product`: by the algorithms of the product. `historical`: SHA-1 and short keys too, so that old vectors examine the rest. */
export type Rules = 'product' | 'historical'

/**
 * What xmlsec1 says, where it can be run, beside our own answer; `why` explains where the two, or we and upstream, differ. `chain` is the verdict
 * on the chain that came along, where the arithmetic is right.
 */
export type SignatureRow = ExamRow & { xmlsec1?: string, why?: string, chain?: string }

/** A table of such rows. */
export type SignatureTable = Omit<ExamTable, 'rows'> & { rows: SignatureRow[] }

/** Why xmlsec1 may accept what we refuse for these reasons. */
const POLICY: Readonly<Record<string, string>> = {
  ALGORITHM_SHA1: 'xmlsec1 takes SHA-1, and DSA with it',
  ALGORITHM_NOT_ALLOWED: 'xmlsec1 takes DSA, MD5, RIPEMD-160 and SHA-224',
  TRANSFORM_NOT_ALLOWED: 'xmlsec1 computes XPath and XPath Filter 2, by which a signature may leave out whatever it likes',
  KEY_INFO_NOT_ALLOWED: 'xmlsec1 follows a RetrievalMethod within the document',
  SIGNER_KEY_UNFIT: 'xmlsec1 takes RSA keys below 2048 bits, and P-521',
}

/** A collection of files. `isBad` tells what upstream wants refused, `why` the reasons of single files. */
export type Collection = { title: string, folder: string, rules: Rules, isBad: (name: string) => boolean, why: Readonly<Record<string, string>> }

/** Judges every file of a collection: what uses only what we allow must be accepted, unless upstream says no, and all else refused. */
export function runSignatures ({ title, folder, rules, isBad, why }: Collection): SignatureTable {
  const rows = filesWithSignatures(folder).map((name): SignatureRow => {
    const reason = judgeArithmetic(folder, name, rules)
    const got = reason === undefined ? 'accepted' : 'refused'
    const isAllowed = usesOnlyAllowed(read(folder, name), rules) && (rules === 'historical' || hasAllowedKey(folder, name))
    const expected = isAllowed && !isBad(name) ? 'accepted' : 'refused'
    const xmlsec1 = needsXmlsec.skip ? undefined : once(`${folder}/${name}`, () => xmlsecSays(folder, name))
    const differs = got !== expected || (xmlsec1 !== undefined && got !== xmlsec1)
    const chain = got === 'accepted' && rules === 'product' ? judgeChain(folder, name) : undefined
    const explained = why[name] ?? POLICY[reason?.split(' ')[0] ?? '']
    return { name, expected, got, ...reason !== undefined && { reason }, ...xmlsec1 !== undefined && { xmlsec1 }, ...chain !== undefined && { chain }, ...differs && explained !== undefined && { why: explained } }
  })
  return { title: `${title}, ${rules === 'product' ? "by the product's algorithms" : 'with SHA-1 and short keys'}`, rows }
}

/** Every XML file of a folder that has a Signature in the xmldsig namespace. */
function filesWithSignatures (folder: string): string[] {
  return readdirSync(shared(folder), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.xml')).sort()
    .filter((name) => /<(\w+:)?Signature[\s>]/.test(read(folder, name)))
}

function read (folder: string, name: string): string {
  return readFileSync(shared(join(folder, name)), 'latin1')
}

/** Whether all signatures of a file are right, whoever made them: structure, digests, and the value by a key that comes along or lies beside. Else why not. */
function judgeArithmetic (folder: string, name: string, rules: Rules): string | undefined {
  const bytes = readFileSync(shared(join(folder, name)))
  try {
    for (let number = 0, count = 1; number < count; number++) {
      const reason = withSignature(bytes, number, DEFAULT_LIMITS, (located, found) => {
        count = found
        return located ? judgeOne(located, keysBeside(folder), rules) : 'SIGNATURE_ABSENT'
      })
      if (reason !== undefined) return reason
    }
    return undefined
  } catch (error) {
    if (error instanceof Refusal) return error.code
    throw error
  }
}

function judgeOne (located: LocatedSignature, beside: readonly KeyObject[], rules: Rules): string | undefined {
  const form = readStructure(located)
  if ('code' in form) return form.detail === undefined ? form.code : `${form.code} (${form.detail})`
  if (form.sha1 !== undefined && rules === 'product') return `ALGORITHM_SHA1 (${form.sha1})`
  const { findings: [finding] } = digestParts(located, form)
  if (finding) return finding.code
  const keys = keysFor(located, beside).filter(({ asymmetricKeyType: type }) => type === (form.algorithm.scheme === 'ecdsa' ? 'ec' : 'rsa'))
  if (keys.length === 0) return 'SIGNER_CERTIFICATE_ABSENT'
  const fit = keys.filter((key) => rules === 'historical' || keyFits(key, form.algorithm))
  if (fit.length === 0) return 'SIGNER_KEY_UNFIT'
  return fit.some((key) => signatureFits(form.algorithm, key, form.signedInfo, form.signatureValue)) ? undefined : 'SIGNATURE_VALUE_WRONG'
}

/** The keys that come along with a signature, bare or in certificates; those that lie beside the file if none does. */
function keysFor (located: LocatedSignature, beside: readonly KeyObject[]): KeyObject[] {
  const element = readElements(located.element)
  const own = [...certificatesIn(element).map(({ publicKey }) => publicKey), ...bareKeysIn(element)]
  return own.length > 0 ? own : [...beside]
}

/** The certificates in a Signature that can be read. */
function certificatesIn (element: Element): X509Certificate[] {
  const own = element.name === 'X509Certificate' ? [Buffer.from(element.text, 'base64')].flatMap(certificateFrom) : []
  return [...own, ...element.children.flatMap(certificatesIn)]
}

function certificateFrom (bytes: Buffer): X509Certificate[] {
  try {
    return [new X509Certificate(bytes)]
  } catch {
    return []
  }
}

const ALLOWED_TRANSFORM = /^http:\/\/www\.w3\.org\/(2000\/09\/xmldsig#enveloped-signature|(TR\/2001\/REC-xml-c14n-20010315|2006\/12\/xml-c14n11)(#WithComments)?|2001\/10\/xml-exc-c14n#(WithComments)?)$/
const ALLOWED_DIGEST = /#sha(256|384|512)$/
const ALLOWED_METHOD = /#(rsa|ecdsa)-sha(256|384|512)$|#sha(256|384|512)-rsa-MGF1$/
const OLD_DIGEST = /^http:\/\/www\.w3\.org\/2000\/09\/xmldsig#sha1$/
const OLD_METHOD = /#(rsa|ecdsa)-sha1$/

/** Whether a file uses only what we allow, by a look at its text that shares nothing with our judge. */
function usesOnlyAllowed (text: string, rules: Rules): boolean {
  const values = (pattern: RegExp) => [...text.matchAll(pattern)].map(([, value]) => value as string)
  const old = rules === 'historical'
  return !/<!DOCTYPE|<(\w+:)?(RetrievalMethod|KeyInfoReference|Manifest|HMACOutputLength)[\s>]/.test(text) &&
    values(/SignatureMethod\s[^>]*Algorithm="([^"]*)"/g).every((value) => ALLOWED_METHOD.test(value) || (old && OLD_METHOD.test(value))) &&
    values(/DigestMethod\s[^>]*Algorithm="([^"]*)"/g).every((value) => ALLOWED_DIGEST.test(value) || (old && OLD_DIGEST.test(value))) &&
    values(/Transform\s[^>]*Algorithm="([^"]*)"/g).every((value) => ALLOWED_TRANSFORM.test(value)) &&
    // C14N 1.0, 1.3: what declares a relative namespace has no canonical form
    values(/\sxmlns(?::\w+)?="([^"]*)"/g).every((value) => value === '' || value.includes(':')) &&
    values(/<(?:\w+:)?Reference\s[^>]*URI="([^"]*)"/g).every((value) => /^(#[^()]*|#xpointer\(\/\)|#xpointer\(id\(.*\)\)|)$/.test(value))
}

/** Whether the key that made a signature is one we allow; where none that is at hand did, whether one could have been. */
function hasAllowedKey (folder: string, name: string): boolean {
  const made = fittingKey(folder, name)
  const bytes = readFileSync(shared(join(folder, name)))
  const type = /SignatureMethod\s[^>]*#ecdsa-/.test(read(folder, name)) ? 'ec' : 'rsa'
  const keys = made ? [createPublicKey(made)] : withSignature(bytes, 0, DEFAULT_LIMITS, (located) => located ? keysFor(located, keysBeside(folder)) : [])
  return keys.some(({ asymmetricKeyType, asymmetricKeyDetails: details }) =>
    asymmetricKeyType === type && ((details?.modulusLength ?? 0) >= 2048 || ['prime256v1', 'secp384r1'].includes(details?.namedCurve ?? '')))
}

/** What our judge says of the chain that comes along with the first signature, once the root in it is pinned; undefined if there is none. */
function judgeChain (folder: string, name: string): string | undefined {
  const bytes = readFileSync(shared(join(folder, name)))
  const anchors = withSignature(bytes, 0, DEFAULT_LIMITS, (located) => located ? certificatesIn(readElements(located.element)) : []).filter((one) => one.ca && one.checkIssued(one))
  if (anchors.length === 0) return undefined
  const [judged] = judgeXmlSignatures(bytes, { trust: { ...trust, domains: [{ label: 'exam', anchors, intermediates: [] }] }, at: NOW })
  const { result = 'invalid', reasons = [] } = judged?.verdict ?? {}
  return [result, ...new Set(reasons.map(({ code }) => code))].join(' ')
}

/**
 * Whether xmlsec1 finds the first signature right, whoever made it. It is told which attributes are Ids, as it believes only a DTD, and is given the
 * key by which we found it right, as it does not know all forms of KeyInfo.
 */
function xmlsecSays (folder: string, name: string): string {
  const ids = new Set([...read(folder, name).matchAll(/<(?:[\w.-]+:)?([\w.-]+)\s[^<>]*?\b(Id|ID|id)\s*=/g)].map(([, element, attribute]) => `${attribute} ${element}`))
  const namespaces = ['', ...new Set([...read(folder, name).matchAll(/\sxmlns(?::\w+)?=["']([^"']+)["']/g)].map(([, namespace]) => `${namespace}:`))]
  const idArguments = [...ids].map((pair) => pair.split(' ') as [string, string])
    .flatMap(([attribute, element]) => namespaces.flatMap((namespace) => [`--id-attr:${attribute}`, `${namespace}${element}`]))
  const key = fittingKey(folder, name)
  const keyArguments = key ? ['--pubkey-pem', '{key}', '--enabled-key-data', 'key-name'] : []
  const text = readFileSync(shared(join(folder, name)))
  return xmlsec(['--verify', '--insecure', ...keyArguments, ...idArguments, '{text}'], { text, ...key && { key } }).accepted ? 'accepted' : 'refused'
}

/** PEM of the key that made the first signature. */
function fittingKey (folder: string, name: string): string | undefined {
  try {
    return withSignature(readFileSync(shared(join(folder, name))), 0, DEFAULT_LIMITS, (located) => {
      const form = located && readStructure(located)
      if (!form || 'code' in form) return undefined
      const key = keysFor(located, keysBeside(folder)).filter(({ asymmetricKeyType: type }) => type === (form.algorithm.scheme === 'ecdsa' ? 'ec' : 'rsa'))
        .find((one) => signatureFits(form.algorithm, one, form.signedInfo, form.signatureValue))
      return key?.export({ format: 'pem', type: 'spki' }).toString()
    })
  } catch (error) {
    if (error instanceof Refusal) return undefined
    throw error
  }
}

const said = new Map<string, string>()

/** A file is in two tables, and starting a program is slow. */
function once (file: string, ask: () => string): string {
  const answer = said.get(file) ?? ask()
  said.set(file, answer)
  return answer
}

const keys = new Map<string, KeyObject[]>()

/** The keys of all certificates that lie in a folder. */
function keysBeside (folder: string): KeyObject[] {
  const known = keys.get(folder)
  if (known) return known
  const found = readdirSync(shared(folder), { recursive: true, encoding: 'utf8' }).filter((file) => /\.(pem|der|crt)$/.test(file))
    .flatMap((file) => certificateFrom(readFileSync(shared(join(folder, file))))).map(({ publicKey }) => publicKey)
  keys.set(folder, found)
  return found
}
