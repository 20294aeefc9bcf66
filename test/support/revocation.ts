/** A world whose signers' certificates come from a CA of its own, and packets that need their packet signature. */
import type { Test } from 'tap'
import { createVault } from '../../src/access/secrets.ts'
import { applySetup } from '../../src/admin/apply.ts'
import { parseSetup } from '../../src/admin/setup.ts'
import { openAlarms } from '../../src/alarms/alarms.ts'
import { writePacket } from '../../src/edxml/write.ts'
import { openQueue } from '../../src/queue/queue.ts'
import { signPacket } from '../../src/signing/packet-signature.ts'
import { signerFromPem } from '../../src/trust/signers/pem.ts'
import type { TrustSettings } from '../../src/trust/settings.ts'
import type { SignatureVerdict } from '../../src/trust/verdict.ts'
import { createClock, createOddAxis } from './axis.ts'
import type { Leaf, startCa } from './ca.ts'
import { A, B, documentPacket, startWorld, type WorldOptions } from './gateway.ts'
import { until } from './until.ts'

export type ArrivalRow = { id: string, state: string, reason: { code: string } | null, signature: SignatureVerdict | null }

/** `leaves` are certified for agency A. Nothing is started yet; `settings` are those of the set-up's trust section. */
export async function startRevocationWorld (t: Test, { ca, leaves, settings = {}, policy = {}, env = {} }: {
  ca: Awaited<ReturnType<typeof startCa>>, leaves: readonly Leaf[], settings?: Partial<TrustSettings>, policy?: object, env?: WorldOptions['env']
}) {
  const axis = createOddAxis()
  const clock = createClock()
  const world = await startWorld(t, {
    policy: { packetSignature: 'required', seals: 'ignored', sealing: false, pollSeconds: 0.05, ...policy }, systemPolicy: { packetSignature: 'required' },
    edges: { connect: axis.connect, now: clock.now }, env: { TRUST_DIR: ca.trustDir, ...env },
  })
  const { database, config } = world
  const apply = (setup: object) => applySetup(parseSetup(JSON.stringify(setup)), { database, vault: createVault(config.masterKey), now: clock.now(), actor: 'test' })
  await apply({ certificates: leaves.map((leaf) => ({ agency: A.codes[0], pem: leaf.pem })), trust: { ...ca.settings(), ...settings } })

  const queue = await openQueue({ database, onError: () => {} })
  t.teardown(() => queue[Symbol.asyncDispose]())

  let number = 0
  const packet = async (leaf: Leaf) => {
    const document = documentPacket({ documentId: `văn bản ${++number}`, code: { codeNumber: String(number), codeNotation: 'VP' } })
    return signPacket(await writePacket(document), signerFromPem({ key: leaf.keyPem, certificates: leaf.pem }))
  }
  const arrivalOf = async (docId: string) =>
    (await database.query<ArrivalRow>('select id, state, reason, signature from arrival where axis_doc_id = $1', [docId])).rows[0]
  return {
    ...world,
    axis,
    clock,
    apply,
    packet,
    /** A document of A, signed by this certificate, arrives for B. Gives what the axis calls it. */
    send: async (leaf: Leaf) => axis.put('document', await packet(leaf), B.codes[0]),
    arrivalOf,
    /** The arrival, once it is in this state. */
    settled: (docId: string, state: string) => until(async () => { const arrival = await arrivalOf(docId); return arrival?.state === state && arrival }, { timeout: 20_000 }),
    /** The arrival, once it was judged and waits. */
    waiting: (docId: string) => until(async () => { const arrival = await arrivalOf(docId); return arrival?.state === 'stored' && arrival.reason && arrival }, { timeout: 20_000 }),
    source: async (kind: 'crl' | 'ocsp') => (await database.query<{ outcome: string | null, detail: string | null, failures: number }>(
      `select outcome, detail, failures from revocation_source where kind = $1 and url not like '%root.crl' order by failures desc`, [kind])).rows[0],
    alarms: async () => (await openAlarms(database)).map(({ kind, subject, en }) => ({ kind, subject, en })),
    /** Every source is asked again at once, as if its pause were over. */
    askNow: () => database.transaction(async (tx) => {
      await tx.query(`update revocation_source set next_at = '2000-01-01'`)
      await queue.wake(tx, [{ name: 'trust.revocation', data: {}, key: 'sources' }])
    }),
  }
}
