import { readFileSync, readdirSync } from 'node:fs'
import t from 'tap'
import { DEFAULT_LIMITS } from '../../src/edxml/limits.ts'
import { openXml } from '../../src/edxml/open.ts'
import { openPacket } from '../../src/edxml/read.ts'
import { canonicalise, EXCLUSIVE_C14N, INCLUSIVE_C14N } from '../../src/edxml/xml.ts'
import { needsShared, shared } from '../support/shared.ts'
import { changed, DOCUMENT, lineOf, NAMESPACE, readDocument, refusalOf, refused } from './packets.ts'

t.test('a DOCTYPE is refused, whatever it declares', async (t) => {
  await refused(t, changed(DOCUMENT, '<edXML xmlns', '<!DOCTYPE edXML>\n<edXML xmlns'), 'PACKET_DOCTYPE', { line: 2 })
  await refused(t, changed(DOCUMENT, '<edXML xmlns', '<!DOCTYPE edXML [<!ENTITY a SYSTEM "file:///etc/passwd">]><edXML xmlns'), 'PACKET_DOCTYPE', { line: 2 })
  await refused(t, changed(DOCUMENT, 'V/v', '&a;'), 'PACKET_NOT_XML', { line: lineOf(DOCUMENT, 'V/v') })
})

t.test('every XML bomb is refused before it goes off', needsShared('vectors/xml-bombs'), async (t) => {
  const codes: Record<string, string> = { 'simple.xml': 'PACKET_NAMESPACE', 'simple-ns.xml': 'PACKET_INSTRUCTION' }
  for (const name of readdirSync(shared('vectors/xml-bombs')).filter((name) => name.endsWith('.xml'))) {
    await refused(t, readFileSync(shared(`vectors/xml-bombs/${name}`)), (codes[name] ?? 'PACKET_DOCTYPE') as 'PACKET_DOCTYPE', name === 'simple.xml' ? { field: 'root' } : {})
  }
})

t.test('a processing instruction is refused, wherever it stands', async (t) => {
  await refused(t, changed(DOCUMENT, 'V/v', '<?php echo 1 ?>V/v'), 'PACKET_INSTRUCTION', { line: lineOf(DOCUMENT, 'V/v') })
  await refused(t, changed(DOCUMENT, '\n<edXML ', '\n<?xml-stylesheet href="x"?>\n<edXML '), 'PACKET_INSTRUCTION', { line: 2 })
  await refused(t, `${DOCUMENT}<?x?>`, 'PACKET_INSTRUCTION')
  await refused(t, changed(DOCUMENT, 'V/v', '<?xml version="1.0"?>V/v'), 'PACKET_INSTRUCTION')
  t.ok(await readDocument(changed(DOCUMENT, 'V/v', '<!-- <?x?> --><![CDATA[<?x?>]]>V/v')), 'what only looks like one is none')
})

t.test('nothing stands before the declaration, and nothing after the root', async (t) => {
  await refused(t, `1212${DOCUMENT}`, 'PACKET_LEADING_BYTES', { line: 1 })
  await refused(t, ` ${DOCUMENT}`, 'PACKET_LEADING_BYTES', { line: 1 })
  await refused(t, `\n<!-- -->\n${DOCUMENT}`, 'PACKET_LEADING_BYTES', { line: 3 })
  await refused(t, `\ufeff\ufeff${DOCUMENT}`, 'PACKET_LEADING_BYTES', { line: 1 })
  await refused(t, `${DOCUMENT}<edXML xmlns="${NAMESPACE}"/>`, 'PACKET_TRAILING_CONTENT', { line: DOCUMENT.split('\n').length })
  await refused(t, `${DOCUMENT}x`, 'PACKET_TRAILING_CONTENT')
  await refused(t, `${DOCUMENT}\0`, 'PACKET_TRAILING_CONTENT')
  t.ok(await readDocument(`${DOCUMENT}\n<!-- the end -->\n`))
  t.ok(await readDocument(changed(DOCUMENT, /^<\?xml.*\n/, '\n\n')), 'without a declaration, white space before the root is XML')
})

t.test('what is not well-formed is refused with its line', async (t) => {
  const broken: [string | RegExp, string][] = [
    ['</edXML:Subject>', '</edXML:Sub>'], ['</edXML:Subject>', ''], ['<edXML:Subject>', '<edXML:Subject'], ['<edXML:Subject>', '<edXML:Subject a="1" a="2">'],
    ['<edXML:Subject>', '<edXML:Subject a=1>'], ['<edXML:Subject>', '<other:Subject>'], ['V/v', 'a < b'], ['V/v', 'a & b'], ['V/v', ']]>'], ['V/v', '&#0;'], ['V/v', '\u0001'],
    ['V/v', '<!-- -- -->'], ['V/v', '<!-- '], ['V/v', '<![CDATA['], ['V/v', '<!ELEMENT a>'],
  ]
  for (const [what, to] of broken) {
    const refusal = await refusalOf(() => openPacket(Buffer.from(changed(DOCUMENT, what, to))))
    t.equal(refusal?.code, 'PACKET_NOT_XML', to)
    t.ok(refusal?.fault.line, 'with a line')
  }
  for (const text of ['', ' ', 'x', '%PDF-1.4 <<>>', '<', '<a', '<a>', '</a>', '<!-- -->', '<?xml version="1.0"?>', '\0', '{"kind":"document"}']) {
    await refused(t, text, 'PACKET_NOT_XML')
  }
})

t.test('a namespace that is not absolute is refused: nothing canonical can be said of it', async (t) => {
  await refused(t, changed(DOCUMENT, '<edXML:Subject>', '<x xmlns="y"/><edXML:Subject>'), 'PACKET_NAMESPACE')
  await refused(t, changed(DOCUMENT, '<edXML:Subject>', '<x xmlns="y z"/><edXML:Subject>'), 'PACKET_NOT_XML', { line: lineOf(DOCUMENT, '<edXML:Subject>') })
})

t.test('UTF-8 with or without a mark and UTF-16 are read, other encodings are refused', async (t) => {
  const expected = await readDocument(DOCUMENT)
  const utf16 = changed(DOCUMENT, 'UTF-8', 'utf-16')
  const swapped = Buffer.from(`\ufeff${utf16}`, 'utf16le').swap16()
  for (const bytes of [`\ufeff${DOCUMENT}`, Buffer.from(`\ufeff${utf16}`, 'utf16le'), Buffer.from(utf16, 'utf16le'), swapped, changed(DOCUMENT, 'UTF-8', 'utf-8'), changed(DOCUMENT, ' encoding="UTF-8"', '')]) {
    t.strictSame(await readDocument(bytes), expected)
  }
  await refused(t, changed(DOCUMENT, 'UTF-8', 'ISO-8859-1'), 'PACKET_ENCODING', { line: 1 })
  await refused(t, changed(DOCUMENT, 'UTF-8', 'UTF-7'), 'PACKET_ENCODING', { line: 1 })
  await refused(t, utf16, 'PACKET_ENCODING', { line: 1 })
  await refused(t, Buffer.from(DOCUMENT, 'latin1'), 'PACKET_ENCODING')
  await refused(t, Buffer.concat([Buffer.from('\ufeff<a>', 'utf16le'), Buffer.from([0x00, 0xd8, 0x41, 0x00])]), 'PACKET_ENCODING')
})

t.test('what is too large, too deep or too many is refused with the line where it becomes so', async (t) => {
  const limits = { ...DEFAULT_LIMITS, packetBytes: 100_000, markupBytes: 20_000, elements: 200, depth: 20, attributes: 8, namespaces: 4 }
  const inSubject = (text: string) => changed(DOCUMENT, '<edXML:Subject>', `${text}<edXML:Subject>`)
  const line = lineOf(DOCUMENT, '<edXML:Subject>')
  t.ok(await readDocument(DOCUMENT, limits))
  await refused(t, `${DOCUMENT}${' '.repeat(100_000)}`, 'PACKET_TOO_LARGE', {}, limits)
  await refused(t, inSubject(`<!-- ${'x'.repeat(20_000)} -->`), 'PACKET_TOO_LARGE', {}, limits)
  await refused(t, inSubject('<x>'.repeat(20) + '</x>'.repeat(20)), 'PACKET_TOO_DEEP', { line }, limits)
  await refused(t, inSubject('\n<x/>'.repeat(200)), 'PACKET_TOO_MANY', {}, limits)
  await refused(t, inSubject(`<x ${Array.from({ length: 9 }, (_, index) => `a${index}=""`).join(' ')}/>`), 'PACKET_TOO_MANY', { line }, limits)
  await refused(t, inSubject('<x xmlns:a="urn:a"><x xmlns:a="urn:b"><x xmlns:a="urn:c"/></x></x>'), 'PACKET_TOO_MANY', { line }, limits)
  t.ok(await readDocument(inSubject('<x xmlns:a="urn:a"/>'.repeat(50)), limits), 'declarations that are not in force together do not add up')
})

t.test('the caps hold against what is nested and repeated in the thousands', async (t) => {
  for (const [text, code] of [
    [`<a>${'<b>'.repeat(100_000)}`, 'PACKET_TOO_DEEP'],
    [`<a>${'<b/>'.repeat(100_000)}</a>`, 'PACKET_TOO_MANY'],
    [`<a ${Array.from({ length: 50_000 }, (_, index) => `b${index}=""`).join(' ')}/>`, 'PACKET_TOO_MANY'],
    [`<a b="${'x'.repeat(9_000_000)}"/>`, 'PACKET_TOO_LARGE'],
    [`<a ${' '.repeat(9_000_000)}`, 'PACKET_TOO_LARGE'],
    [`<!--${'x'.repeat(9_000_000)}`, 'PACKET_TOO_LARGE'],
  ] as const) {
    t.equal((await refusalOf(() => openPacket(Buffer.from(text))))?.code, code, text.slice(0, 20))
  }
})

const SIGNATURE = '<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><SignedInfo><CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/><Reference URI=""><Transforms><Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/><Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/></Transforms></Reference></SignedInfo></Signature>'
const signed = (signature: string) => Buffer.from(changed(DOCUMENT, '</edXML:edXMLHeader>', `${signature}</edXML:edXMLHeader>`))
const whole = (bytes: Buffer) => openXml(bytes, { limits: DEFAULT_LIMITS, signatureAt: ['edXML', 'edXMLEnvelope', 'edXMLHeader'], lift: false })

t.test('the signature is taken out, and both parts are canonical in the ways it names', async (t) => {
  const opened = whole(signed(SIGNATURE))
  t.equal(opened.signatureCount, 1)
  t.equal(opened.content.octets.toString(), canonicalise(Buffer.from(DOCUMENT), EXCLUSIVE_C14N).toString())
  t.equal(opened.signature?.element.toString(), canonicalise(Buffer.from(SIGNATURE), EXCLUSIVE_C14N).toString())
  t.match(opened.signature?.signedInfo?.toString(), /^<SignedInfo xmlns="http:\/\/www\.w3\.org\/2000\/09\/xmldsig#"><CanonicalizationMethod Algorithm/)
  t.equal(opened.signature?.line, lineOf(DOCUMENT, '</edXML:edXMLHeader>'))

  const inclusive = whole(signed(SIGNATURE.replaceAll('http://www.w3.org/2001/10/xml-exc-c14n#', INCLUSIVE_C14N)))
  t.equal(inclusive.content.method, INCLUSIVE_C14N)
  t.equal(inclusive.content.octets.toString(), canonicalise(Buffer.from(DOCUMENT), INCLUSIVE_C14N).toString())
  t.match(inclusive.signature?.signedInfo?.toString(), `<SignedInfo xmlns="http://www.w3.org/2000/09/xmldsig#" xmlns:edXML="${NAMESPACE}">`, 'with the namespaces in force where it stands')
})

t.test('prefixes that a signature wants kept are kept', async (t) => {
  const list = (prefixes: string) => `Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"><InclusiveNamespaces xmlns="http://www.w3.org/2001/10/xml-exc-c14n#" PrefixList="${prefixes}"/></`
  const withList = SIGNATURE
    .replace(/<CanonicalizationMethod [^>]*\/>/, `<CanonicalizationMethod ${list('edXML')}CanonicalizationMethod>`)
    .replace(/<Transform Algorithm="http:\/\/www.w3.org\/2001\/10\/xml-exc-c14n#"\/>/, `<Transform ${list('a #default')}Transform>`)
  const opened = whole(Buffer.from(changed(signed(withList).toString(), '<edXML xmlns', '<edXML xmlns:a="urn:a" xmlns')))
  t.match(opened.content.octets.toString(), /^<edXML xmlns="[^"]*" xmlns:a="urn:a">/)
  t.match(opened.signature?.signedInfo?.toString(), `<SignedInfo xmlns="http://www.w3.org/2000/09/xmldsig#" xmlns:edXML="${NAMESPACE}">`)
})

t.test('a signature that is not alone at its place is not taken out', async (t) => {
  const twice = whole(signed(SIGNATURE + SIGNATURE))
  t.equal(twice.signature, null)
  t.equal(twice.signatureCount, 2)
  const elsewhere = whole(Buffer.from(changed(DOCUMENT, '</edXML:MessageHeader>', `${SIGNATURE}</edXML:MessageHeader>`)))
  t.equal(elsewhere.signature, null)
  t.equal(elsewhere.signatureCount, 1)
  const both = whole(Buffer.from(changed(signed(SIGNATURE).toString(), '</edXML:MessageHeader>', `<x xmlns="urn:x"><Signature/></x></edXML:MessageHeader>`)))
  t.ok(both.signature)
  t.equal(both.signatureCount, 2)
  const none = whole(Buffer.from(DOCUMENT))
  t.equal(none.signature, null)
  t.equal(none.content.method, EXCLUSIVE_C14N)
})
