import t from 'tap'
import { unzip } from '../../src/edxml/zip.ts'
import { zipOf } from './zips.ts'

t.test('a zip of many files is read without leaving anything behind on it', async (t) => {
  const warnings: Error[] = []
  const note = (warning: Error) => { warnings.push(warning) }
  process.on('warning', note)
  t.teardown(() => { process.off('warning', note) })
  const files = Array.from({ length: 30 }, (_, index) => ({ name: `${index}.cer`, bytes: Buffer.from(`${index}`) }))
  t.same(await unzip(zipOf(files), { files: 30, bytes: 1000 }), files)
  t.equal(await unzip(zipOf(files), { files: 29, bytes: 1000 }), null)
  t.same(warnings, [])
})

t.test('a zip whose directory breaks off after the first file is none', async (t) => {
  const bytes = zipOf([{ name: 'a.cer', bytes: Buffer.from('a') }, { name: 'b.cer', bytes: Buffer.from('b') }])
  bytes.write('XX', bytes.lastIndexOf('PK\x01\x02'), 'latin1')
  t.equal(await unzip(bytes, { files: 9, bytes: 1000 }), null)
})
