import t, { type Test } from 'tap'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { pem, type Issued } from '../../certs-example/issue.ts'
import { judgeCertificate } from '../../src/trust/judge.ts'
import { loadTrust } from '../../src/trust/store.ts'
import { AT, makeCa, makeLeaf, trustOf } from './world.ts'

const committee = makeCa('Cipher Committee')
const committeeSub = makeCa('State bodies', committee)
const national = makeCa('National root')
const nationalSub = makeCa('Public CA', national)

/** A trust folder with these certificates in it. */
function folderOf (t: Test, parts: Record<string, Issued>) {
  const folder = t.testdir()
  for (const [part, { certificate }] of Object.entries(parts)) {
    mkdirSync(join(folder, part), { recursive: true })
    writeFileSync(join(folder, part, 'ca.pem'), pem('CERTIFICATE', certificate.raw))
  }
  return { ...trustOf([]), domains: loadTrust(folder).domains }
}

const OWN = { anchors: committee, intermediates: committeeSub }

t.test('the national PKI is not believed unless its folder is there, and then under a label of its own', async (t) => {
  const [official, citizen] = [makeLeaf(committeeSub).certificate, makeLeaf(nationalSub).certificate]
  const off = folderOf(t, OWN)
  t.match(judgeCertificate(official, [], off, AT), { domain: 'cipher-committee', chain: { length: 3 } })
  t.match(judgeCertificate(citizen, [nationalSub.certificate, national.certificate], off, AT), { result: 'invalid', reasons: [{ code: 'ISSUER_UNKNOWN' }] })
  const on = folderOf(t, { ...OWN, 'national/anchors': national, 'national/intermediates': nationalSub })
  t.match(judgeCertificate(official, [], on, AT), { domain: 'cipher-committee', chain: { length: 3 } })
  t.match(judgeCertificate(citizen, [], on, AT), { domain: 'national', chain: { length: 3 } })
})

t.test('no chain crosses from one domain into the other', async (t) => {
  const crossed = folderOf(t, { anchors: committee, intermediates: nationalSub, 'national/anchors': national, 'national/intermediates': committeeSub })
  for (const issuer of [committeeSub, nationalSub]) {
    t.match(judgeCertificate(makeLeaf(issuer).certificate, [], crossed, AT), { result: 'invalid', reasons: [{ code: 'ISSUER_UNKNOWN' }] })
  }
})
