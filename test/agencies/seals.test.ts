import t from 'tap'
import { checkSealImage, saveSeal, sealOf } from '../../src/agencies/seals.ts'
import { saveAgencies } from '../../src/agencies/registry.ts'
import { createTestDatabase } from '../support/database.ts'
import { sealImage } from '../support/seal-image.ts'

t.test('an image that can be laid over a signature is taken', async (t) => {
  t.doesNotThrow(() => checkSealImage(sealImage()))
})

t.test('an image that would hide the signature, is too large, or is none is refused with the reason', async (t) => {
  const whole = sealImage()
  const damaged = Buffer.from(whole)
  damaged[60]! ^= 1
  const cases: [Buffer, RegExp][] = [
    [sealImage({ ground: 255 }), /ground is not transparent/],
    [sealImage({ ground: 1 }), /ground is not transparent/],
    [sealImage({ colourType: 2 }), /ground is not transparent/],
    [sealImage({ width: 2001, height: 4 }), /2001 × 4 pixels/],
    [whole.subarray(0, -8), /cut off/],
    [Buffer.concat([whole, Buffer.from('%PDF-1.7')]), /behind its end/],
    [damaged, /damaged/],
    [Buffer.from('GIF89a'), /not a PNG/],
    [Buffer.alloc(0), /not a PNG/],
    [whole.subarray(0, 8), /cut off/],
    [Buffer.alloc(512 * 1024 + 1), /larger than/],
  ]
  for (const [png, message] of cases) t.throws(() => checkSealImage(png), { code: 'SETUP_INVALID', message })
})

t.test('an agency has one seal: the last that was set up', async (t) => {
  const { database } = await createTestDatabase(t)
  await database.transaction((tx) => saveAgencies(tx, [{ codes: ['H90.01'], name: 'Ví Dụ' }], 'setup'))
  const { rows: [{ id } = { id: '' }] } = await database.query<{ id: string }>('select id from agency')
  t.equal(await sealOf(database, id), null)
  for (const widthMm of [36, 36.5]) await database.transaction((tx) => saveSeal(tx, id, { png: sealImage(), widthMm }))
  t.strictSame(await sealOf(database, id), { png: sealImage(), widthMm: 36.5 })
})
