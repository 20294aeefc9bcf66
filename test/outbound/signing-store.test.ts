/** Files that wait for their signature are taken by number and by size: each is in memory while it is worked on. */
import t from 'tap'
import { claimSignings, nextSigning } from '../../src/outbound/signing-store.ts'
import { makePdf, pagesOf } from '../support/pdf.ts'
import { startSigning } from '../support/pdf-signing.ts'

t.test('files to be signed are taken up to a number, and no further one once they have so many bytes', async (t) => {
  const { database, submit } = await startSigning(t)
  const bytes = makePdf(pagesOf('Phu luc'))
  t.equal((await submit([1, 2, 3, 4, 5, 6].map((number) => ({ name: `Phụ lục ${number}.pdf`, bytes })))).statusCode, 202)
  const at = new Date()
  await database.query(`insert into pdf_signing (document_id, position, request, wanted, state, next_at) select document_id, position, '{}', 'B-B', 'waiting', $1 from document_attachment`, [at])
  const claim = async (count: number, room: number) => (await claimSignings(database, 'waiting', { count, bytes: room }, new Date(at.getTime() + 10_000), at)).map(({ size }) => size)
  t.same(await claim(8, 0), [], 'none where there is no room')
  t.same(await claim(8, 1), [bytes.length], 'one, however large')
  t.same(await claim(8, bytes.length + 1), [bytes.length, bytes.length])
  t.same(await claim(1, 1_000_000), [bytes.length])
  t.equal((await claim(8, 1_000_000)).length, 2, 'what was left for its size is free')
  t.same(await claim(8, 1_000_000), [], 'each is taken once')
  t.ok((await nextSigning(database, 'waiting'))! > at)
})
