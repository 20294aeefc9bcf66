import t from 'tap'
import { eachOctets, openXml } from '../../src/edxml/open.ts'
import { createLifter, lift } from '../../src/edxml/lift.ts'
import { DEFAULT_LIMITS } from '../../src/edxml/limits.ts'
import { putMarkers } from '../../src/edxml/slots.ts'
import { canonicalise } from '../../src/edxml/xml.ts'
import { DOCUMENT, PDF, changed } from './packets.ts'

const SIGNATURE_AT = ['edXML', 'edXMLEnvelope', 'edXMLHeader']
const BASE64 = PDF.toString('base64')

function open (text: string) {
  return openXml(Buffer.from(text), { limits: DEFAULT_LIMITS, signatureAt: SIGNATURE_AT, lift: true })
}

function octetsOf (opened: ReturnType<typeof open>): string {
  const parts: Buffer[] = []
  eachOctets(opened, (bytes) => { parts.push(bytes) })
  return Buffer.concat(parts).toString()
}

const root = (inside: string) => `<edXML xmlns:e="urn:e">${inside}</edXML>`
const encoded = (text: string, attributes = '') => `<e:ContentTransferEncoded${attributes}>${text}</e:ContentTransferEncoded>`

/** Everything that could make the scanner and the parser understand a packet differently. */
const TRICKS = {
  'plain text': root(encoded('QUJD')),
  'no prefix': root('<ContentTransferEncoded>QUJD</ContentTransferEncoded>'),
  'many': root(encoded('QUJD') + encoded('REVG') + encoded('')),
  'empty': root(encoded('') + '<e:ContentTransferEncoded/>'),
  'white space': root(encoded(' \t\r\n QU\r\nJD\rREVG\n')),
  'carriage returns as references': root(encoded('QUJD&#13;\nREVG&#xd;\n&#xD;')),
  'another reference': root(encoded('QU&#74;D') + encoded('QUJ&lt;')),
  'CDATA': root(encoded('<![CDATA[QUJD]]>') + encoded('QU<![CDATA[JD]]>')),
  'a comment inside': root(encoded('QU<!-- x -->JD') + encoded('<!-- x -->QUJD') + encoded('QUJD<!-- x -->')),
  'in a comment': root(`<!-- ${encoded('QUJD')} -->${encoded('REVG')}`),
  'half in a comment': root(`<!-- <e:ContentTransferEncoded> -->QUJD<!-- </e:ContentTransferEncoded> -->`),
  'in CDATA': root(`<![CDATA[${encoded('QUJD')}]]>${encoded('REVG')}`),
  'in an attribute': root(`<a b="&lt;e:ContentTransferEncoded>QUJD&lt;/e:ContentTransferEncoded>" c='"&gt;' d="'/>"/>${encoded('REVG')}`),
  'markup characters in its attributes': root(encoded('QUJD', ` a=">" b='"' c="'>" d='/>'`)),
  'an attribute of its name': root('<a ContentTransferEncoded="QUJD" e:ContentTransferEncoded="&gt;REVG"/><b ContentTransferEncoded="x">QUJD</b>'),
  'a longer name': root('<ContentTransferEncodedX>QUJD</ContentTransferEncodedX><XContentTransferEncoded>QUJD</XContentTransferEncoded>'),
  'a child': root(encoded('<a>QUJD</a>') + encoded('QUJD<a/>') + encoded('<a/>QUJD')),
  'nested': root(encoded(encoded('QUJD')) + encoded(`QUJD${encoded('REVG')}R0hJ`)),
  'blanks in tags': root('<e:ContentTransferEncoded\n  a = "1"\n>QUJD</e:ContentTransferEncoded \n>'),
  'not base64': root(encoded('${file}') + encoded('QUJ') + encoded('QU-_') + encoded('===') + encoded('á')),
  'as the root': '<ContentTransferEncoded>QUJD</ContentTransferEncoded>',
  'outside the root': `<!-- ${encoded('QUJD')} -->\n<edXML xmlns:e="urn:e"/>\n<!-- ${encoded('QUJD')} -->`,
  'in a signature': `<edXML xmlns:e="urn:e"><edXMLEnvelope><edXMLHeader><Signature>${encoded('QUJD')}</Signature></edXMLHeader></edXMLEnvelope>${encoded('REVG')}</edXML>`,
  'a marker of another packet': root(encoded('slot-00112233445566778899aabbccddeeff-0') + encoded('QUJD')),
  'a whole packet': DOCUMENT,
}

t.test('a packet means the same whether its attachments were lifted or not', async (t) => {
  for (const [name, text] of Object.entries(TRICKS)) {
    const signature = /<Signature>.*<\/Signature>/
    const opened = open(text)
    t.equal(octetsOf(opened), canonicalise(Buffer.from(text.replace(signature, '')), opened.content.method).toString(), name)
  }
})

t.test('the text of every leaf ContentTransferEncoded gets a slot, and nothing else does', async (t) => {
  const expected: Partial<Record<keyof typeof TRICKS, string[]>> = {
    'many': ['QUJD', 'REVG'],
    'white space': [' \t\n QU\nJD\nREVG\n'],
    'carriage returns as references': ['QUJD&#xD;\nREVG&#xD;\n&#xD;'],
    'CDATA': ['QUJD', 'QUJD'],
    'a comment inside': ['QUJD', 'QUJD', 'QUJD'],
    'in a comment': ['REVG'],
    'half in a comment': [],
    'in CDATA': ['REVG'],
    'in an attribute': ['REVG'],
    'an attribute of its name': [],
    'a longer name': [],
    'a child': [],
    'nested': ['QUJD', 'REVG'],
    'in a signature': ['REVG'],
    'outside the root': [],
    'a whole packet': [BASE64],
  }
  for (const [name, slots] of Object.entries(expected)) t.strictSame(open(TRICKS[name as keyof typeof TRICKS]).slots.map(String), slots, name)
})

t.test('a packet that comes in pieces is lifted the same', async (t) => {
  const texts = [...Object.values(TRICKS), '\ufeff' + DOCUMENT, changed(DOCUMENT, BASE64, BASE64.replace(/.{8}/g, '$&\r\n'))]
  for (const text of texts) {
    const bytes = Buffer.from(text)
    const whole = lift(bytes, DEFAULT_LIMITS, true)
    for (const size of [1, 2, 7, 64, 1000]) {
      const lifter = createLifter(DEFAULT_LIMITS, true)
      for (let at = 0; at < bytes.length; at += size) lifter.push(bytes.subarray(at, at + size))
      const pieces = lifter.end()
      const shape = ({ bytes, markers, slots, understood }: typeof whole) => ({
        text: markers.reduce((text, marker, index) => text.replace(marker, `#${index}`), bytes.toString()), slots: slots.map(String), understood,
      })
      t.strictSame(shape(pieces), shape(whole), `${text.slice(0, 40)} in pieces of ${size}`)
    }
  }
})

t.test('a marker that is not the whole text of its element is found out', async (t) => {
  const marker = 'slot-a-0'
  const lifted = { slots: [Buffer.from('QUJD')], markers: [marker] }
  const octets = (text: string) => Buffer.from(`<a xmlns:e="urn:e">${text}</a>`)
  t.ok(putMarkers(octets(encoded(marker)), lifted))
  t.ok(putMarkers(octets(encoded(marker, ' b=">"')), lifted))
  for (const text of ['', marker, `<b>${marker}</b>`, encoded(`${marker}x`), encoded(`x${marker}`), encoded(`<b></b>${marker}`), encoded(`${marker}<b></b>`), `<b ContentTransferEncoded="">${marker}</b>`, `<b c=" e:ContentTransferEncoded>${marker}"></b>`]) {
    t.equal(putMarkers(octets(text), lifted), null, text)
  }
})

t.test('lines are those of the bytes that came, also after wrapped attachments', async (t) => {
  const wrapped = changed(DOCUMENT, BASE64, `\n${BASE64.replace(/.{8}/g, '$&\n')}\n`)
  const attachment = wrapped.slice(wrapped.indexOf('    <Attachment>'), wrapped.indexOf('  </AttachmentEncoded>'))
  const text = changed(wrapped, '  </AttachmentEncoded>', `${attachment}  </AttachmentEncoded>`)
  const opened = open(text)
  t.equal(opened.lineOf('Attachment[2].ContentId'), text.slice(0, text.lastIndexOf('<ContentId>')).split('\n').length)
  t.equal(opened.lineOf('MessageHeader.To[2].OrganId'), text.slice(0, text.indexOf('000.00.00.G22')).split('\n').length)
  t.equal(opened.lineOf('MessageHeader.To[9].OrganId'), opened.lineOf('MessageHeader'), 'the next element above that is there')
  t.equal(opened.lineOf('Nowhere.At.All'), undefined)
})
