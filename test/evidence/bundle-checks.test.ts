/** What README.txt tells a stranger to run with openssl, run with openssl: on answers of any age and kind. */
import t from 'tap'
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { crlDistributionPoint, pem, type Issued } from '../../certs-example/issue.ts'
import { issueCrl, issueOcsp, type CrlOptions, type OcspOptions } from '../../certs-example/revocation.ts'
import { opensslChecks, type KeptAnswers } from '../../src/evidence/bundle-checks.ts'
import { DEFAULT_TRUST_POLICY } from '../../src/trust/policy.ts'
import { contentOf } from '../../src/trust/asn1/certificate.ts'
import { readCrl } from '../../src/trust/revocation/crl.ts'
import { readOcsp } from '../../src/trust/revocation/ocsp.ts'
import { detailsOf, fingerprintOf, type RevocationAnswer } from '../../src/trust/verdict.ts'
import { makeCa, makeLeaf, needsOpenssl } from '../trust/world.ts'

/** Everything of it has ended since. */
const THEN = { notBefore: new Date('2018-01-01T00:00:00Z'), notAfter: new Date('2022-01-01T00:00:00Z') }
const AT = new Date('2020-06-01T00:00:00Z')
const AROUND = { thisUpdate: new Date('2020-05-31T00:00:00Z'), nextUpdate: new Date('2020-06-30T00:00:00Z') }
const LATER = { thisUpdate: new Date('2020-07-31T00:00:00Z'), nextUpdate: new Date('2020-08-30T00:00:00Z') }

const root = makeCa('Gốc', undefined, THEN)
const sub = makeCa('CA', root, THEN)
const leaf = makeLeaf(sub, { ...THEN, extensions: [crlDistributionPoint('http://ca.gov.vn/sub.crl')] })

const crl = (issuer: Issued, more: Partial<CrlOptions> = {}) => ({ about: issuer === sub ? leaf : sub, crl: readCrl(issueCrl({ issuer, ...AROUND, ...more })) })
const ocsp = (entry: Partial<OcspOptions['entries'][number]> = {}) =>
  ({ about: leaf, ocsp: readOcsp(issueOcsp({ signer: sub, producedAt: AROUND.thisUpdate, entries: [{ certificate: leaf.certificate, issuer: sub.certificate, ...AROUND, ...entry }] })) })
type Given = ReturnType<typeof crl> | ReturnType<typeof ocsp>

/** The commands for these answers, each with how it ended and what it printed. */
function checked (t: { testdir (): string }, ...given: Given[]): { command: string, status: number | null, told: string }[] {
  const folder = t.testdir()
  const write = (name: string, content: Buffer | string) => { mkdirSync(dirname(join(folder, name)), { recursive: true }); writeFileSync(join(folder, name), content) }
  const pemOf = ({ certificate }: Issued) => pem('CERTIFICATE', certificate.raw)
  write('seal-signer.pem', pemOf(leaf))
  for (const [name, ca] of [['anchors', root], ['intermediates', sub]] as const) {
    write(`${name}.pem`, pemOf(ca))
    write(`${name}/${fingerprintOf(ca.certificate)}.pem`, pemOf(ca))
  }
  const crls = given.flatMap((one) => 'crl' in one ? [one.crl] : [])
  write('crls.pem', crls.map(({ bytes }) => pem('X509 CRL', bytes)).join(''))
  for (const { sha256, bytes } of crls) write(`revocation/${sha256}.crl`, bytes)
  for (const one of given) if ('ocsp' in one) write(`revocation/${one.ocsp.sha256}.ocsp`, one.ocsp.bytes)

  const kept: KeptAnswers = new Map(given.map((one) => ['crl' in one ? one.crl.sha256 : one.ocsp.sha256, one]))
  const revocation = given.map((one): RevocationAnswer => ({ certificate: fingerprintOf(one.about.certificate), status: 'good', evidence: 'crl' in one ? one.crl.sha256 : one.ocsp.sha256 }))
  const chain = [leaf, sub, root].map(({ certificate }) => detailsOf(certificate))
  const commands = opensslChecks('seal', { result: 'valid', reasons: [], chain, revocation, proofTime: { at: AT.toISOString(), from: 'receipt' }, policy: DEFAULT_TRUST_POLICY, checked: [] }, kept)
  return commands.map((command) => {
    const { status, stdout, stderr } = spawnSync('bash', ['-c', command], { cwd: folder, encoding: 'utf8' })
    return { command, status, told: stdout + stderr }
  })
}

t.test('CRLs of the time for every certificate: one command', needsOpenssl, async (t) => {
  t.match(checked(t, crl(sub), crl(root)), [{ command: /-crl_check_all/, status: 0, told: /: OK/ }])
  const [revoked] = checked(t, crl(sub, { serials: [Buffer.from(contentOf(leaf.certificate).serial, 'hex')] }), crl(root))
  t.match(revoked, { status: 2, told: /certificate revoked/ })
})

t.test('an OCSP answer, ended long ago, by whichever digest it names the issuer', needsOpenssl, async (t) => {
  for (const digest of ['sha1', 'sha256'] as const) {
    const commands = checked(t, ocsp({ digest }), crl(root))
    t.match(commands, [{ status: 0, told: /signer\.pem: OK/ }, { status: 0, told: /seal-signer\.pem: good[^]*Response verify OK/ }, { command: /-crl_check /, status: 0, told: /intermediates.*: OK/ }], digest)
    t.notMatch(commands[1]!.told, /WARNING/)
  }
  t.match(checked(t, ocsp({ revoked: { at: AROUND.thisUpdate } }), crl(root))[1], { told: /seal-signer\.pem: revoked/ })
})

t.test('a CRL from later is read, since openssl takes none that begins later; without any answer the chain alone is checked', needsOpenssl, async (t) => {
  const commands = checked(t, crl(sub, LATER), crl(root))
  t.match(commands, [{ status: 0, told: /: OK/ }, { command: /^openssl crl /, status: 0, told: /Last Update: Jul 31/ }, { command: /-crl_check /, status: 0 }])
  t.match(checked(t), [{ status: 0, told: /: OK/ }])
})
