import { readdirSync, readFileSync } from 'node:fs'

import t from 'tap'

import { EXCLUSIVE_C14N, INCLUSIVE_C14N11 } from '../../src/edxml/xml.ts'
import { Refusal } from '../../src/errors.ts'
import { judgeXmlSignatures } from '../../src/signing/xml-signature.ts'
import { contentOf } from '../../src/trust/asn1/certificate.ts'
import { nameForPeople } from '../../src/trust/verdict.ts'
import { needsShared, shared } from '../support/shared.ts'
import { makeCa, makeLeaf } from '../trust/world.ts'
import { needsXmlsec, NOW, sender, told, trust } from './world.ts'
import { DS, enveloping, INCLUSIVE, issued, judge, judgeOne, object, template, toldOf, x509, xmlsecFills } from './xml-world.ts'

const ENVELOPED = `${DS}enveloped-signature`
const example = { trust, at: NOW }

t.test('we accept what xmlsec1 signs in every form, and say exactly what it covers', needsXmlsec, async (t) => {
  const letter = (signature: string) => `<?xml version="1.0" encoding="UTF-8"?><a:letter xmlns:a="urn:a" xmlns:b="urn:b" xml:lang="vi" Id="all"><!-- x --><a:body Id="body"><b:p>một <!-- y -->hai</b:p></a:body><a:note ID="note">ghi chú</a:note>${signature}</a:letter>`
  const ids: [string, string][] = [['Id', 'urn:a:letter'], ['Id', 'urn:a:body'], ['ID', 'urn:a:note'], ['Id', `${DS}Object`]]
  const prefixes = `<Transform Algorithm="${EXCLUSIVE_C14N}"><InclusiveNamespaces xmlns="${EXCLUSIVE_C14N}" PrefixList="b #default"/></Transform>`
  const forms: [name: string, signature: string, covered: string[]][] = [
    ['the whole, enveloped', template([['', ENVELOPED]]), ['/']],
    ['the whole, exclusive', template([['', ENVELOPED, EXCLUSIVE_C14N]], { method: EXCLUSIVE_C14N }), ['/']],
    ['the whole, C14N 1.1', template([['', ENVELOPED, INCLUSIVE_C14N11]], { method: INCLUSIVE_C14N11 }), ['/']],
    ['the root by its Id, enveloped', template([['#all', ENVELOPED, EXCLUSIVE_C14N]]), ['/letter']],
    ['the root by its Id, enveloped, and a part of it', template([['#all', ENVELOPED], ['#body', INCLUSIVE_C14N11]]), ['/letter', '/letter/body']],
    ['an element by its Id, without Transforms', template([['#body']]), ['/letter/body']],
    ['an element, exclusive', template([['#body', EXCLUSIVE_C14N]]), ['/letter/body']],
    ['an element, exclusive with a list of prefixes', template([['#body', prefixes]]), ['/letter/body']],
    ['an element, C14N 1.1', template([['#body', INCLUSIVE_C14N11]]), ['/letter/body']],
    ['two elements', template([['#body'], ['#note', EXCLUSIVE_C14N]]), ['/letter/body', '/letter/note']],
    ['an Object of its own', template([['#it']], { objects: '<Object Id="it"><x xmlns="">một</x></Object>' }), ['/letter/Signature/Object']],
    ['the whole and an Object', template([['', ENVELOPED], ['#it']], { objects: '<Object Id="it">một</Object><Object>hai</Object>' }), ['/', '/letter/Signature/Object[1]']],
    ['comments, which are no part of what an Id names', template([['#body', `${INCLUSIVE}#WithComments`]], { method: `${EXCLUSIVE_C14N}WithComments` }), ['/letter/body']],
    ['comments, by a pointer', template([["#xpointer(id('body'))", `${INCLUSIVE}#WithComments`]]), ['/letter/body']],
    ['the whole with its comments, by a pointer', template([['#xpointer(/)', ENVELOPED, `${EXCLUSIVE_C14N}WithComments`]]), ['/']],
  ]
  for (const [name, signature, covered] of forms) {
    const signed = xmlsecFills(letter(signature), ids)
    const { verdict, covered: parts } = judgeOne(signed, example)
    const isInside = covered.every((path) => path.startsWith('/letter/Signature/'))
    const isWhole = covered.includes('/') && !name.startsWith('the whole and an Object') // beside which stands another one
    t.equal(told(verdict).split(' ').slice(0, 2).join(' '), isInside ? 'indeterminate SIGNATURE_COVERS_ITSELF' : isWhole || covered.includes('/letter') ? 'valid' : 'valid SIGNATURE_COVERS_PARTS', name)
    t.strictSame(parts.map(({ path }) => path), covered, name)
    const changed = covered[0] === '/letter/Signature/Object' ? signed.replace('>một</x>', '>ba</x>') : signed.replace('<b:p>một', '<b:p>ba')
    t.match(told(judgeOne(changed, example).verdict), /^invalid CONTENT_CHANGED/, `${name}, changed`)
    t.equal(toldOf(signed.replace('<!-- y -->', '<!-- z -->'), example), name.includes('by a pointer') ? toldOf(changed, example).replace(' /letter/note', '') : toldOf(signed, example), `${name}, another comment`)
  }
})

t.test('several signatures are each judged, in the order they stand in', needsXmlsec, async (t) => {
  const two = (one: string, other: string) => `<?xml version="1.0" encoding="UTF-8"?><r><a Id="a">một</a><b Id="b">hai</b>${one}${other}</r>`
  const ids: [string, string][] = [['Id', 'a'], ['Id', 'b']]
  const first = xmlsecFills(two(template([['#a']]), ''), ids)
  const both = xmlsecFills(first.replace('<a ', `${template([['#b']])}<a `), ids)
  t.strictSame(judge(both, example).map(({ path, verdict, covered }) => [path, verdict.result, covered[0]!.path]), [['/r/Signature[1]', 'valid', '/r/b'], ['/r/Signature[2]', 'valid', '/r/a']])
  t.strictSame(judge(both.replace('một', 'ba'), example).map(({ verdict }) => verdict.result), ['valid', 'invalid'], 'what one covers is nothing to the other')
  t.strictSame(judge('<r/>'), [])
  const many = judge(`<r>${enveloping().repeat(12)}</r>`)
  t.equal(many.length, 11, 'and more than ten are not looked at')
  t.equal(told(many.at(-1)!.verdict), 'invalid SIGNATURE_REPEATED')
})

t.test("a signature as the tax office's tools write it is valid, its claim of time is named, and the certificate may be one that is at hand", async (t) => {
  const content = object('<DLHDon xmlns="">100</DLHDon>', 'data')
  const time = object('<SignatureProperties><SignatureProperty Target="#s"><SigningTime>2026-05-31T20:15:00</SigningTime></SignatureProperty></SignatureProperties>', 'time')
  const subject = `<X509SubjectName>${nameForPeople(issued.certificate.subject)}</X509SubjectName>`
  const signed = enveloping({ objects: [content, time], keyInfo: x509(issued, subject) })
  t.equal(toldOf(signed), 'valid SIGNATURE_COVERS_PARTS /Signature/Object[1] /Signature/Object[2]')
  t.strictSame(judgeOne(signed).verdict.proofTime, { at: '2026-06-01T00:00:00.000Z', from: 'receipt', claim: '2026-05-31T13:15:00.000Z' }, 'without a zone it is the time of Vietnam')
  t.equal(judgeOne(enveloping({ objects: [content], unsigned: () => time })).verdict.proofTime.claim, undefined, 'a time that is not signed is no claim')
  t.match(toldOf(signed.replace('20:15', '20:16')), /^invalid CONTENT_CHANGED/)
  t.match(toldOf(enveloping({ objects: [content, time.replace('05-31', '07-31')] })), /^indeterminate CLAIM_AFTER_PROOF/)

  const serial = BigInt(`0x${issued.certificate.serialNumber}`)
  const keyId = Buffer.from(contentOf(issued.certificate).keyId!, 'hex').toString('base64')
  const hints = [
    `<X509Data><X509SKI>${keyId}</X509SKI></X509Data>`,
    `<X509Data>${subject}</X509Data>`, '<KeyName>signer</KeyName>', `<X509Data><X509IssuerSerial><X509IssuerName>${nameForPeople(issued.certificate.issuer)}</X509IssuerName><X509SerialNumber>${serial}</X509SerialNumber></X509IssuerSerial></X509Data>`,
  ]
  for (const hint of hints) {
    const named = enveloping({ keyInfo: `<KeyInfo>${hint}</KeyInfo>` })
    t.match(toldOf(named, { certificates: [sender.certificate, issued.certificate] }), /^valid /, hint)
    t.equal(toldOf(named), 'invalid SIGNER_CERTIFICATE_ABSENT')
  }
})

t.test('signature wrapping: Ids that occur twice are refused, and what was moved is named by where it stands', async (t) => {
  const signed = enveloping()
  for (const twin of ['<x Id="it"/>', '<x ID="it"/>', '<x id="it"/>', '<x xml:id="it"/>', '<x xmlns:w="urn:w" w:Id="it"/>']) {
    t.match(toldOf(`<r>${twin}${signed}</r>`), /^invalid REFERENCE_AMBIGUOUS$/, twin)
  }
  t.equal(toldOf(`<r><evil Id="other"/>${signed}</r>`), 'indeterminate SIGNATURE_COVERS_ITSELF /r/Signature/Object', 'beside it stands what nobody signed')
  t.match(toldOf(signed.replace('văn bản', '<![CDATA[văn bản]]>')), /^valid/, 'another way to write the same')
  t.match(toldOf(signed.replace('văn bản', 'văn <!-- --> bản')), /^invalid CONTENT_CHANGED/)
})

t.test('there are bounds to what is computed', async (t) => {
  const many = (text: string, pattern: RegExp, times: number) => text.replace(pattern, (found) => found.repeat(times))
  t.equal(toldOf(enveloping({ signedInfo: (text) => many(text, /<Reference.*<\/Reference>/, 30) })).split(' ')[0], 'valid')
  t.equal(toldOf(enveloping({ signedInfo: (text) => many(text, /<Reference.*<\/Reference>/, 31) })), 'invalid SIGNATURE_FORM', 'more than thirty References')
  const transform = (content: string) => (text: string) => text.replace('<DigestMethod', `<Transforms>${content}</Transforms>$&`)
  const exclusive = (prefixes: number) => `<Transform Algorithm="${EXCLUSIVE_C14N}"><InclusiveNamespaces xmlns="${EXCLUSIVE_C14N}" PrefixList="${'a '.repeat(prefixes)}"></InclusiveNamespaces></Transform>`
  t.equal(toldOf(enveloping({ signedInfo: transform(exclusive(32)) })).split(' ')[0], 'valid')
  t.equal(toldOf(enveloping({ signedInfo: transform(exclusive(33)) })), 'invalid TRANSFORM_NOT_ALLOWED', 'more than 32 prefixes')
  t.equal(toldOf(enveloping({ signedInfo: transform(exclusive(1).repeat(2)) })), 'invalid TRANSFORM_NOT_ALLOWED', 'two canonicalizations')
  t.equal(toldOf(enveloping({ signedInfo: transform(exclusive(1).replace('xml-exc-c14n#"', 'xml-exc-c14n#" x=""') + `<Transform Algorithm="${ENVELOPED}"></Transform>`) })), 'invalid TRANSFORM_NOT_ALLOWED', 'enveloped-signature after it')
  const other = makeLeaf(makeCa('another'))
  const nine = Array.from({ length: 9 }, (_, index) => `<X509Certificate>${Buffer.concat([other.certificate.raw, Buffer.of(index)]).toString('base64')}</X509Certificate>`).join('')
  t.equal(toldOf(enveloping({ keyInfo: `<KeyInfo><X509Data>${nine}</X509Data></KeyInfo>` })), 'invalid SIGNATURE_FORM', 'more than eight certificates')
  t.equal(toldOf(enveloping({ keyInfo: `<KeyInfo><X509Data><X509Certificate>${'A'.repeat(16_388)}</X509Certificate></X509Data></KeyInfo>` })), 'invalid SIGNATURE_FORM')
})

t.test('no XML bomb goes off', needsShared('vectors/xml-bombs'), async (t) => {
  for (const name of readdirSync(shared('vectors/xml-bombs')).filter((name) => name.endsWith('.xml'))) {
    const bytes = readFileSync(shared(`vectors/xml-bombs/${name}`))
    const { user } = process.cpuUsage()
    try {
      t.strictSame(judgeXmlSignatures(bytes, example), [], `${name} has no signature`)
    } catch (error) {
      t.ok(error instanceof Refusal, name)
    }
    t.ok(process.cpuUsage().user - user < 1_000_000, `${name} takes no time`)
  }
})

t.test('what is not read strictly is refused before anything is judged', async (t) => {
  const refusal = (text: string) => {
    try {
      return told(judgeOne(text).verdict)
    } catch (error) {
      if (error instanceof Refusal) return error.code
      throw error
    }
  }
  const signed = enveloping()
  t.equal(refusal(`<!DOCTYPE Signature [<!ENTITY e "x">]>${signed}`), 'PACKET_DOCTYPE')
  t.equal(refusal(signed.replace('văn bản', 'văn bản<?p x?>')), 'PACKET_INSTRUCTION')
  t.equal(refusal(`${signed}<r/>`), 'PACKET_TRAILING_CONTENT')
  t.equal(refusal(`<r xmlns="relative">${signed}</r>`), 'PACKET_NAMESPACE')
  t.equal(refusal(`${'<a>'.repeat(101)}${signed}${'</a>'.repeat(101)}`), 'PACKET_TOO_DEEP')
  t.equal(refusal(`<r>${'<a/>'.repeat(60_000)}${signed}</r>`), 'PACKET_TOO_MANY')
})

t.test('content that was moved into the Signature is told, also beside a part that stays where it is', needsXmlsec, async (t) => {
  const content = '<noidung Id="nd"><ten>An</ten></noidung>'
  const signed = xmlsecFills(`<don><meta Id="m">1</meta>${content}${template([['#m', EXCLUSIVE_C14N], ['#nd', EXCLUSIVE_C14N]])}</don>`, [['Id', 'meta'], ['Id', 'noidung']])
  t.equal(toldOf(signed, example), 'valid SIGNATURE_COVERS_PARTS /don/meta /don/noidung')
  const moved = signed.replace(content, '<noidung><ten>Kẻ gian</ten></noidung>').replace('</Signature>', `<Object>${content.replace('<noidung', '<noidung xmlns=""')}</Object></Signature>`)
  t.equal(toldOf(moved, example), 'indeterminate SIGNATURE_COVERS_ITSELF /don/meta /don/Signature/Object/noidung')
})
