/** What an administrator sets for trust as a whole. */
import t from 'tap'
import { parseSetup } from '../../src/admin/setup.ts'
import { DEFAULT_TRUST_POLICY } from '../../src/trust/policy.ts'
import { DEFAULT_TRUST_SETTINGS, readTrustSettings, saveTrustSettings } from '../../src/trust/settings.ts'
import { createTestDatabase } from '../support/database.ts'

t.test('every default holds until something is set, and for what an earlier version did not know', async (t) => {
  const { database } = await createTestDatabase(t)
  t.match(DEFAULT_TRUST_SETTINGS, DEFAULT_TRUST_POLICY)
  t.same(await readTrustSettings(database), DEFAULT_TRUST_SETTINGS)
  await database.query(`insert into trust_setting (settings, changed_at) values ('{"missingRevocation":"refuse"}', now())`)
  t.same(await readTrustSettings(database), { ...DEFAULT_TRUST_SETTINGS, missingRevocation: 'refuse' })
})

t.test('what is set holds; the same again changes nothing', async (t) => {
  const { database } = await createTestDatabase(t)
  const { trust } = parseSetup('{"trust":{"acceptHours":48,"rewrite":{"ca.btc":"relay.tinh.vn:3128"}}}')
  const save = (at: string) => database.transaction((tx) => saveTrustSettings(tx, trust!, new Date(at)))
  await save('2026-01-01')
  await save('2026-01-02')
  t.same(await readTrustSettings(database), { ...DEFAULT_TRUST_SETTINGS, acceptHours: 48, rewrite: { 'ca.btc': 'relay.tinh.vn:3128' } })
  t.same((await database.query('select changed_at from trust_setting')).rows, [{ changed_at: new Date('2026-01-01') }])
})

t.test('a set-up that says nothing of trust leaves it; what makes no sense is refused, naming the field', async (t) => {
  t.equal(parseSetup('{}').trust, undefined)
  const faults: [trust: object, field: string][] = [
    [{ missingRevocation: 'maybe' }, 'trust.missingRevocation'], [{ revocationHosts: ['http://ca.gov.vn/'] }, 'trust.revocationHosts.0'], [{ revocationHosts: ['CA.GOV.VN'] }, 'trust.revocationHosts.0'],
    [{ rewrite: { 'ca.btc': 'a/b' } }, 'trust.rewrite.ca.btc'], [{ rewrite: { 'http://x/': 'ca.gov.vn' } }, 'trust.rewrite'], [{ privateNetworks: 'yes' }, 'trust.privateNetworks'], [{ fetchMinutes: 0 }, 'trust.fetchMinutes'],
    [{ acceptHours: 1000 }, 'trust.acceptHours'], ...['http://', 'https://a b/', 'http://[::1', 'http://user:pass@tsa/', 'tsa.vn'].map((url): [object, string] => [{ timeStamping: { url } }, 'trust.timeStamping.url']), [{ what: 1 }, 'trust.what'],
  ]
  for (const [trust, field] of faults) t.throws(() => parseSetup(JSON.stringify({ trust })), { code: 'SETUP_INVALID', fault: { field: new RegExp(`^${field}`) } }, field)
})

t.test('a connection sets only what differs', async (t) => {
  const policyOf = (trust: object) => parseSetup(JSON.stringify({ connections: [{ id: 'a', protocol: 'vxp', baseUrl: 'http://a', systemId: 'a', secret: 'a', policy: { trust } }] })).connections[0]!.policy.trust
  t.same(policyOf({}), {})
  t.same(policyOf({ missingRevocation: 'accept', acceptHours: 2 }), { missingRevocation: 'accept', acceptHours: 2 })
  t.throws(() => policyOf({ privateNetworks: true }), { code: 'SETUP_INVALID' }, 'whom to ask is for the whole gateway')
  t.throws(() => policyOf({ acceptHours: -1 }), { code: 'SETUP_INVALID' })
})
