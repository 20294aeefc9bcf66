/** What is taken in, byte for byte, and what is not; and whose sources are asked. */
import t from 'tap'
import type { Test } from 'tap'
import { authorityInfoAccess, crlDistributionPoint, ecKeys } from '../../../certs-example/issue.ts'
import { readBlob } from '../../../src/blobs/blobs.ts'
import { openQueue } from '../../../src/queue/queue.ts'
import { createFollow } from '../../../src/trust/revocation/follow.ts'
import { importAnswer } from '../../../src/trust/revocation/import.ts'
import { newestAnswers } from '../../../src/trust/revocation/store.ts'
import { inOneLine, takeInCrl, takeInOcsp } from '../../../src/trust/revocation/take-in.ts'
import { fingerprintOf } from '../../../src/trust/verdict.ts'
import { createTestDatabase } from '../../support/database.ts'
import { AT, makeCa, makeCrl, makeLeaf, storeOf } from '../world.ts'
import { after, DAY, HOUR, leaf, makeResponder, ocspOnLeaf, root, sub } from './world.ts'

const ORIGIN = { source: 'http://ca.gov.vn/a', at: AT }
const authorities = async () => [sub.certificate, root.certificate]
const asked = [{ certificate: leaf.certificate, issuer: sub.certificate }]

t.test('a CRL of a CA that is known is kept as it came, once', async (t) => {
  const { database } = await createTestDatabase(t)
  const crl = makeCrl(sub, { number: 7 })
  t.match(await takeInCrl(database, authorities, crl.bytes, ORIGIN), { kind: 'taken', isNew: true, isNewest: true, sha256: crl.sha256, thisUpdate: crl.thisUpdate })
  t.match(await takeInCrl(database, authorities, crl.bytes, ORIGIN), { kind: 'taken', isNew: false, isNewest: true })
  const { rows: [row] } = await database.query('select answer, kind, number, source, fetched_at, this_update from revocation_answer')
  t.match(row, { kind: 'crl', number: '7', source: ORIGIN.source, fetched_at: AT, this_update: crl.thisUpdate })
  t.ok((await readBlob(database, row.answer)).equals(crl.bytes))
})

t.test('one with a lower number or an earlier date is older; one of another scope is not', async (t) => {
  const { database } = await createTestDatabase(t)
  const take = async (number: number, hours: number, change = {}) => {
    const taken = await takeInCrl(database, authorities, makeCrl(sub, { number, thisUpdate: after(hours * HOUR), ...change }).bytes, ORIGIN)
    return taken.kind === 'taken' && taken.isNewest
  }
  t.equal(await take(5, -5), true)
  t.equal(await take(4, -4), false, 'a lower number, though younger')
  t.equal(await take(6, -6), false, 'an earlier date, though a higher number')
  t.equal(await take(1, -9, { issuer: root }), true)
  t.equal(await take(7, -3), true)
  t.equal((await database.query('select from revocation_answer')).rowCount, 5, 'all are kept')
})

t.test('an OCSP answer of the CA, or of a responder that it delegated to, is kept for the certificate it speaks of', async (t) => {
  const { database } = await createTestDatabase(t)
  const responder = makeResponder()
  const revoked = { at: after(-DAY), reason: 1 }
  t.match(await takeInOcsp(database, asked, ocspOnLeaf().bytes, ORIGIN), { kind: 'taken', isNewest: true })
  t.match(await takeInOcsp(database, asked, ocspOnLeaf({ revoked, digest: 'sha256', thisUpdate: AT }, { signer: responder, certificates: [responder.certificate] }).bytes, ORIGIN), { kind: 'taken', isNewest: true })
  t.match(await takeInOcsp(database, asked, ocspOnLeaf({ thisUpdate: after(-2 * HOUR) }).bytes, ORIGIN), { kind: 'taken', isNew: true, isNewest: false })
  const { rows } = await database.query(`select encode(certificate, 'hex') as certificate from revocation_answer`)
  t.same(rows.map(({ certificate }) => certificate), Array.from({ length: 3 }, () => fingerprintOf(leaf.certificate)))
})

t.test('an OCSP answer by anybody else, about another certificate, or without knowledge is not kept', async (t) => {
  const { database } = await createTestDatabase(t)
  const stranger = makeCa('sub')
  const foreign = makeResponder(stranger)
  const spoiled = Buffer.from(ocspOnLeaf().bytes)
  spoiled[spoiled.length - 1]! ^= 1
  const cases: [bytes: Buffer, reason: RegExp][] = [
    [ocspOnLeaf({}, { signer: stranger, certificates: [stranger.certificate] }).bytes, /neither the CA nor a responder/],
    [ocspOnLeaf({}, { signer: foreign, certificates: [foreign.certificate] }).bytes, /neither the CA nor a responder/],
    [ocspOnLeaf({}, { signer: makeResponder() }).bytes, /neither the CA nor a responder/],
    [spoiled, /neither the CA nor a responder|not an OCSP answer/],
    [ocspOnLeaf({ certificate: makeLeaf(sub, { name: { CN: 'other' } }).certificate }).bytes, /no certificate known here/],
    [ocspOnLeaf({ issuer: stranger.certificate }).bytes, /no certificate known here/],
    [ocspOnLeaf({ status: 'unknown' }).bytes, /does not know/],
    [ocspOnLeaf({ thisUpdate: after(DAY) }).bytes, /begins at/],
    [Buffer.from([0x30, 0x03, 0x0a, 0x01, 0x03]), /tryLater/],
    [Buffer.from('<html>'), /not an OCSP answer/],
    [Buffer.alloc(0), /not an OCSP answer/],
  ]
  for (const [bytes, reason] of cases) t.match(await takeInOcsp(database, asked, bytes, ORIGIN), { kind: 'rejected', reason })
  t.equal((await database.query('select from revocation_answer')).rowCount, 0)
})

t.test('a CRL that no CA known here has signed is not kept', async (t) => {
  const { database } = await createTestDatabase(t)
  const forged = makeCrl({ ...sub, keys: ecKeys('prime256v1') })
  t.match(await takeInCrl(database, authorities, forged.bytes, ORIGIN), { kind: 'rejected', reason: /no CA known here has signed this CRL of sub, vn/ })
  t.match(await takeInCrl(database, async () => [], makeCrl(sub).bytes, ORIGIN), { kind: 'rejected', reason: /no CA known here/ })
  t.equal(inOneLine('[[["2.5.4.6","=vn"]],[["2.5.4.3","=ca"]]]'), 'ca, vn')
})

async function follow (t: Test) {
  const { database } = await createTestDatabase(t)
  const queue = await openQueue({ database, onError: () => {} })
  t.teardown(() => queue[Symbol.asyncDispose]())
  const follow = createFollow({ database, queue, stores: [storeOf([root], [sub])], now: () => AT })
  const sources = async () => (await database.query<{ kind: string, url: string }>('select kind, url from revocation_source order by kind, url')).rows.map(({ kind, url }) => `${kind} ${url}`)
  return { database, follow, sources }
}

const withPoints = (issuer: typeof sub, host = 'ca.gov.vn') =>
  makeLeaf(issuer, { name: { CN: host }, extensions: [crlDistributionPoint(`http://${host}/a.crl`), authorityInfoAccess({ caIssuers: `http://${host}/a.crt`, ocsp: `http://ocsp.${host}` })] }).certificate

t.test('what no URL can be is left out, and keeps nothing else from being followed', async (t) => {
  const { follow: followed, sources } = await follow(t)
  const odd = ['http://ca.gov.vn/\0', `http://ca.gov.vn/${'\u00fc'.repeat(1900)}`, 'http://ca.gov.vn/a b'].map((url, index) =>
    makeLeaf(sub, { name: { CN: `odd ${index}` }, extensions: [crlDistributionPoint(url)] }).certificate)
  for (const leaf of [...odd, withPoints(sub)]) followed.meet({ chain: [leaf, sub.certificate, root.certificate], missing: [] })
  t.equal(await followed.write(), true)
  t.same(await sources(), ['crl http://ca.gov.vn/a.crl', 'ocsp http://ocsp.ca.gov.vn'])
})

t.test('the sources of a chain to a pinned root are asked; another chain leads nowhere, whatever it names', async (t) => {
  const { database, follow: followed, sources } = await follow(t)
  const stranger = makeCa('root')
  const impostor = makeCa('sub', stranger)
  followed.meet({ chain: [withPoints(impostor, 'evil.vn'), impostor.certificate, stranger.certificate], missing: [] })
  followed.meet({ chain: [withPoints(impostor, 'evil2.vn'), sub.certificate, root.certificate], missing: [] })
  followed.meet({ chain: [withPoints(sub, 'evil3.vn'), sub.certificate], missing: [] })
  followed.meet({ chain: [], missing: [] })
  t.equal(await followed.write(), false)
  t.same(await sources(), [])
  const known = withPoints(sub)
  t.equal(followed.meet({ chain: [known, sub.certificate, root.certificate], missing: [] }), true)
  t.equal(await followed.write(), true)
  t.same(await sources(), ['crl http://ca.gov.vn/a.crl', 'ocsp http://ocsp.ca.gov.vn'])
  t.equal((await database.query('select from certificate_seen')).rowCount, 3)
  t.equal(followed.meet({ chain: [known, sub.certificate, root.certificate], missing: [] }), false, 'once a day is enough')
  t.equal(await followed.write(), false)
})

t.test('certificates of the registry and CAs of the stores are followed before any document comes', async (t) => {
  const { database, follow: followed, sources } = await follow(t)
  const [ours, strange] = [withPoints(sub), withPoints(makeCa('elsewhere'), 'evil.vn')]
  for (const certificate of [ours, strange]) await database.query('insert into certificate (fingerprint, der) values ($1, $2)', [Buffer.from(fingerprintOf(certificate), 'hex'), certificate.raw])
  followed.meetStores()
  t.equal(await followed.write(), true)
  t.same(await sources(), ['crl http://ca.gov.vn/a.crl', 'ocsp http://ocsp.ca.gov.vn'])
  t.equal(await followed.write(), false)
})

t.test('OCSP answers for certificates that are not in use any more are not loaded', async (t) => {
  const { database, follow: followed } = await follow(t)
  followed.meet({ chain: [leaf.certificate, sub.certificate, root.certificate], missing: [] })
  await followed.write()
  await takeInOcsp(database, asked, ocspOnLeaf().bytes, ORIGIN)
  const loaded = async (usedSince: Date) => (await newestAnswers(database, { crls: 4, ocsp: 2, upTo: '1000', usedSince })).length
  t.equal(await loaded(AT), 1)
  t.equal(await loaded(after(DAY)), 0)
})

t.test('an OCSP answer from a file is taken for a certificate that was seen, and is on record', async (t) => {
  const { database, follow: followed } = await follow(t)
  const needs = { database, stores: [storeOf([root], [sub])], now: AT, actor: 'test' }
  const { bytes, sha256 } = ocspOnLeaf()
  t.match(await importAnswer('a.ors', bytes, needs), { kind: 'rejected', reason: /no certificate known here/ })
  followed.meet({ chain: [leaf.certificate, sub.certificate, root.certificate], missing: [] })
  await followed.write()
  t.match(await importAnswer('a.ors', bytes, needs), { kind: 'taken', found: 'OCSP', isNew: true, isNewest: true })
  t.match(await importAnswer('a.crl', makeCrl(sub).bytes, needs), { kind: 'taken', found: 'CRL' })
  t.match((await database.query('select action, subject, detail from audit_entry order by id')).rows, [
    { action: 'revocation.imported', subject: sha256, detail: { file: 'a.ors', found: 'OCSP' } }, { action: 'revocation.imported', detail: { found: 'CRL' } },
  ])
})
