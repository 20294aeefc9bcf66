import { generateKeyPairSync } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'

import t from 'tap'

import { ecKeys, rsaKeys } from '../../certs-example/issue.ts'
import { INCLUSIVE_C14N, INCLUSIVE_C14N11 } from '../../src/edxml/xml.ts'
import { judgePacketSignature } from '../../src/signing/packet-signature.ts'
import type { SignatureContext } from '../../src/signing/xmldsig.ts'
import { fingerprintOf } from '../../src/trust/verdict.ts'
import { needsShared, shared } from '../support/shared.ts'
import { makeCa, makeLeaf, trustOf, AT } from '../trust/world.ts'
import { contextFor, exampleSigner, handOf, open, packetText, sender, signByHand, signedText, stranger, told, type Hand } from './world.ts'

const DS = 'http://www.w3.org/2000/09/xmldsig#'
const MORE = 'http://www.w3.org/2001/04/xmldsig-more#'

const ca = makeCa('CA')
const rsa = makeLeaf(ca, { keys: rsaKeys(2048) })
const p256 = makeLeaf(ca, { keys: ecKeys('prime256v1') })
const p384 = makeLeaf(ca, { keys: ecKeys('secp384r1') })

const inWorld = ({ certificate }: Pick<typeof rsa, 'certificate'>): SignatureContext =>
  ({ trust: trustOf([ca]), at: AT, speaksFor: (fingerprint) => fingerprint === fingerprintOf(certificate) })

/** The verdict on a packet that the signer of this test signed, with these differences. */
function judgeHand (change: Partial<Hand> = {}, issued = rsa, context = inWorld(issued)) {
  return judgePacketSignature(open(signByHand(packetText('{}'), { ...handOf(issued), ...change })), context)
}

/** The same, with the finished packet changed. */
function judgeChanged (change: (packet: string) => string) {
  return judgePacketSignature(open(change(signByHand(packetText('{}'), handOf(rsa)))), inWorld(rsa))
}

t.test('a good signature is valid, names its signer and what was checked', async (t) => {
  const verdict = judgeHand()
  t.equal(told(verdict), 'valid')
  t.match(verdict, {
    proofTime: { at: AT.toISOString(), from: 'receipt' },
    signer: { subject: 'CN=signer, C=VN', issuer: 'CN=CA, C=VN', fingerprint: fingerprintOf(rsa.certificate) },
  })
  t.same(verdict.checked, ['structure', 'algorithms', 'signature value', 'digest', 'certificate', 'agency'])
})

t.test('the algorithms of the list are accepted', async (t) => {
  const pss = (hash: string) => `http://www.w3.org/2007/05/xmldsig-more#${hash}-rsa-MGF1`
  const PSS = { key: rsa.keys.privateKey, padding: 6, saltLength: -1 }
  const accepted: [Partial<Hand>, typeof rsa?][] = [
    [{ hash: 'sha384', signatureMethod: `${MORE}rsa-sha384` }],
    [{ hash: 'sha512', signatureMethod: `${MORE}rsa-sha512` }],
    [{ key: PSS, signatureMethod: pss('sha256') }],
    [{ key: PSS, hash: 'sha384', signatureMethod: pss('sha384') }],
    [{ key: PSS, hash: 'sha512', signatureMethod: pss('sha512') }],
    [{ signatureMethod: `${MORE}ecdsa-sha256` }, p256],
    [{ signatureMethod: `${MORE}ecdsa-sha384`, hash: 'sha384' }, p384],
    [{ signatureMethod: `${MORE}ecdsa-sha512`, hash: 'sha512' }, p384],
    [{ contentMethod: INCLUSIVE_C14N }],
    [{ contentMethod: INCLUSIVE_C14N11 }],
  ]
  for (const [change, issued] of accepted) t.equal(told(judgeHand(change, issued)), 'valid', JSON.stringify(change.signatureMethod ?? change.contentMethod))
})

t.test('algorithms and keys that are not on the list are refused, each with its reason', async (t) => {
  const small = makeLeaf(ca, { keys: rsaKeys(1024) })
  const odd = makeLeaf(ca, { keys: ecKeys('secp256k1') })
  t.equal(told(judgeHand({ hash: 'sha1', signatureMethod: `${DS}rsa-sha1` })), 'invalid ALGORITHM_SHA1')
  t.equal(told(judgeHand({ hash: 'sha1' })), 'invalid ALGORITHM_SHA1')
  t.equal(told(judgeHand({ signatureMethod: `${MORE}hmac-sha256` })), 'invalid ALGORITHM_HMAC')
  t.equal(told(judgeHand({ signatureMethod: `${MORE}rsa-md5` })), 'invalid ALGORITHM_NOT_ALLOWED')
  t.equal(told(judgeHand({ digestMethod: `${MORE}sha224` })), 'invalid ALGORITHM_NOT_ALLOWED')
  t.equal(told(judgeHand({}, small)), 'invalid SIGNER_KEY_UNFIT')
  t.equal(told(judgeHand({ signatureMethod: `${MORE}ecdsa-sha256` }, odd)), 'invalid SIGNER_KEY_UNFIT')
  t.equal(told(judgeHand({ signatureMethod: `${MORE}ecdsa-sha256` })), 'invalid SIGNER_KEY_UNFIT', 'an RSA key for ECDSA')
  const bound = makeLeaf(ca, { keys: generateKeyPairSync('rsa-pss', { modulusLength: 2048, hashAlgorithm: 'sha512' }) })
  t.equal(told(judgeHand({ key: { key: rsa.keys.privateKey }, signatureMethod: 'http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1' }, bound)), 'invalid SIGNER_KEY_UNFIT', 'a key bound to other PSS parameters')
  t.equal(told(judgeHand({}, p256)), 'invalid SIGNER_KEY_UNFIT', 'an EC key for RSA')
  t.equal(told(judgeHand({ signatureMethod: `${MORE}rsa-sha512` })), 'invalid SIGNATURE_VALUE_WRONG', 'another hash than was signed with')
})

t.test('only the one form of signature is computed with', async (t) => {
  const refused: [name: string, change: NonNullable<Hand['signedInfo']>, code: string][] = [
    ['a Reference to a part', (text) => text.replace('URI=""', 'URI="#it"'), 'SIGNATURE_NOT_WHOLE'],
    ['a Reference to a URL', (text) => text.replace('URI=""', 'URI="http://attacker.example/"'), 'SIGNATURE_NOT_WHOLE'],
    ['a Reference without URI', (text) => text.replace(' URI=""', ''), 'SIGNATURE_NOT_WHOLE'],
    ['no enveloped-signature transform', (text) => text.replace(/<Transform [^>]*enveloped-signature"\/>/, ''), 'SIGNATURE_NOT_WHOLE'],
    ['the transforms the wrong way round', (text) => text.replace(/(<Transform [^>]*>)(<Transform [^>]*>)/, '$2$1'), 'SIGNATURE_NOT_WHOLE'],
    ['no Transforms', (text) => text.replace(/<Transforms>.*<\/Transforms>/, ''), 'SIGNATURE_FORM'],
    ['three transforms', (text) => text.replace(/<Transform [^>]*>/, '$&$&'), 'SIGNATURE_FORM'],
    ['two References', (text) => text.replace(/<Reference.*<\/Reference>/, '$&$&'), 'SIGNATURE_FORM'],
    ['another type of Reference', (text) => text.replace('URI=""', `URI="" Type="${DS}Manifest"`), 'SIGNATURE_FORM'],
    ['comments digested', (text) => text.replace(/(<Transform [^>]*xml-exc-c14n#)"/, '$1WithComments"'), 'CANONICALIZATION_NOT_ALLOWED'],
    ['a transform by XPath', (text) => text.replace(/(<Transform Algorithm=")http:\/\/www.w3.org\/2001[^"]*/, '$1http://www.w3.org/TR/1999/REC-xpath-19991116'), 'CANONICALIZATION_NOT_ALLOWED'],
    ['another canonicalization of SignedInfo', (text) => text.replace(/(CanonicalizationMethod Algorithm=")[^"]*/, '$1urn:x'), 'CANONICALIZATION_NOT_ALLOWED'],
    ['prefixes kept by exclusive C14N', (text) => text.replace(/(<Transform [^>]*xml-exc-c14n#")\/>/, '$1><InclusiveNamespaces xmlns="http://www.w3.org/2001/10/xml-exc-c14n#" PrefixList="edXML"/></Transform>'), 'SIGNATURE_FORM'],
    ['text between the elements', (text) => text.replace('<Reference', 'x<Reference'), 'SIGNATURE_FORM'],
    ['an element of another namespace', (text) => text.replace('<DigestMethod', '<x xmlns="urn:x"/><DigestMethod'), 'SIGNATURE_FORM'],
    ['an attribute of another kind', (text) => text.replace('<SignatureMethod', '<SignatureMethod HMACOutputLength="1"'), 'SIGNATURE_FORM'],
    ['an HMACOutputLength', (text) => text.replace(/(<SignatureMethod[^>]*)\/>/, '$1><HMACOutputLength>1</HMACOutputLength></SignatureMethod>'), 'SIGNATURE_FORM'],
    ['a DigestValue that is no strict base64', (text) => text.replace(/(DigestValue>)[^<]*/, '$1****'), 'SIGNATURE_ENCODING'],
    ['a DigestValue of the wrong length', (text) => text.replace(/(DigestValue>)[^<]*/, '$1AAAA'), 'SIGNATURE_ENCODING'],
  ]
  for (const [name, signedInfo, code] of refused) t.equal(told(judgeHand({ signedInfo })), `invalid ${code}`, name)
  const changed: [name: string, change: (packet: string) => string, code: string][] = [
    ['an Object', (packet) => packet.replace('</Signature>', '<Object></Object></Signature>'), 'SIGNATURE_FORM'],
    ['the parts of Signature in another order', (packet) => packet.replace(/(<SignatureValue.*<\/SignatureValue>)(<KeyInfo.*<\/KeyInfo>)/, '$2$1'), 'SIGNATURE_FORM'],
    ['base64 with its padding gone', (packet) => packet.replace(/=+<\/SignatureValue>/, '</SignatureValue>'), 'SIGNATURE_ENCODING'],
    ['another namespace', (packet) => packet.replace(`<Signature xmlns="${DS}"`, '<Signature xmlns="urn:x"'), 'SIGNATURE_NAMESPACE'],
  ]
  for (const [name, change, code] of changed) t.equal(told(judgeChanged(change)), `invalid ${code}`, name)
})

t.test('what the form leaves free does no harm', async (t) => {
  const harmless: [name: string, change: (packet: string) => string][] = [
    ['lines in the SignatureValue', (packet) => packet.replace(/(<SignatureValue>)([^<]{64})/, '$1\r\n  $2\n')],
    ['lines in the certificate', (packet) => packet.replace(/(<X509Certificate>)([^<]{64})/, '$1\n$2\n')],
    ['white space between the parts', (packet) => packet.replace('<KeyInfo>', '\n  <KeyInfo>\n')],
    ['a comment in KeyInfo', (packet) => packet.replace('<KeyInfo>', '<KeyInfo><!-- x -->')],
    ['other words for the key', (packet) => packet.replace('<X509Data>', '<KeyName>x</KeyName><KeyValue><RSAKeyValue><Modulus>AQAB</Modulus></RSAKeyValue></KeyValue><X509Data><X509SubjectName></X509SubjectName>')],
    ['the issuer beside the certificate', (packet) => packet.replace('</X509Data>', `<X509Certificate>${ca.certificate.raw.toString('base64')}</X509Certificate></X509Data>`)],
  ]
  for (const [name, change] of harmless) t.equal(told(judgeChanged(change)), 'valid', name)
})

t.test('a comment in a field is not signed, and not read either', async (t) => {
  const packet = signByHand(packetText('{}'), handOf(rsa)).replace('liên thông', 'liên<!-- không --> thông')
  const opened = open(packet)
  t.equal(told(judgePacketSignature(opened, inWorld(rsa))), 'valid')
  t.match(opened.content.octets.toString(), 'V/v kết nối, liên thông')
})

t.test('the certificate must lead to a pinned root, be good at that time, and speak for the agency', async (t) => {
  const attacker = makeLeaf(makeCa('CA'), { keys: rsaKeys(2048) })
  t.equal(told(judgeHand({}, attacker)), 'invalid ISSUER_UNKNOWN', 'a CA that only has the right name')
  t.match(judgeHand({}, rsa, { ...inWorld(rsa), at: new Date('2028-01-01') }), { result: 'invalid', signer: {} })
  t.equal(told(judgeHand({}, rsa, inWorld(p256))), 'invalid SIGNER_NOT_AGENCY')
  t.equal(told(judgeHand({}, rsa, { ...inWorld(rsa), speaksFor: () => 'unknown' })), 'invalid SIGNER_UNKNOWN')
  t.equal(told(judgeHand({}, attacker, { ...inWorld(rsa), speaksFor: () => 'unknown' })), 'invalid SIGNER_UNKNOWN ISSUER_UNKNOWN')
  for (const [why, detail] of [['other agency', /another agency/], ['ended', /any more/], ['not begun', /yet/]] as const) {
    t.match(judgeHand({}, rsa, { ...inWorld(rsa), speaksFor: () => why }), { result: 'invalid', reasons: [{ code: 'SIGNER_NOT_AGENCY', detail }] })
  }
})

t.test("the example PKI's bad certificates are refused for what is wrong with them", async (t) => {
  const expected = { expired: 'CERTIFICATE_EXPIRED', 'not-yet-valid': 'CERTIFICATE_NOT_YET_VALID', 'wrong-issuer': 'ISSUER_UNKNOWN', 'impostor-issuer': 'CHAIN_SIGNATURE_WRONG' }
  for (const [name, code] of Object.entries(expected)) {
    const signer = exampleSigner(name, 'bad')
    const verdict = judgePacketSignature(open(await signedText(signer)), contextFor(signer))
    t.equal(verdict.result, 'invalid', name)
    t.equal(verdict.reasons[0]?.code, code, name)
  }
})

t.test('KeyInfo picks a certificate, and proves nothing', async (t) => {
  t.equal(told(judgeHand({ certificates: [] })), 'invalid SIGNER_CERTIFICATE_ABSENT')
  t.equal(told(judgeHand({ certificates: [Buffer.from('no certificate')] })), 'invalid SIGNER_CERTIFICATE_UNREADABLE')
  t.equal(told(judgeHand({ certificates: [Buffer.concat([rsa.certificate.raw, Buffer.from('x')])] })), 'invalid SIGNER_CERTIFICATE_UNREADABLE', 'bytes behind it')
  t.equal(told(judgeHand({ certificates: [rsa.certificate.raw, p256.certificate.raw] })), 'invalid SIGNER_CERTIFICATE_AMBIGUOUS')
  t.equal(told(judgeHand({ certificates: [ca.certificate.raw] })), 'invalid SIGNER_CERTIFICATE_AMBIGUOUS', 'a CA does not sign documents')
  const copied = judgeHand({ key: { key: rsaKeys(2048).privateKey } })
  t.match(copied, { result: 'invalid', reasons: [{ code: 'SIGNATURE_VALUE_WRONG' }] }, "the sender's certificate, copied by somebody who lacks the key")
  t.notOk(copied.signer, 'who did not sign is not named')
})

t.test('a CA certificate that comes along may lead to a pinned root, and is trusted no further', async (t) => {
  const sub = makeCa('Sub-CA', ca)
  const leaf = makeLeaf(sub, { keys: rsaKeys(2048) })
  t.equal(told(judgeHand({}, leaf)), 'invalid ISSUER_UNKNOWN')
  t.equal(told(judgeHand(handOf(leaf, [sub]), leaf)), 'valid')
  t.equal(told(judgeHand(handOf(leaf, [sub, ca]), leaf)), 'valid')
  const own = makeCa('CA')
  const stranger = makeLeaf(own, { keys: rsaKeys(2048) })
  t.equal(told(judgeHand(handOf(stranger, [own]), stranger)), 'invalid ISSUER_UNKNOWN', 'a root that comes along is no anchor')
})

t.test('no signature, and one at the wrong place, are told apart', async (t) => {
  t.equal(told(judgePacketSignature(open(packetText('')), inWorld(rsa))), 'indeterminate SIGNATURE_ABSENT')
  t.equal(told(judgeChanged((packet) => packet.replace(/<Signature.*<\/Signature>/, '').replace('<edXML:edXMLBody>', (body) => body + /<Signature.*<\/Signature>/.exec(packet)![0]))), 'invalid SIGNATURE_MISPLACED')
  t.equal(told(judgeChanged((packet) => packet.replace(/<Signature.*<\/Signature>/, '$&$&'))), 'invalid SIGNATURE_REPEATED')
})

t.test('placeholders are named as such', async (t) => {
  const dummy = (values: { digest?: string, value?: string, certificate?: string }, namespace = DS) => packetText(`<Signature xmlns="${namespace}"><SignedInfo>` +
    `<Reference URI=""><DigestValue>${values.digest ?? 'AAAA'}</DigestValue></Reference></SignedInfo><SignatureValue>${values.value ?? 'AAAA'}</SignatureValue>` +
    `<KeyInfo><X509Data><X509Certificate>${values.certificate ?? 'AAAA'}</X509Certificate></X509Data></KeyInfo></Signature>`)
  const placeholders = [
    dummy({ digest: ' FwgIqsSYJshUS2+wlOM61L+q7Aw= ' }), dummy({ digest: 'PrlYKdD8sksgnxFvUVtPIQ0pAqM=' }, 'http://www.mic.gov.vn/TBT/QCVN_102_2016'),
    dummy({ value: 'GbVb8n9+qFxz466A' }), dummy({ value: 'FXM4QWgcAAAA' }), dummy({ certificate: 'MIIFqTCCBJG' }), dummy({ certificate: 'MIIAxxxxx==' }),
    dummy({ digest: '', value: '', certificate: '' }), packetText('<Signature/>'), packetText(`<Signature xmlns="${DS}"></Signature>`),
  ]
  for (const packet of placeholders) t.equal(told(judgePacketSignature(open(packet), inWorld(rsa))), 'invalid SIGNATURE_PLACEHOLDER')
  t.equal(told(judgePacketSignature(open(dummy({ certificate: 'MIIFqTCCBJGgAwIBAgIQ' })), inWorld(rsa))), 'invalid SIGNATURE_FORM', 'a real certificate may begin like the sample')
})

t.test('a signature that an axis wrote back in its own namespace can no longer be verified', async (t) => {
  const verdict = judgeChanged((packet) => packet.replace(`<Signature xmlns="${DS}"`, '<Signature').replace(`<SignedInfo xmlns="${DS}"`, '<SignedInfo'))
  t.equal(told(verdict), 'indeterminate SIGNATURE_REWRITTEN')
})

t.test('the signatures of the official samples are placeholders, or there are none', needsShared('samples/edxml'), async (t) => {
  let placeholders = 0
  // edoc.edxml is a template that uses prefixes it does not declare, so there is nothing to open
  for (const name of readdirSync(shared('samples/edxml')).filter((name) => name.endsWith('.edxml') && name !== 'edoc.edxml')) {
    const bytes = readFileSync(shared(`samples/edxml/${name}`))
    const packet = bytes.subarray(bytes.indexOf('<?xml'))
    const verdict = judgePacketSignature(open(packet), contextFor())
    const has = packet.includes('<SignatureValue>')
    if (has) placeholders++
    t.equal(told(verdict), has ? 'invalid SIGNATURE_PLACEHOLDER' : 'indeterminate SIGNATURE_ABSENT', name)
  }
  t.equal(placeholders, 5)
})

t.test('every agency is told by its own certificate', async (t) => {
  const packet = await signedText(stranger)
  t.equal(told(judgePacketSignature(open(packet), contextFor(sender))), 'invalid SIGNER_NOT_AGENCY')
  t.equal(told(judgePacketSignature(open(packet), contextFor(stranger))), 'valid')
})
