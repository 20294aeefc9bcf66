import t from 'tap'
import type { X509Certificate } from 'node:crypto'
import { ecKeys, emailName, type Keys } from '../../certs-example/issue.ts'
import type { MappingLine } from '../../src/agencies/mapping.ts'
import { proposeEntries, type AgencyName, type Entry, type MappingFault, type Registered, type Upload } from '../../src/agencies/proposal.ts'
import { fingerprintOf } from '../../src/trust/verdict.ts'
import { makeCa, makeLeaf } from '../trust/world.ts'
import { issueLeaf } from '../support/certificates.ts'

const now = new Date('2026-06-01T00:00:00Z')
const ca = makeCa('CA')
const OFFICE: AgencyName = { id: '1', code: 'H90.01', name: 'Văn phòng' }
const WARD: AgencyName = { id: '2', code: 'H90.27', name: 'Phường' }

const leaf = (CN: string, year: number, more: { keys?: Keys, mail?: string } = {}): X509Certificate => issueLeaf(ca, {
  CN, notBefore: new Date(`${year}-01-01T00:00:00Z`), notAfter: new Date(`${year + 3}-01-01T00:00:00Z`), ...(more.keys && { keys: more.keys }), ...(more.mail && { extensions: [emailName(more.mail)] }),
}).certificate
let link = 0
const registered = (certificate: X509Certificate, agency: AgencyName, span: Partial<Registered> = {}): Registered => ({ link: `${++link}`, certificate, agency, validFrom: null, validTo: null, ...span })
const line = (certificate: X509Certificate | string, agency: AgencyName, more: Partial<MappingLine> = {}): MappingLine =>
  ({ certificate: typeof certificate === 'string' ? certificate : fingerprintOf(certificate), agency: agency.code, ...more })

function propose (certificates: X509Certificate[], change: Partial<Upload> = {}): Entry[] | MappingFault {
  return proposeEntries({
    found: certificates.map((certificate, index) => ({ certificate, file: `gói.zip/${index}.cer` })), mapping: [], registered: [],
    agencies: new Map([OFFICE, WARD].map((agency) => [agency.code, agency])), judge: () => ({ result: 'valid', reasons: [] }), overlapUntil: null, now, ...change,
  })
}
const entries = (...args: Parameters<typeof propose>) => { const result = propose(...args); if (!Array.isArray(result)) throw new Error(JSON.stringify(result)); return result }
const told = (all: Entry[]) => all.map(({ outcome, agency, foundBy, replaces }) => [outcome, agency?.code ?? null, foundBy, replaces.length])

t.test('a renewal is proposed by the same name, key, or mail and issuer, and never the older for the newer', async (t) => {
  const keys = ecKeys('prime256v1')
  const old = leaf('Văn phòng', 2024, { keys, mail: 'vp@example.vn' })
  const known = [registered(old, OFFICE)]
  t.same(told(entries([leaf('VĂN  PHÒNG', 2026)], { registered: known })), [['replaced', 'H90.01', 'same name', 1]])
  t.same(told(entries([leaf('Tên mới', 2026, { keys })], { registered: known })), [['replaced', 'H90.01', 'same key', 1]])
  t.same(told(entries([leaf('Tên mới', 2026, { mail: 'VP@example.vn' })], { registered: known })), [['replaced', 'H90.01', 'same mail', 1]])
  t.same(told(entries([leaf('Tên mới', 2026, { mail: 'khac@example.vn' })], { registered: known })), [['needs-agency', null, null, 0]])
  t.same(told(entries([leaf('Văn phòng', 2022)], { registered: known })), [['needs-agency', null, null, 0]], 'an older one replaces nothing')
  t.same(told(entries([old], { registered: known })), [['unchanged', 'H90.01', 'registered', 0]])
})

t.test('a certificate that spoke for two agencies is replaced for both', async (t) => {
  const old = leaf('Văn phòng', 2024)
  const [one, other] = entries([leaf('Văn phòng', 2026)], { registered: [registered(old, OFFICE), registered(old, WARD)] })
  t.same(told([one!, other!]), [['replaced', 'H90.01', 'same name', 1], ['replaced', 'H90.27', 'same name', 1]])
})

t.test('what is replaced speaks until its own expiry, or until the day that was given, if that is earlier', async (t) => {
  const old = leaf('Văn phòng', 2024)
  const fresh = leaf('Văn phòng', 2026)
  const known = [registered(old, OFFICE)]
  const untilOf = (overlapUntil: Date | null) => entries([fresh], { registered: known, overlapUntil })[0]!
  t.equal(untilOf(null).replaces[0]?.until, '2027-01-01T00:00:00.000Z')
  t.equal(untilOf(new Date('2030-01-01')).replaces[0]?.until, '2027-01-01T00:00:00.000Z')
  t.same(untilOf(new Date('2026-09-01')).writes, [
    { fingerprint: fingerprintOf(fresh), agencyId: '1', basis: null, validFrom: null, validTo: null },
    { fingerprint: fingerprintOf(old), agencyId: '1', basis: known[0]!.link, validFrom: null, validTo: '2026-09-01T00:00:00.000Z' },
  ])
})

t.test('a mapping decides by file or fingerprint, for several agencies, and says what is replaced', async (t) => {
  const old = leaf('Phường cũ', 2024)
  const second = leaf('Phường dấu hai', 2024)
  const fresh = leaf('Cơ quan hợp nhất', 2026)
  const known = [registered(old, WARD), registered(second, WARD)]
  const mapped = (...mapping: MappingLine[]) => entries([fresh], { registered: known, mapping })
  t.same(told(mapped(line('0.cer', OFFICE), line(fresh, WARD))), [['added', 'H90.01', 'mapping', 0], ['added', 'H90.27', 'mapping', 0]], 'a merger')
  t.same(told(mapped(line(fresh, WARD, { replaces: '*' }))), [['replaced', 'H90.27', 'mapping', 2]], 'a new name')
  t.same(told(mapped(line(fresh, WARD, { replaces: fingerprintOf(old) }))), [['replaced', 'H90.27', 'mapping', 1]])
  t.same(told(entries([leaf('Phường cũ', 2026)], { registered: known, mapping: [line('0.cer', WARD, { replaces: '-' })] })), [['added', 'H90.27', 'mapping', 0]])
  t.same(told(entries([], { registered: known, mapping: [line(old, OFFICE)] })), [['added', 'H90.01', 'mapping', 0]], "a successor's code for a registered certificate, without a file")
  t.match(entries([fresh], { mapping: [line(fresh, OFFICE, { from: new Date('2026-12-01'), until: new Date('2027-12-01') })] })[0]!.writes,
    [{ validFrom: '2026-12-01T00:00:00.000Z', validTo: '2027-12-01T00:00:00.000Z' }])
})

t.test('a link is ended by its day, and a certificate that had ended is taken in again', async (t) => {
  const old = leaf('Phường', 2024)
  const until = new Date('2026-07-01')
  t.match(entries([], { registered: [registered(old, WARD)], mapping: [line(old, WARD, { until })] }), [{ outcome: 'ended', writes: [{ validTo: until.toISOString(), validFrom: null }] }])
  t.same(told(entries([old], { registered: [registered(old, WARD, { validTo: new Date('2026-05-01') })] })), [['needs-agency', null, null, 0]])
  t.same(told(entries([old], { registered: [registered(old, WARD, { validTo: new Date('2026-05-01') })], mapping: [line(old, WARD)] })), [['added', 'H90.27', 'mapping', 0]])
  const at = new Date('2026-08-01')
  t.same(told(entries([old], { registered: [registered(old, WARD, { validFrom: at, validTo: at })], mapping: [line(old, WARD)] })), [['added', 'H90.27', 'mapping', 0]], 'or was taken back')
})

t.test('what does not lead to our roots, or is wrong, changes nothing, and a CA is no signer', async (t) => {
  const fresh = leaf('Văn phòng', 2026)
  const bad = (code: string) => entries([fresh], { mapping: [line(fresh, OFFICE)], judge: () => ({ result: 'invalid', reasons: [{ code, vi: '', en: '', clause: '' }] }) })
  t.match(bad('ISSUER_UNKNOWN'), [{ outcome: 'unknown-issuer', writes: [], agency: OFFICE, reasons: [{ code: 'ISSUER_UNKNOWN' }] }])
  t.match(bad('KEY_WEAK'), [{ outcome: 'not-trusted', writes: [] }])
  t.same(told(entries([ca.certificate])), [['ca', null, null, 0]])
  t.match(entries([fresh], { mapping: [line(fresh, OFFICE)], judge: () => ({ result: 'indeterminate', reasons: [] }) }), [{ outcome: 'added' }], 'a CRL that is not at hand can still come')
})

t.test('expired and expiring certificates are marked', async (t) => {
  const certificates = [new Date('2026-05-01'), new Date('2026-07-01'), new Date('2027-07-01')].map((notAfter) => makeLeaf(ca, { notAfter }).certificate)
  t.same(entries(certificates).map(({ expiry }) => expiry), ['expired', 'expiring', null])
})

t.test('two certificates that replace the same one end it once', async (t) => {
  const old = leaf('Văn phòng', 2023)
  const all = entries([leaf('Văn phòng', 2025), leaf('Văn phòng', 2026)], { registered: [registered(old, OFFICE)] })
  t.same(all.map(({ writes }) => writes.length), [2, 1])
})

t.test('a mapping that names nothing is told by its line and field', async (t) => {
  const fresh = leaf('Văn phòng', 2026)
  const fault = (wrong: MappingLine) => propose([fresh], { mapping: [line(fresh, OFFICE), wrong] })
  t.same(fault(line('khác.cer', OFFICE)), { index: 1, field: 'certificate' })
  t.same(fault(line('ab'.repeat(32), OFFICE)), { index: 1, field: 'certificate' })
  t.same(fault({ certificate: '0.cer', agency: 'H99' }), { index: 1, field: 'agency' })
  t.same(fault(line(fresh, OFFICE, { replaces: 'ab'.repeat(32) })), { index: 1, field: 'replaces' })
})

t.test('a whole country renews at once: what ties certificates, files and lines to each other is looked up', async (t) => {
  const agencyOf = (index: number): AgencyName => ({ id: `${index}`, code: `H${index}`, name: `Cơ quan ${index}` })
  const known = Array.from({ length: 5000 }, (_, index) => registered(leaf(`Cơ quan ${index}`, 2024), agencyOf(index)))
  const fresh = Array.from({ length: 2000 }, (_, index) => leaf(`CƠ QUAN ${index}`, 2026))
  const proposed = entries(fresh, { registered: known })
  t.same(new Set(proposed.map(({ outcome, foundBy, replaces }) => `${outcome} ${foundBy} ${replaces.length}`)), new Set(['replaced same name 1']))
  t.same(proposed.map(({ agency }) => agency), fresh.map((_, index) => agencyOf(index)))

  const mapping = Array.from({ length: 10_000 }, (_, index) => line(`${index % 2000}.CER`, agencyOf(index % 5000), { replaces: index % 2 === 0 ? '*' : fingerprintOf(known[index % 5000]!.certificate) }))
  const mapped = entries(fresh, { registered: known, mapping, agencies: new Map(known.map(({ agency }) => [agency.code, agency])) })
  t.equal(mapped.length, 10_000)
  t.ok(mapped.every(({ outcome, replaces }) => outcome === 'replaced' && replaces.length === 1))
})

t.test('a change that nobody could look through is refused', async (t) => {
  const certificates = Array.from({ length: 201 }, (_, index) => leaf(`Cơ quan ${index}`, 2026))
  const found = certificates.map((certificate) => ({ certificate, file: 'tất cả.pem' }))
  const known = certificates.map((certificate) => registered(certificate, OFFICE))
  const lines = Array.from({ length: 100 }, () => line('tất cả.pem', OFFICE))
  t.throws(() => propose([], { found, mapping: lines }), { code: 'REQUEST_TOO_LARGE' })
  const successors = Array.from({ length: 100 }, (_, index) => leaf(`Nối tiếp ${index}`, 2026))
  t.throws(() => propose(successors, { registered: known, mapping: successors.map((one) => line(one, OFFICE, { replaces: '*' })) }), { code: 'REQUEST_TOO_LARGE' })
})
