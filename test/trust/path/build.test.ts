import t from 'tap'

import { ecKeys, type Issued } from '../../../certs-example/issue.ts'
import { chainsFrom } from '../../../src/trust/path/build.ts'
import { judgePath } from '../../../src/trust/path/path.ts'
import { AT, makeCa, makeLeaf, storeOf } from '../world.ts'

const root = makeCa('root')
const sub = makeCa('sub', root)

/** CAs that all certify each other, and no one else. */
function circle (size: number): { cas: Issued[], certificates: Issued[] } {
  const cas = Array.from({ length: size }, (_, index) => makeCa(`circle ${index}`))
  const certificates = cas.flatMap((subject) => cas.filter((issuer) => issuer !== subject).map((issuer) => makeCa(subject.name.CN, issuer, { keys: subject.keys })))
  return { cas, certificates }
}

t.test('any number of CAs that certify each other ends the search, which says so', async (t) => {
  const { cas, certificates } = circle(12)
  const { result, reasons } = judgePath(makeLeaf(cas[0]!).certificate, storeOf([root], [sub, ...certificates]), AT)
  t.strictSame([result, ...reasons.map(({ code }) => code)], ['invalid', 'PATH_SEARCH_TOO_WIDE'])
  const attempts = [...chainsFrom(makeLeaf(cas[0]!).certificate, storeOf([root], certificates))]
  t.ok(attempts.length <= 201, `${attempts.length} attempts`)
  t.equal(attempts.at(-1)?.broken?.code, 'PATH_SEARCH_TOO_WIDE')
})

t.test('hints of a stranger do not hide a chain through the store', async (t) => {
  const { cas, certificates } = circle(8)
  const lures = cas.map((issuer) => makeCa('sub', issuer, { keys: sub.keys }))
  const store = storeOf([root], [sub, ...lures, ...certificates])
  t.equal(judgePath(makeLeaf(sub).certificate, store, AT).result, 'valid')
})

t.test('a thousand certificates of one name are not all tried', async (t) => {
  const keys = ecKeys('prime256v1')
  const without = ['2.5.29.35', '2.5.29.14']
  const flood = Array.from({ length: 1000 }, () => makeCa('sub', root, { keys, without }))
  const { result, reasons } = judgePath(makeLeaf(sub, { without }).certificate, storeOf([root], flood), AT)
  t.strictSame([result, ...reasons.map(({ code }) => code)], ['invalid', 'PATH_SEARCH_TOO_WIDE'])
})

t.test('of several chains the one that holds is taken', async (t) => {
  const expired = makeCa('sub', root, { keys: sub.keys, notAfter: new Date('2026-02-01T00:00:00Z') })
  const other = makeCa('other root')
  const crossed = makeCa('sub', other, { keys: sub.keys })
  const { certificate } = makeLeaf(sub)
  t.equal(judgePath(certificate, storeOf([root, other], [expired, crossed]), AT).result, 'valid')
  t.strictSame(judgePath(certificate, storeOf([root], [expired, crossed]), AT).reasons.map(({ code }) => code), ['CERTIFICATE_EXPIRED'], 'else the one that reached a root')
})

t.test('an anchor is a chain by itself', async (t) => {
  t.strictSame(judgePath(root.certificate, storeOf([root]), AT, { use: 'crl' }), { result: 'valid', reasons: [], chain: [root.certificate] })
})

t.test('a hint that cannot be read is passed over', async (t) => {
  const twice = { id: '2.999.1', value: Buffer.from('0500', 'hex') }
  const unreadable = makeCa('sub', root, { keys: sub.keys, extensions: [twice, twice] })
  t.equal(judgePath(makeLeaf(sub).certificate, storeOf([root], [unreadable, sub]), AT).result, 'valid')
})
