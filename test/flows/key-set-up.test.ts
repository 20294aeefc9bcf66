/** Every kind of key, as a set-up names it; and that nothing of it gets out. */
import t from 'tap'
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { ecKeys, pem, rsaKeys } from '../../certs-example/issue.ts'
import { createVault } from '../../src/access/secrets.ts'
import { applySetup } from '../../src/admin/apply.ts'
import { parseSetup } from '../../src/admin/setup.ts'
import { createOpenKey, listKeys } from '../../src/agencies/signers.ts'
import type { Database } from '../../src/database/database.ts'
import { createHttpClient } from '../../src/http/client.ts'
import { A, organisation } from '../support/gateway.ts'
import { createTestDatabase } from '../support/database.ts'
import { MODULE, needsToken } from '../trust/signers/softhsm.ts'
import { makeCa, makeLeaf, needsOpenssl, openssl } from '../trust/world.ts'

const vault = createVault(randomBytes(32))
const agencies = [{ codes: A.codes, name: A.name }]
const { key: keyPem, certificates: certificatePem } = organisation(A.key)
const pkcs12Base64 = readFileSync(resolve(import.meta.dirname, '../../certs-example/organisations/so-noi-vu-vi-du.p12'), 'base64')
const agency = A.codes[0]

const SECRETS = ['mat-khau-pkcs12', 'ma-pin-cua-token', 'bi-mat-may-chu']
const remote = { url: 'https://ky-so.vidu.example/sign', secret: SECRETS[2]! }

const apply = async (database: Database, signers: object[], isReal = false) =>
  applySetup(parseSetup(JSON.stringify({ agencies, signers })), { database, vault, now: new Date(), actor: 'test', isReal })
const refusalOf = (promise: Promise<unknown>) => promise.then(() => null, (error: unknown) => error as Error & { code: string, fault: { field: string, detail: string } })

t.test('each kind of key is kept sealed, is shown without its secret, and is told once', needsToken, async (t) => {
  const { database } = await createTestDatabase(t)
  const pkcs11 = { module: MODULE, token: { label: 'van-thu' }, key: { id: 'a1' }, pin: SECRETS[1] }
  const cert = (name: string) => organisation(name).certificates
  const signers = [
    { agency, keyPem, certificatePem },
    { agency, pkcs12Base64, password: 'vi-du', from: '2027-01-01' },
    { agency, pkcs11, certificatePem: cert('so-tai-chinh-vi-du'), from: '2027-02-01', padding: 'pss' },
    { agency, remote, certificatePem: cert('ubnd-phuong-vi-du'), from: '2027-03-01T08:00:00Z' },
  ]
  await apply(database, signers)
  const rows = async () => (await database.query('select xmin::text, s::text from signer s order by active_from nulls first')).rows
  const before = await rows()
  await apply(database, signers)
  t.same(await rows(), before, 'said again, it changes nothing')

  const keys = await listKeys(database, A.codes[1])
  t.match(keys, [
    { kind: 'pem', activeFrom: null, padding: 'pkcs1' },
    { kind: 'pkcs12', activeFrom: new Date('2026-12-31T17:00:00Z') }, // midnight in Vietnam
    { kind: 'pkcs11', padding: 'pss' },
    { kind: 'remote', activeFrom: new Date('2027-03-01T08:00:00Z') },
  ])
  const tables = await Promise.all(['signer', 'audit_entry', 'certificate'].map(async (table) => (await database.query(`select t::text from ${table} t`)).rows))
  for (const secret of [...SECRETS, 'PRIVATE']) t.notMatch(JSON.stringify([tables, keys]), secret)

  await using http = createHttpClient()
  const openKey = createOpenKey({ database, vault, http, intermediates: [] })
  for (const { agencyId, fingerprint, certificate } of keys) t.equal((await openKey(agencyId, fingerprint)).certificate.fingerprint256, certificate.fingerprint256)
  const another = createOpenKey({ database, vault: createVault(randomBytes(32)), http, intermediates: [] })
  const error = await another(keys[0]!.agencyId, keys[0]!.fingerprint).then(() => null, (error: unknown) => error)
  t.match(error, { name: 'SignerAway', code: 'KEY_UNREADABLE' }, 'with another master key it is away, not lost')
})

t.test('a key without a date begins at once, though it was to begin later; one that has begun keeps its date', async (t) => {
  const { database } = await createTestDatabase(t)
  const old = { agency, keyPem, certificatePem }
  const next = { agency, pkcs12Base64, password: 'vi-du' }
  const begins = async () => (await listKeys(database, agency)).map(({ activeFrom }) => activeFrom?.getTime() ?? null)
  await apply(database, [old, { ...next, from: '2099-01-01' }])
  const before = Date.now()
  await apply(database, [old, next])
  const [first, second] = await begins()
  t.equal(first, null)
  t.ok(second! >= before && second! <= Date.now(), 'its date is taken back')
  await apply(database, [old, next])
  t.same(await begins(), [null, second], 'said again, it changes nothing')
  await apply(database, [old, { ...next, from: '2026-01-01' }])
  await apply(database, [old, next])
  t.same(await begins(), [null, new Date('2026-01-01T00:00:00+07:00').getTime()])
})

t.test('a key that is named wrongly is refused with its field, and no secret of it is told', async (t) => {
  const { database } = await createTestDatabase(t)
  const pkcs11 = { module: join(import.meta.dirname, 'none.so'), token: { label: 'van-thu' }, key: { id: 'a1' }, pin: SECRETS[1] }
  const cases: [signer: object, detail: RegExp, field?: string][] = [
    [{}, /exactly one of/],
    [{ keyPem, certificatePem, remote }, /exactly one of/],
    [{ keyPem }, /certificatePem is missing/],
    [{ keyPem, certificatePem, password: SECRETS[0] }, /a password belongs to/],
    [{ keyPem, certificatePem: organisation('ubnd-phuong-vi-du').certificates }, /belongs to none/],
    [{ pkcs12Base64, password: SECRETS[0] }, /PKCS#12 file or its password is wrong/],
    [{ pkcs12Base64, password: 'vi-du', certificatePem }, /leave certificatePem out/],
    [{ pkcs12Base64: 'AAAA', password: SECRETS[0] }, /PKCS#12 file or its password is wrong/],
    [{ remote }, /certificatePem is missing/],
    [{ remote, certificatePem: '-----BEGIN nothing' }, /the certificate cannot be read/],
    [{ remote: { ...remote, url: 'http://ky-so.vidu.example/' }, certificatePem }, /pattern/, 'signers.0.remote.url'],
    [{ remote: { ...remote, url: `https://a:${SECRETS[2]}@ky-so.vidu.example/` }, certificatePem }, /pattern/, 'signers.0.remote.url'],
    [{ remote: { ...remote, secret: 'có dấu' }, certificatePem }, /pattern/, 'signers.0.remote.secret'],
    [{ remote, certificatePem, from: '2026-13-45' }, /is no date/],
    [{ remote, certificatePem, from: 'mai' }, /pattern/, 'signers.0.from'],
    [{ pkcs11, certificatePem }, /PKCS#11 module|pkcs11js/],
  ]
  for (const [signer, detail, field = 'signers.0'] of cases) {
    const refusal = await refusalOf(apply(database, [{ agency, ...signer }]))
    t.match(refusal, { code: 'SETUP_INVALID', fault: { field, detail } })
    for (const secret of SECRETS) t.notMatch(`${refusal?.message} ${refusal?.stack} ${JSON.stringify(refusal?.fault)} ${String(refusal?.cause)}`, secret)
  }
  t.equal((await database.query('select from signer')).rowCount, 0)
})

t.test('a key of a kind that signs no documents is refused, wherever it is kept', async (t) => {
  const { database } = await createTestDatabase(t)
  for (const keys of [rsaKeys(1024), ecKeys('secp521r1')]) {
    const leaf = makeLeaf(makeCa('CA'), { keys })
    t.match(await refusalOf(apply(database, [{ agency, remote, certificatePem: pem('CERTIFICATE', leaf.certificate.raw) }])), { fault: { field: 'signers.0', detail: /do not sign documents/ } })
    t.match(await refusalOf(apply(database, [{ agency, keyPem: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }), certificatePem: pem('CERTIFICATE', leaf.certificate.raw) }])), { fault: { detail: /do not sign documents/ } })
  }
  const ca = pem('CERTIFICATE', makeCa('CA').certificate.raw)
  t.match(await refusalOf(apply(database, [{ agency, remote, certificatePem: ca }])), { fault: { field: 'signers.0', detail: /one certificate that signs/ } })
})

t.test('in production plain PEM keys are refused, and examples in every kind', needsOpenssl, async (t) => {
  const { database } = await createTestDatabase(t)
  const leaf = makeLeaf(makeCa('CA'), { keys: rsaKeys(2048) })
  const [key, certificate] = [leaf.keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), pem('CERTIFICATE', leaf.certificate.raw)]
  t.match(await refusalOf(apply(database, [{ agency, keyPem: key, certificatePem: certificate }], true)), { fault: { field: 'signers.0', detail: /examples only/ } })
  t.match(await refusalOf(apply(database, [{ agency, pkcs12Base64, password: 'vi-du' }], true)), { fault: { field: 'signers.0', detail: /example certificates/ } })
  t.match(await refusalOf(apply(database, [{ agency, remote, certificatePem }], true)), { fault: { field: 'signers.0', detail: /example certificates/ } })
  const file = openssl(['pkcs12', '-export', '-in', '{in}', '-out', '{out}', '-passout', 'pass:mật khẩu'], key + certificate)
  await apply(database, [{ agency, pkcs12Base64: file.toString('base64'), password: 'mật khẩu' }], true)
  t.match(await listKeys(database), [{ kind: 'pkcs12' }])
})

t.test('without pkcs11js a token is refused in plain words, and one that is set up waits', async (t) => {
  const hidden = `data:text/javascript,${encodeURIComponent(`
    import { registerHooks } from 'node:module'
    registerHooks({ resolve (name, context, next) { if (name === 'pkcs11js') throw new Error('no such package'); return next(name, context) } })`)}`
  const script = `
    import { X509Certificate } from 'node:crypto'
    import { requirePkcs11, signerFromPkcs11 } from ${JSON.stringify(resolve(import.meta.dirname, '../../src/trust/signers/pkcs11.ts'))}
    await requirePkcs11().catch((error) => console.log(error.code, error.message))
    const settings = { module: '/none.so', token: { slot: 0 }, key: { id: 'a1' }, pin: 'x' }
    const certificate = new X509Certificate(process.env.CERTIFICATE)
    await signerFromPkcs11(settings, { certificate, chain: [] }).sign(Buffer.alloc(1)).catch((error) => console.log(error.name, error.code))`
  const { stdout } = spawnSync(process.execPath, ['--import', hidden, '--input-type=module', '-e', script], { env: { CERTIFICATE: certificatePem }, encoding: 'utf8' })
  t.match(stdout, /^SETUP_INVALID .*pkcs11js is not installed: npm ci compiles it/)
  t.match(stdout, /SignerAway MODULE_ABSENT/)
})
