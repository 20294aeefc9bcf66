import t from 'tap'

import { DerError, TAG, bitsOf, booleanOf, oidOf, readDer, readElements, smallIntegerOf } from '../../../src/trust/asn1/der.ts'

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')

t.test('only DER is read: shortest lengths, nothing cut off, nothing left over', async (t) => {
  t.equal(readDer(hex('30 03 02 01 05'), TAG.sequence).content.length, 3)
  t.equal(readElements(Buffer.concat([hex('04 81 80'), Buffer.alloc(128), hex('05 00')])).length, 2)
  const wrong = { 'a longer length than needed': '30 81 03 02 01 05', 'padded length': '30 82 00 03 02 01 05', indefinite: '30 80 00 00', 'cut off': '30 04 02 01 05', 'left over': '30 00 00', empty: '', 'tag alone': '30', 'high tag': '1f 1f 00', 'other tag': '31 00', 'length of 5 octets': '30 85 00 00 00 00 00' }
  for (const [what, bytes] of Object.entries(wrong)) t.throws(() => readDer(hex(bytes), TAG.sequence), DerError, what)
})

t.test('object identifiers, also under 2.999', async (t) => {
  const oid = (text: string) => oidOf(readDer(hex(text), TAG.oid))
  t.equal(oid('06 03 55 1d 0f'), '2.5.29.15')
  t.equal(oid('06 02 88 37'), '2.999')
  t.equal(oid('06 06 2a 86 48 86 f7 0d'), '1.2.840.113549')
  for (const wrong of ['06 00', '06 02 55 80', '06 03 55 80 01', '06 0a 2a ff ff ff ff ff ff ff ff 7f']) t.throws(() => oid(wrong), DerError, wrong)
})

t.test('booleans, integers and bits have one form', async (t) => {
  t.equal(booleanOf(readDer(hex('01 01 ff'), TAG.boolean)), true)
  t.throws(() => booleanOf(readDer(hex('01 01 01'), TAG.boolean)), DerError)
  t.equal(smallIntegerOf(readDer(hex('02 02 00 80'), TAG.integer)), 128)
  for (const wrong of ['02 00', '02 01 ff', '02 02 00 01', '02 05 01 00 00 00 00']) t.throws(() => smallIntegerOf(readDer(hex(wrong), TAG.integer)), DerError, wrong)
  t.strictSame([...bitsOf(readDer(hex('03 02 01 06'), TAG.bitString))], [5, 6])
  for (const wrong of ['03 00', '03 01 01', '03 02 08 00', '03 02 02 06']) t.throws(() => bitsOf(readDer(hex(wrong), TAG.bitString)), DerError, wrong)
})
