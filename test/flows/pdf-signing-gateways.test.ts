/** Two gateways, and gateways that are killed, make one signature of a file and send it once. */
import t from 'tap'
import { createGateway } from '../../src/gateway.ts'
import { makePdf, pagesOf } from '../support/pdf.ts'
import { startSigning, startTsa } from '../support/pdf-signing.ts'
import { until } from '../support/until.ts'
import { needsOpenssl } from '../trust/world.ts'

const file = (number: number) => ({ name: `Phụ lục ${number}.pdf`, bytes: makePdf(pagesOf(`Phu luc ${number}`)) })

t.test('with two gateways every file is signed once, stamped once, and all recipients get the same bytes', needsOpenssl, async (t) => {
  const authority = await startTsa(t)
  const more = [{ codes: ['H90.40'], name: 'Sở A' }, { codes: ['H90.41'], name: 'Sở B' }]
  const world = await startSigning(t, { authority, more })
  await using second = await createGateway(world.config, '0.0.0')
  await Promise.all([world.gateway.start(), second.start()])
  const files = [1, 2, 3].map(file)
  const ids: string[] = []
  for (const number of [1, 2, 3, 4]) {
    const answer = await world.submit(files, files.map((_, index) => ({ file: index + 1, as: 'annex' })), {
      code: { codeNumber: String(number), codeNotation: 'VP' }, to: [{ organId: 'H90.27' }, { organId: 'H90.40' }, { organId: 'H90.41' }],
    })
    t.equal(answer.statusCode, 202, answer.body)
    ids.push(answer.json().id)
  }
  for (const id of ids) {
    const document = await world.when(id, ({ deliveries }) => deliveries.every(({ state }) => state === 'sent'))
    t.equal(document.deliveries[0]!.history.filter(({ kind }) => kind === 'file-signed').length, 3)
    t.ok(document.attachments.every(({ signing }) => signing!.level === 'B-T'))
  }
  t.equal(authority.server.queries.length, 12, 'each file is stamped once')
  const items = await until(async () => { const { items } = await world.b.mailbox('?limit=500'); return items.length === 12 && items }, { timeout: 20_000 })
  const arrived = await Promise.all(items.map(async ({ id }) => (await world.b.item(id))))
  t.ok(arrived.every(({ attachments }) => attachments.every(({ pdf }) => pdf?.result === 'valid')))
  for (const number of [1, 2, 3, 4]) {
    const hashes = arrived.filter((item) => item.number === String(number)).map(({ attachments }) => attachments.map(({ sha256 }) => sha256).join())
    t.equal(new Set(hashes).size, 1, 'the same bytes for all')
  }
})
