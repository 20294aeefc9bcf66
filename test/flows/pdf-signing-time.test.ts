/** How long a file that is signed waits for its time-stamp: a last try is made when its time is over, and what was asked by then is waited for. */
import t from 'tap'
import type { ServerResponse } from 'node:http'
import { makePdf, pagesOf } from '../support/pdf.ts'
import { startSigning, startTsa } from '../support/pdf-signing.ts'
import { until } from '../support/until.ts'
import { needsOpenssl } from '../trust/world.ts'

const files = (count: number) => Array.from({ length: count }, (_, index) => ({ name: `Phụ lục ${index + 1}.pdf`, bytes: makePdf(pagesOf('Phu luc')) }))
const annexes = (count: number) => Array.from({ length: count }, (_, index) => ({ file: index + 1, as: 'annex' }))

/** Files that a gateway carries on side by side. */
const AT_ONCE = 8

t.test('an authority that is back when the time of a file is over is asked once more', needsOpenssl, async (t) => {
  const authority = await startTsa(t)
  authority.server.answering = (_, response) => {
    authority.server.answering = authority.server.honest
    response.writeHead(503).end()
  }
  const world = await startSigning(t, { authority, systemPolicy: { levelMinutes: 0.05 } }) // less than the pause before the next try
  await world.gateway.start()
  t.equal((await world.submit(files(1), annexes(1))).statusCode, 202)
  t.match((await world.arrived()).item.attachments[0]!.pdf, { signatures: [{ level: 'B-T' }] })
})

t.test('an authority that was asked in time is waited for as long as an answer may take, and no file asks it again', needsOpenssl, async (t) => {
  const authority = await startTsa(t)
  const waiting: ServerResponse[] = []
  authority.server.answering = (_, response) => { waiting.push(response) }
  const world = await startSigning(t, { authority, systemPolicy: { levelMinutes: 0.01 } })
  await world.gateway.start()
  const { id } = (await world.submit(files(12), annexes(12))).json<{ id: string }>()
  await world.when(id, ({ attachments }) => attachments.every(({ signing }) => signing?.signedAt && Date.now() > new Date(signing.signedAt).getTime() + 600))
  await until(async () => waiting.length === AT_ONCE)
  t.ok((await world.view(id)).attachments.every(({ signing }) => signing!.state === 'signed'))
  for (const response of waiting) response.destroy()
  const { item } = await world.arrived()
  t.ok(item.attachments.every(({ pdf }) => pdf!.signatures[0]!.level === 'B-B'))
  t.equal(waiting.length, AT_ONCE)
})

t.test('where nothing is waited for, nobody is asked', needsOpenssl, async (t) => {
  const authority = await startTsa(t)
  authority.server.answering = () => { t.fail('it is asked') }
  const world = await startSigning(t, { authority, systemPolicy: { levelMinutes: 0 } })
  await world.gateway.start()
  const { id } = (await world.submit(files(1), annexes(1))).json<{ id: string }>()
  t.match((await world.arrived()).item.attachments[0]!.pdf, { signatures: [{ level: 'B-B' }] })
  t.match((await world.view(id)).attachments[0]!.signing, { wanted: 'B-T', reason: 'its time is over' })
})
