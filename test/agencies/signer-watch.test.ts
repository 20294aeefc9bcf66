import t from 'tap'
import { createSignerWatch } from '../../src/agencies/signer-watch.ts'
import { openAlarms } from '../../src/alarms/alarms.ts'
import { SignerAway } from '../../src/trust/signers/away.ts'
import { signerFromPem } from '../../src/trust/signers/pem.ts'
import { createTestDatabase } from '../support/database.ts'
import { A, organisation } from '../support/gateway.ts'

const DATA = Buffer.from('Công văn số 01')

/** A key that is away until it is told otherwise, and a clock that stands. */
async function setup (t: Parameters<typeof createTestDatabase>[0]) {
  const { database } = await createTestDatabase(t)
  const { rows: [agency] } = await database.query<{ id: string }>(`insert into agency (name, source) values ('Văn phòng', 'setup') returning id`)
  const world = { at: new Date('2026-11-21T00:00:00Z'), isAway: true, asked: 0, lines: [] as string[] }
  const log = { info () {}, warn () {}, debug () {}, error: (...args: unknown[]) => { world.lines.push(String(args[1])) } }
  const watch = createSignerWatch({ database, now: () => world.at, log })
  const real = signerFromPem(organisation(A.key))
  const signer = watch.watch({
    ...real,
    async sign (data) {
      world.asked++
      if (world.isAway) throw new SignerAway('TOKEN_ABSENT')
      return real.sign(data)
    },
  }, agency!.id, 'khóa')
  const away = () => signer.sign(DATA).then(() => null, (error: unknown) => error as SignerAway)
  const forward = (seconds: number) => { world.at = new Date(world.at.getTime() + seconds * 1000) }
  return { database, world, signer, away, forward }
}

t.test('a key that is away is asked ever less often, and one alarm tells of it until it is back', async (t) => {
  const { database, world, signer, away, forward } = await setup(t)
  for (const seconds of [5, 10, 20, 30, 60, 60]) {
    const error = await away()
    t.match(error, { code: 'TOKEN_ABSENT', retryAt: new Date(world.at.getTime() + seconds * 1000) })
    forward(seconds - 1)
    t.match(await away(), { code: 'RESTING', retryAt: error!.retryAt! }, 'before that nobody asks')
    forward(1)
  }
  t.equal(world.asked, 6)
  t.match(await openAlarms(database), [{ kind: 'signer.away', vi: 'Chưa ký được cho Văn phòng, văn bản đang chờ: không thấy thiết bị lưu khóa' }])
  t.equal(world.lines.length, 1)
  world.isAway = false
  t.ok(await signer.sign(DATA))
  t.strictSame(await openAlarms(database), [])
  world.isAway = true
  t.match(await away(), { retryAt: new Date(world.at.getTime() + 5000) }, 'the next time it begins anew')
})

t.test('signatures that fail side by side are one failure; of those that wait one asks', async (t) => {
  const { world, away, forward } = await setup(t)
  const first = await Promise.all(Array.from({ length: 8 }, away))
  t.same(new Set(first.map((error) => error?.retryAt?.getTime())), new Set([world.at.getTime() + 5000]))
  forward(5)
  const again = await Promise.all(Array.from({ length: 8 }, away))
  t.same(again.map((error) => error?.code), ['TOKEN_ABSENT', ...Array.from({ length: 7 }, () => 'RESTING')])
  t.equal(world.asked, 9)
})

t.test('an alarm of an earlier run, or of a key that is not used any more, ends when the agency signs again', async (t) => {
  const { database, world, signer } = await setup(t)
  world.isAway = false
  const { rows: [agency] } = await database.query<{ id: string }>('select id from agency')
  await database.query(`insert into alarm (at, kind, subject, text_vi, text_en) select now(), 'signer.away', subject, '', '' from unnest($1::text[]) as subject`, [[`${agency!.id}/cũ`, `${agency!.id}/none`, `${agency!.id}1/khác`]])
  await signer.sign(DATA)
  t.match(await openAlarms(database), [{ subject: `${agency!.id}1/khác` }], 'another agency\'s stays')
})

t.test('of a key that is slow only two signatures are asked at once, and none fails for it', async (t) => {
  const { database, world, signer, away, forward } = await setup(t)
  world.isAway = false
  const slow = signer.sign(DATA)
  forward(3)
  t.ok(await slow)
  const [one, other] = [signer.sign(DATA), signer.sign(DATA)]
  t.match(await away(), { code: 'RESTING', retryAt: new Date(world.at.getTime() + 1000) }, 'a third one leaves its place to other agencies')
  t.ok(await one)
  t.ok(await other)
  t.ok((await Promise.all([signer.sign(DATA), signer.sign(DATA), signer.sign(DATA)])).length === 3, 'as soon as it is quick again')
  t.strictSame(await openAlarms(database), [])
})
