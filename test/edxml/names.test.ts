import t from 'tap'
import { extensionOf, fileName, mediaTypeOf } from '../../src/edxml/names.ts'

t.test('a path becomes its last part', async (t) => {
  t.equal(fileName('../../etc/passwd'), 'passwd')
  t.equal(fileName('C:\\Users\\van thu\\công văn số 12.pdf'), 'công văn số 12.pdf')
  t.equal(fileName('/a/b/'), 'b')
  t.equal(fileName('..\\..\\'), '')
})

t.test('what a file system, a shell or a reader could take amiss is taken out', async (t) => {
  t.equal(fileName('a\0b\nc.pdf'), 'abc.pdf')
  t.equal(fileName('thu\u202efdp.exe'), 'thufdp.exe')
  t.equal(fileName('.htaccess'), 'htaccess')
  t.equal(fileName('a<b>:"|?*.pdf'), 'ab.pdf')
  t.equal(fileName('a.pdf. . '), 'a.pdf')
  t.equal(fileName('con.pdf'), '_con.pdf')
  t.equal(fileName('\ud800.pdf'), '\ufffd.pdf')
  t.equal(fileName(' . .. '), '')
})

t.test('a long name keeps its extension', async (t) => {
  const name = fileName(`${'công văn '.repeat(60)}.docx`)
  t.ok(Buffer.byteLength(name) <= 240)
  t.ok(name.endsWith('.docx'))
})

t.test('a name of megabytes takes no longer to shorten', async (t) => {
  for (const name of [`a${'.'.repeat(4_000_000)}b`, ' '.repeat(4_000_000), `${'ă'.repeat(2_000_000)}.pdf`, 'a/'.repeat(1_000_000)]) {
    t.ok(Buffer.byteLength(fileName(name)) <= 240)
  }
})

t.test('a safe name stays as it is, also the second time', async (t) => {
  const names = ['Công văn số 12 (bản chính).SIGNED.PDF', 'a', '../x', `${'ă'.repeat(300)}.pdf`, 'aux', 'com1.txt', '....', 'a/..', '\ud83d\ude00.png', `${'x'.repeat(250)} .pdf`]
  for (const name of names) t.equal(fileName(fileName(name)), fileName(name), JSON.stringify(name).slice(0, 40))
  t.equal(fileName(names[0] as string), names[0])
  const pieces = ['a', 'ă', '\ud83d\ude00', '\ud83d', '.', ' ', '/', 'con', 'x'.repeat(120), '.pdf', '\0', '\u202e', '~', '\u00a0']
  for (let number = 0; number < 14 ** 4; number += 3) {
    const name = [number, number / 14, number / 196, number / 2744].map((index) => pieces[Math.floor(index) % 14]).join('')
    if (fileName(fileName(name)) !== fileName(name)) t.fail(JSON.stringify(name))
  }
})

t.test('the media type follows the extension', async (t) => {
  t.equal(extensionOf('a.b/c.PDF'), 'pdf')
  t.equal(extensionOf('a.b/c'), '')
  t.equal(mediaTypeOf('x.PDF'), 'application/pdf')
  t.equal(mediaTypeOf('x.constructor'), 'application/octet-stream')
  t.equal(mediaTypeOf('x'), 'application/octet-stream')
})
