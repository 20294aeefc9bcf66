import t from 'tap'

import { Refusal } from '../../src/errors.ts'
import { createRandom } from './random.ts'
import { fuzz } from './rounds.ts'
import { makeTargets, type Target } from './targets.ts'

t.test('changed packets, seals, signatures, certificates, CRLs, OCSP answers, tokens and PDFs: nothing crashes, hangs or grows, and no changed word is believed', async (t) => {
  const targets = await makeTargets()
  const { findings, outcomes, rounds } = await fuzz({ targets, seed: 20261121, rounds: 50 * targets.length })
  t.strictSame(findings.map(({ target, round, what }) => ({ target, round, what })), [])
  t.equal(rounds, 50 * targets.length)
  for (const [name, { refused, nothing, same }] of outcomes) t.equal(refused + nothing + same, 50, name)
})

t.test('what must not be is found', async (t) => {
  const target = (judge: Target['judge']): Target[] => [{ name: 'x', good: Buffer.from('good'), mutate: (_, random) => random.bytes(4), judge, isFault: (error) => error instanceof Refusal }]
  const found = async (judge: Target['judge'], rounds = 3) => (await fuzz({ targets: target(judge), seed: 1, rounds })).findings.map(({ what }) => what.split('\n')[0])
  t.strictSame(await found(() => undefined), [])
  t.strictSame(await found(() => { throw new Refusal('PACKET_NOT_XML') }), [])
  t.match(await found((bytes) => bytes.toString('hex')), [/^is believed/, /^is believed/, /^is believed/])
  t.match(await found((bytes) => { if (!bytes.equals(Buffer.from('good'))) throw new TypeError('oh') }), [/^threw TypeError: oh/, /^threw/, /^threw/])
  const busy = (bytes: Buffer) => {
    const { user } = process.cpuUsage()
    while (!bytes.equals(Buffer.from('good')) && process.cpuUsage().user - user < 1_200_000);
  }
  t.match(await found(busy, 1), [/^took \d+ ms/])
})

t.test('the same seed and round do the same', async (t) => {
  const [target] = await makeTargets() as [Target]
  const made = (seed: number, round: number) => target.mutate(target.good, createRandom(seed, round)).toString('latin1')
  t.equal(made(7, 3), made(7, 3))
  t.not(made(7, 3), made(7, 4))
  t.not(made(7, 3), made(8, 3))
})
