/** `lienthong held` as a person runs it, beside a gateway. */
import t from 'tap'
import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import { openAlarms } from '../../src/alarms/alarms.ts'
import { documentPacket, signedPacket, startWorld } from '../support/gateway.ts'
import { makePdf, pagesOf } from '../support/pdf.ts'
import { until } from '../support/until.ts'

const PROGRAM = resolve(import.meta.dirname, '../../src/cli/lienthong.ts')

t.test('what is held is listed, released and refused from a shell, and the gateway sends the refusal', async (t) => {
  const { gateway, database, config, a, b } = await startWorld(t, { policy: { pdf: { in: { unsigned: 'hold' } } } })
  const { url, ownerUrl } = config.database as { url: string, ownerUrl: string }
  const run = (...args: string[]) => new Promise<{ code: number, out: string, err: string }>((done) => {
    execFile(process.execPath, [PROGRAM, 'held', ...args], { env: { LIENTHONG_MODE: 'test', DATABASE_URL: url, DATABASE_OWNER_URL: ownerUrl }, timeout: 60_000 }, (error, out, err) => { done({ code: error === null ? 0 : Number(error.code), out, err }) })
  })
  t.match(await run('list'), { code: 0, out: 'Không có văn bản nào đang giữ lại · Nothing is held\n' })
  t.match(await run('list', '--refused'), { code: 0, out: 'Không có văn bản nào bị từ chối · Nothing is refused\n' })
  await gateway.start()
  const send = async (number: string, more: Parameters<typeof documentPacket>[0] = {}, files = [{ name: 'Phụ lục.pdf', bytes: makePdf(pagesOf(number)) }]) =>
    (await a.submit(await signedPacket(documentPacket({ documentId: number, code: { codeNumber: number, codeNotation: 'VP' }, ...more }, files)))).json<{ id: string }>().id
  const [, second] = [await send('1'), await send('2')]
  const listed = await until(async () => { const { out } = await run('list'); return out.includes('1/VP') && out.includes('2/VP') && out }, { timeout: 30_000 })
  t.match(listed, /^[0-9a-f-]{36} {2}2026-\d\d-\d\d \d\d:\d\d {2}H90\.01 → H90\.27 {2}\d\/VP \(2026-01-05\) .*\n {2}1 {2}Phụ lục\.pdf\n {5}PDF_UNSIGNED: Tệp PDF không có chữ ký số · The PDF carries no signature/)
  const idOf = (number: string) => new RegExp(`^(\\S+) .* ${number}/VP`, 'm').exec(listed)![1]!

  await database.query(`insert into arrival_recheck (arrival_id, state, missing, accepted_until, next_at) select arrival_id, 'revoked', '{}', now(), now() from hand_over where id = $1`, [idOf('2')])
  t.match((await run('list')).out, / 2\/VP [^]*KNOWN BY NOW: a signer is revoked/, 'a person who decides knows what is known by then')

  await send('1', { bussiness: { bussinessDocType: 1, bussinessDocReason: 'Gửi nhầm', replacementInfos: [] } }, [])
  await until(async () => (await b.mailbox()).items.length === 1)
  const [recalled, other] = (await run('list')).out.split(/^(?=[0-9a-f]{8}-)/m).sort((one) => one.includes(' 1/VP') ? -1 : 1)
  t.match(recalled, /\n {2}đến sau · came later: 2026-\d\d-\d\d \d\d:\d\d {2}THU HỒI · A RECALL\n/, 'a person who decides sees that it is recalled')
  t.notMatch(other, /came later/)

  t.match(await run('release', idOf('1')), { code: 0, out: /It is in the mailbox now/ })
  t.match((await b.mailbox()).items, [{ number: '1', bussinessDocType: 1 }, { number: '1', pdf: 'unsigned' }])
  t.match(await run('refuse', idOf('2')), { code: 1, err: /STATUS_REASON_MISSING/ })
  t.match(await run('refuse', idOf('2'), '--reason', 'Đề nghị ký số phụ lục'), { code: 0, out: /status 02 goes back/ })
  const delivery = await until(async () => { const { deliveries: [delivery] } = await a.document(second); return delivery.status === '02' && delivery })
  t.match(delivery.history.at(-1), { detail: { description: 'Đề nghị ký số phụ lục' } })
  t.same(await openAlarms(database), [])
  t.match((await run('list')).out, /Nothing is held/)
  const refused = await run('list', '--refused')
  t.match(refused, { code: 0, out: new RegExp(`^${idOf('2')} [^]*PDF_UNSIGNED[^]*\\n  bị từ chối bởi · refused by lienthong held: 2026-`) })
  t.notMatch(refused.out, ' 1/VP ')
  t.match(await run('release', idOf('2')), { code: 1, err: /HELD_SETTLED/ })
  t.match(await run('release', 'x'), { code: 1, err: /HELD_NOT_FOUND/ })
  t.match(await run(), { code: 2, err: /lienthong held COMMAND/ })
})
