import t from 'tap'
import { createCertificateChanges } from '../../src/admin/certificate-changes.ts'
import { NO_LOG } from '../../src/alarms/alarms.ts'
import { inDays, issueLeaf, pemOf } from '../support/certificates.ts'
import { A, startWorld } from '../support/gateway.ts'
import { makeCa, trustOf } from '../trust/world.ts'

t.test('while many certificates are judged, everybody else has a turn after each', async (t) => {
  const { database } = await startWorld(t)
  const root = makeCa('Gốc', undefined, { notBefore: inDays(-1000), notAfter: inDays(3000) })
  const certificates = Array.from({ length: 20 }, (_, index) => issueLeaf(root, { CN: `Cơ quan ${index}` }))
  let turn = 0
  let timer = setImmediate(function next () { turn++; timer = setImmediate(next) })
  t.teardown(() => { clearImmediate(timer) })
  let turns: number[] = []
  const { domains, ...trusted } = trustOf([root])
  const trust = { ...trusted, get domains () { turns.push(turn); return domains } }
  const changes = createCertificateChanges({ database, trust, log: NO_LOG, now: () => new Date() })
  const { id } = await changes.propose({ files: [{ name: 'a.pem', bytes: Buffer.from(certificates.map((one) => pemOf(one).certificates).join('')) }], mapping: `certificate,agency\na.pem,${A.codes[0]}` }, { name: 'test' })
  t.equal(new Set(turns).size, 20)
  turns = []
  await changes.approve(id, { name: 'test' })
  t.equal(new Set(turns).size, 20)
})
