import t from 'tap'
import {
  bodyOf, checkSignedHeaders, claimedSystem, decodeBase64, failReply, formatTime, formatTimestamp, hashFile, isHeaderValue,
  okReply, packetIn, parseTime, parseTimestamp, readReply, signHeaders, toAscii,
} from '../../src/axis/vxp/wire.ts'
import { hmacOf, readCaptures, SECRET, type Capture } from './captures.ts'

const { captures, skip } = readCaptures()
const capture = (name: string) => captures.find((each) => each.name === name)!

t.test('each request that the official SDK sent is verified', { skip }, async (t) => {
  t.equal(captures.length, 10)
  for (const { name, headers, body } of captures) {
    t.equal(claimedSystem(headers), '000.00.00.G99', name)
    const signed = checkSignedHeaders(headers, SECRET)
    if (typeof signed === 'string') throw new Error(`${name}: ${signed}`)
    t.equal(signed.get('systemid'), '000.00.00.G99')
    if (signed.has('hash-file')) t.ok(packetIn(body, signed.get('hash-file')!), name)
  }
})

t.test('from the same parameters, time and secret come the SDK\'s own signed headers', { skip }, async (t) => {
  for (const { name, headers, spelt } of captures) {
    const keys = String(headers['xroadvnpt-sign-header-key']).split(';')
    const parameters = keys.map((key) => [key, String(headers[`xroadvnpt-${key.toLowerCase()}`])] as const)
    for (const [header, value] of signHeaders(parameters, SECRET)) t.equal(spelt.get(header), value, `${name} ${header}`)
  }
})

t.test('the timestamp of each capture is read, and written the same', { skip }, async (t) => {
  for (const { name, headers } of captures) {
    const text = String(headers['xroadvnpt-timestamp'])
    t.equal(formatTimestamp(parseTimestamp(text)!), text, name)
  }
})

t.test('hash-file covers the packet, not the line end that the SDK writes after it', { skip }, async (t) => {
  const { headers, body } = capture('02_sendEdoc')
  const claimed = String(headers['xroadvnpt-hash-file'])
  const packet = packetIn(body, claimed)!
  t.equal(packet.length, body.length - 2)
  t.equal(hashFile(packet, 'sdk'), claimed)
  t.same(bodyOf(packet, 'sdk'), body)
})

t.test('hash-file is accepted as unpadded and as whole hex, over a body with and without the line end', async (t) => {
  const packet = Buffer.from('<edXML/>') // its digest has bytes below 10 hex
  t.ok(hashFile(packet, 'sdk').length < 64)
  for (const form of ['sdk', 'hex64'] as const) {
    t.same(packetIn(packet, hashFile(packet, form).toUpperCase()), packet)
    t.same(packetIn(Buffer.from('<edXML/>\r\n'), hashFile(packet, form)), packet)
    t.same(packetIn(Buffer.from('<edXML/>\r\n'), hashFile(Buffer.from('<edXML/>\r\n'), form)), Buffer.from('<edXML/>\r\n'))
    t.equal(packetIn(Buffer.from('<edXML/>\n'), hashFile(packet, form)), undefined)
    t.equal(packetIn(packet, hashFile(packet, form).slice(1)), undefined)
  }
  t.equal(packetIn(packet, ''), undefined)
  t.same(bodyOf(packet, 'hex64'), packet)
})

t.test('header names count in any case', { skip }, async (t) => {
  for (const fold of [(name: string) => name.toUpperCase(), (name: string) => name.toLowerCase()]) {
    const headers = Object.fromEntries(Object.entries(capture('04_updateStatus').headers).map(([name, value]) => [fold(name), value]))
    t.type(checkSignedHeaders(headers, SECRET), Map)
  }
})

t.test('a request that was touched is not verified', { skip }, async (t) => {
  const { headers } = capture('05_getSentEdocList')
  const touched = (changes: Capture['headers']) => checkSignedHeaders({ ...headers, ...changes }, SECRET)
  t.equal(checkSignedHeaders(headers, 'another secret'), 'wrong signature')
  t.equal(touched({ 'xroadvnpt-hash-header': '00' }), 'wrong signature')
  t.equal(touched({ 'xroadvnpt-hash-header': undefined }), 'not signed')
  t.equal(touched({ 'xroadvnpt-sign-header': String(headers['xroadvnpt-sign-header']).replace('edoc', 'status') }), 'wrong signature')
  t.equal(touched({ 'xroadvnpt-messagetype': 'status' }), 'headers differ')
  t.equal(touched({ 'xroadvnpt-docid': undefined }), 'headers differ')
  t.equal(touched({ 'xroadvnpt-from': '000.00.00.G22' }), 'headers differ', 'a parameter that nobody signed')
  t.equal(touched({ 'xroadvnpt-sign-header-key': 'systemid' }), 'headers differ')
  t.equal(touched({ 'xroadvnpt-docid': ['68edb8c8c2dcb14db773ce44', 'x'] }), 'headers differ', 'a header sent twice')
})

t.test('a signature over something other than parameters is none', async (t) => {
  for (const text of ['', 'null', '[]', '"x"', '{"systemid":"a"}', '{"XroadVnpt-systemid":1}', '{"XroadVnpt-systemid":"a","xroadvnpt-systemId":"b"}']) {
    const headers = { 'XroadVnpt-systemid': 'a', 'XroadVnpt-sign-header': text, 'XroadVnpt-hash-header': hmacOf(text) }
    t.equal(checkSignedHeaders(headers, SECRET), 'headers differ', text)
  }
})

t.test('bytes beyond ASCII are verified as they were sent', async (t) => {
  const json = '{"XroadVnpt-systemid":"a","XroadVnpt-description":"Từ chối"}'
  const onTheWire = (text: string) => Buffer.from(text).toString('latin1') // as node:http shows UTF-8 bytes
  const signed = checkSignedHeaders({ 'XroadVnpt-systemid': 'a', 'XroadVnpt-description': onTheWire('Từ chối'), 'XroadVnpt-sign-header': onTheWire(json), 'XroadVnpt-hash-header': hmacOf(json) }, SECRET)
  t.match(signed, new Map([['systemid', 'a'], ['description', 'Từ chối']]))
})

t.test('blanks at a value\'s ends, which HTTP drops, break no signature', async (t) => {
  const json = '{"XroadVnpt-systemid":"a","XroadVnpt-description":" loi "}'
  t.type(checkSignedHeaders({ 'XroadVnpt-systemid': 'a', 'XroadVnpt-description': 'loi', 'XroadVnpt-sign-header': json, 'XroadVnpt-hash-header': hmacOf(json) }, SECRET), Map)
})

t.test('timestamps are Vietnam time, with milliseconds in four digits', async (t) => {
  t.equal(formatTimestamp(new Date('2026-12-31T17:30:05.007Z')), '01012027T003005+0007')
  t.equal(formatTime(new Date('2026-12-31T17:30:05.007Z')), '01/01/2027 00:30:05')
  t.same(parseTimestamp('01012027T003005+0007'), new Date('2026-12-31T17:30:05.007Z'))
  for (const text of ['', '31022027T003005+0007', '01012027T003005+7000', '01012027T003005', '1012027T003005+0007']) t.equal(parseTimestamp(text), undefined, text)
})

t.test('every likely form of an answer\'s time is read', async (t) => {
  const at = new Date('2025-10-23T08:46:18Z')
  for (const form of ['23/10/2025 15:46:18', '2025/10/23 15:46:18', '2025-10-23 15:46:18', '2025-10-23T15:46:18', '2025-10-23T08:46:18Z', '2025-10-23T15:46:18.000+07:00', at.getTime(), String(at.getTime())]) {
    t.same(parseTime(form), at, String(form))
  }
  t.same(parseTime('23/10/2025'), new Date('2025-10-22T17:00:00Z'))
  for (const form of ['', 'null', null, undefined, {}, '2025', '99/99/2025 00:00:00']) t.equal(parseTime(form), undefined)
})

t.test('descriptions lose their diacritics, and nothing else of theirs', async (t) => {
  t.equal(toAscii('Từ chối: sai nơi nhận, ĐƠN VỊ đã giải thể'), 'Tu choi: sai noi nhan, DON VI da giai the')
  t.equal(toAscii(' hai\r\n dòng – € '), 'hai dong ? ?')
  t.equal(toAscii('ệ'.repeat(600)).length, 500)
  t.ok(isHeaderValue(toAscii('Phần mềm "QLVB" <lỗi> \\ 😀')))
})

t.test('a header value is printable ASCII', async (t) => {
  for (const value of ['a', 'a b', '["H37.02.02","000.00.00.G22"]']) t.ok(isHeaderValue(value), value)
  for (const value of ['', ' a', 'a ', 'a\nb', 'a\0', 'đ']) t.notOk(isHeaderValue(value), JSON.stringify(value))
})

t.test('only an envelope that says OK is a good answer', async (t) => {
  t.match(readReply(okReply({ DocId: 'x' })), { kind: 'ok', fields: new Map([['docid', 'x']]) })
  t.match(readReply(Buffer.from('\uFEFF {"Status":"ok","docId":"x"}')), { kind: 'ok', fields: new Map([['docid', 'x']]) })
  t.match(readReply(failReply('18', 'Khong co don vi nhan')), { kind: 'fail', code: '18', reason: 'Khong co don vi nhan' })
  t.match(readReply(Buffer.from('{"status":"FAIL","ErrorDesc":null}')), { kind: 'fail', code: 'FAIL', reason: '' })
  for (const text of ['', ' ', '<html>502</html>', 'null', '[]', '"OK"', '{}', '{"status":null,"data":null}', '{"status":"OK"', '{"status":"OK","ErrorCode":"5"}']) {
    t.match(readReply(Buffer.from(text)), { kind: 'unintelligible' }, text)
  }
})

t.test('base64 is decoded to the letter', async (t) => {
  t.same(decodeBase64('aGVsbG8='), Buffer.from('hello'))
  t.same(decodeBase64('aGVs\r\nbG8=\r\n'), Buffer.from('hello'))
  for (const text of ['aGVsbG8', 'aGVsbG9=', 'aGVs bG8=', '!!!!', 'aGVsbG8=x', 'aGVs-_==']) t.equal(decodeBase64(text), undefined, text)
})
