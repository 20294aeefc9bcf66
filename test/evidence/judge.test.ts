import t from 'tap'
import { globSync, readFileSync } from 'node:fs'
import { pem } from '../../certs-example/issue.ts'
import { DEFAULT_LIMITS } from '../../src/edxml/limits.ts'
import { writePacket } from '../../src/edxml/write.ts'
import { Refusal } from '../../src/errors.ts'
import { judgeFile, type FileContext, type JudgedBytes } from '../../src/evidence/judge.ts'
import { reportLines } from '../../src/evidence/report.ts'
import { signPacket } from '../../src/signing/packet-signature.ts'
import { makeSeal } from '../../src/signing/seal.ts'
import { needsShared, shared } from '../support/shared.ts'
import { NOW, documentPacket, exampleSigner, needsXmlsec, sender, signatureTemplate, stranger, trust, xmlsecSigns } from '../signing/world.ts'

const context: FileContext = { trust, at: NOW, isNow: true, limits: DEFAULT_LIMITS, registered: null }
const judge = (bytes: Uint8Array | string, change: Partial<FileContext> = {}): Promise<JudgedBytes> => judgeFile(Buffer.from(bytes as string), { ...context, ...change })
const told = ({ kind, verdict: { result, reasons } }: JudgedBytes): string => [kind, result, ...reasons.map(({ code }) => code)].join(' ')
const REMARKS = 'SIGNER_NOT_COMPARED EXAMPLE_CERTIFICATE'

const unsigned = documentPacket()
const sealed = { ...unsigned, attachments: [...unsigned.attachments, await makeSeal(unsigned, sender, NOW)] }
const signedBytes = await signPacket(await writePacket(unsigned), sender)
const sealedBytes = await signPacket(await writePacket(sealed), sender)
/** What an axis does to it: the header signature no longer fits what was written anew. */
const rewritten = Buffer.from(sealedBytes.toString('utf8').replace('<edXML:edXMLEnvelope', '<edXML:edXMLEnvelope  '))

t.test('a packet without a seal is judged by its packet signature', async (t) => {
  t.equal(told(await judge(signedBytes)), `packet valid ${REMARKS}`)
  const changed = signedBytes.toString('utf8').replace('V/v kết nối, liên thông phần mềm', 'V/v kết nối, liên thông phần cứng')
  t.equal(told(await judge(changed)), `packet invalid CONTENT_CHANGED ${REMARKS}`)
})

t.test('a packet with a seal is judged by it, since the seal crosses an axis and the packet signature does not', async (t) => {
  const judged = await judge(sealedBytes)
  t.equal(told(judged), `packet valid ${REMARKS}`)
  t.equal(judged.kind === 'packet' && judged.decidedBy, 'seal')
  const withoutSignature = sealedBytes.toString('utf8').replace(/<Signature xmlns[^]*?<\/Signature>/, '')
  const crossed = await judge(withoutSignature)
  t.equal(told(crossed), `packet valid ${REMARKS}`)
  t.equal(crossed.kind === 'packet' && crossed.signature.reasons[0]?.code, 'SIGNATURE_ABSENT')
  t.equal(told(await judge(withoutSignature.replace('V/v kết nối, liên thông phần mềm', 'V/v kết nối, liên thông phần cứng'))), `packet invalid SEAL_FIELD_CHANGED ${REMARKS}`)
  t.equal(told(await judge(rewritten)), `packet valid ${REMARKS}`, 'also where the packet signature is there and no longer right')
})

t.test('what was good when it claims to be signed, and is so no more, is indeterminate: nobody vouches for the claim', async (t) => {
  const later = new Date('2045-06-01T00:00:00Z') // the signer's certificate has expired
  const judged = await judge(sealedBytes, { at: later })
  t.equal(told(judged), `packet indeterminate TIME_UNPROVED ${REMARKS}`)
  t.same(judged.verdict.proofTime, { at: NOW.toISOString(), from: 'claim' })
  t.match(told(await judge(signedBytes, { at: later })), /^packet invalid CERTIFICATE_EXPIRED/, 'without a claim there is nothing to go by')
  t.match(told(await judge(sealedBytes, { at: later, isNow: false })), /^packet invalid CERTIFICATE_EXPIRED/, 'and a moment that was asked for is the one that is judged')
})

t.test('a packet is one however its root is written or what stands before it: the signer is held against the registered ones', async (t) => {
  const forged = (await signPacket(await writePacket(unsigned), stranger)).toString('utf8')
  const roots = { 'a prefix that is not ASCII': forged.replaceAll(/(<\/?)edXML:edXML\b/g, '$1é:edXML').replace('<é:edXML', `<é:edXML xmlns:é="${/xmlns:edXML="([^"]+)"/.exec(forged)![1]}"`), 'a comment before the root': forged.replace(/(<\?xml[^>]*>)?/, `$1<!--${'x'.repeat(70_000)}-->`) }
  for (const [name, packet] of Object.entries(roots)) {
    const judged = await judge(packet, { registered: [sender.certificate] })
    t.equal(judged.kind, 'packet', name)
    t.match(told(judged), /^packet invalid .*SIGNER_UNKNOWN/, name)
  }
})

t.test('another XML file is refused too where its signer is not among those who may sign it', async (t) => {
  const seal = sealed.attachments.at(-1)!.bytes
  t.equal(told(await judge(seal, { registered: [sender.certificate] })), 'xml-signature valid EXAMPLE_CERTIFICATE')
  t.equal(told(await judge(seal, { registered: [stranger.certificate] })), 'xml-signature invalid SIGNER_UNKNOWN EXAMPLE_CERTIFICATE')
})

t.test('an answer that is missing now is not made up for by claiming a day that an older one covers', async (t) => {
  const until = (days: number) => new Date(NOW.getTime() + days * 86_400_000)
  const crls = (issuer: string) => trust.revocation.crls(issuer).map((crl) => ({ ...crl, nextUpdate: until(1) }))
  const judged = await judge(sealedBytes, { at: until(10), trust: { ...trust, revocation: { ...trust.revocation, crls } } })
  t.match(told(judged), /^packet indeterminate REVOCATION_UNKNOWN/)
  t.equal(judged.verdict.proofTime.from, 'receipt')
})

t.test('a packet without any proof is indeterminate', async (t) => {
  t.equal(told(await judge(signedBytes.toString('utf8').replace(/<Signature xmlns[^]*?<\/Signature>/, ''))), 'packet indeterminate SIGNATURE_ABSENT')
})

t.test('a signer who is not among the registered ones is refused, and among them no comparison is asked for', async (t) => {
  t.equal(told(await judge(signedBytes, { registered: [sender.certificate] })), 'packet valid EXAMPLE_CERTIFICATE')
  t.equal(told(await judge(signedBytes, { registered: [stranger.certificate] })), 'packet invalid SIGNER_UNKNOWN EXAMPLE_CERTIFICATE')
  t.equal(told(await judge(signedBytes, { registered: [] })), 'packet invalid SIGNER_UNKNOWN EXAMPLE_CERTIFICATE')
})

t.test('a seal that was taken out of its packet, and any other signed XML, is judged as an XML signature', needsXmlsec, async (t) => {
  const seal = sealed.attachments.at(-1)!.bytes
  t.equal(told(await judge(seal)), `xml-signature valid ${REMARKS}`)
  t.equal(told(await judge(seal.toString('utf8').replace('SNV-VP', 'SNV-VX'))), `xml-signature invalid CONTENT_CHANGED ${REMARKS}`)
  const made = xmlsecSigns(`<don><ten>Ví Dụ</ten>${signatureTemplate()}</don>`)
  t.equal(told(await judge(made)), `xml-signature valid ${REMARKS}`)
  t.equal(told(await judge(Buffer.from(`\ufeff${made}`, 'utf16le'))), `xml-signature valid ${REMARKS}`, 'in UTF-16 too')
  const moved = await judge(`<hai>${made.replace(/<\?xml[^>]*>/, '')}</hai>`)
  t.equal(told(moved), `xml-signature invalid CONTENT_CHANGED ${REMARKS}`, 'put into another document it no longer covers the whole')
})

t.test('a certificate is judged in PEM and DER, with what comes along, and by what it is for', async (t) => {
  const { certificate, chain } = exampleSigner('so-noi-vu-vi-du')
  const noIntermediates = { ...trust, domains: trust.domains.map((domain) => ({ ...domain, intermediates: [] })) }
  t.equal(told(await judge(certificate.raw)), 'certificate valid EXAMPLE_CERTIFICATE')
  t.equal(told(await judge(pem('CERTIFICATE', certificate.raw), { trust: noIntermediates })), 'certificate invalid ISSUER_UNKNOWN EXAMPLE_CERTIFICATE')
  t.equal(told(await judge([certificate, ...chain].map(({ raw }) => pem('CERTIFICATE', raw)).join(''), { trust: noIntermediates })), 'certificate valid EXAMPLE_CERTIFICATE')
  t.equal(told(await judge(chain[0]!.raw)), 'certificate valid EXAMPLE_CERTIFICATE', 'a CA may issue certificates')
  t.equal(told(await judge(exampleSigner('expired', 'bad').certificate.raw)), 'certificate invalid CERTIFICATE_EXPIRED EXAMPLE_CERTIFICATE')
})

t.test('a moment that somebody names is judged for, and the verdict says that nobody proved it', async (t) => {
  const at = new Date('2025-05-31T00:00:00Z')
  const { certificate } = exampleSigner('revoked', 'bad')
  t.equal((await judge(certificate.raw)).verdict.result, 'invalid')
  const { verdict } = await judge(certificate.raw, { at, isNow: false })
  t.equal(verdict.result, 'valid', 'it was revoked on the next day')
  t.strictSame(verdict.proofTime, { at: at.toISOString(), from: 'claim' })
})

t.test('what is no file of these kinds is refused, and says why', async (t) => {
  const refused = (bytes: Uint8Array | string, code: string) => t.rejects(judge(bytes), { code })
  await refused('', 'FILE_UNKNOWN')
  await refused('%PDF-1.7', 'FILE_UNKNOWN')
  await refused(Buffer.alloc(3 * 1024 * 1024, 0x30), 'FILE_UNKNOWN')
  await refused(Buffer.concat([sender.certificate.raw, Buffer.from([0])]), 'FILE_UNKNOWN')
  await refused(sender.certificate.raw.subarray(0, 100), 'FILE_UNKNOWN')
  await refused(readFileSync('certs-example/organisations/so-noi-vu-vi-du.key.pem'), 'FILE_UNREADABLE')
  await refused('<a/>', 'FILE_UNKNOWN')
  await refused('<a', 'PACKET_NOT_XML')
  await refused('<edXML/>', 'PACKET_NAMESPACE')
  await refused('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', 'PACKET_DOCTYPE')
  await refused(`${signedBytes.toString('utf8')}<x/>`, 'PACKET_TRAILING_CONTENT')
})

t.test('what stands before the root is passed over, in any encoding, and at no cost', async (t) => {
  const text = signedBytes.toString('utf8').replace(/^<\?xml[^>]*>/, '')
  t.equal(told(await judge(`<!-- một --> <!---->\n${text}`)), `packet valid ${REMARKS}`, 'comments are not signed')
  t.equal(told(await judge(Buffer.from(`\ufeff${text}`, 'utf16le'))), `packet valid ${REMARKS}`)
  t.equal(told(await judge(Buffer.from(`\ufeff${text}`, 'utf16le').swap16())), `packet valid ${REMARKS}`)
  await t.rejects(judge(`${'<!---->'.repeat(9000)}<a/>`), { code: 'FILE_UNKNOWN' })
})

t.test('no file of the samples and vectors does anything but be judged or refused', needsShared('vectors/xml-bombs', 'vectors/xmlsec', 'vectors/xml-crypto', 'samples/edxml'), async (t) => {
  const kinds = new Map<string, number>()
  for (const folder of ['vectors/xml-bombs', 'vectors/xml-crypto', 'vectors/xmlsec/aleksey-xmldsig-01', 'samples/edxml', 'samples/certs', 'vectors/nist-pkits/crls']) {
    for (const name of globSync('**/*.*', { cwd: shared(folder) })) {
      const outcome = await judge(readFileSync(shared(`${folder}/${name}`))).then(
        (judged) => reportLines(name, judged).length > 3 ? judged.kind : 'empty', (error: unknown) => error instanceof Refusal ? 'refused' : t.fail(`${folder}/${name}: ${(error as Error).stack}`))
      kinds.set(String(outcome), (kinds.get(String(outcome)) ?? 0) + 1)
    }
  }
  t.strictSame([...kinds.keys()].toSorted(), ['certificate', 'packet', 'refused', 'xml-signature'])
})

t.test('what strangers wrote cannot move the cursor of a terminal', async (t) => {
  const packet = documentPacket()
  packet.header.subject = 'V/v \u202e\u009b2J'
  const lines = reportLines('x\u001b[2J.edxml', await judge(await signPacket(await writePacket(packet), sender)))
  t.notMatch(lines.join('\n'), /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
})
