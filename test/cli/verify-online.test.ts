/** The command asks CAs for what is missing on revocation, where the policy lets it. */
import t from 'tap'
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { startCa } from '../support/ca.ts'
import { needsOpenssl } from '../trust/world.ts'

const PROGRAM = resolve(import.meta.dirname, '../../src/cli/lienthong.ts')

type Answer = { verdict: string, reasons: { code: string }[], revocation: { status: string, from?: string, evidence?: string }[] }

/** Verifies a certificate of this CA by the CLI: exit code, verdict, and where each answer came from. */
function verifier (folder: string, ca: Awaited<ReturnType<typeof startCa>>) {
  return async (certificate: string, settings: object, more: string[] = []): Promise<string> => {
    const [file, policy] = [join(folder, 'certificate.pem'), join(folder, 'policy.json')]
    writeFileSync(file, certificate)
    writeFileSync(policy, JSON.stringify(settings))
    return new Promise((done) => {
      execFile(process.execPath, [PROGRAM, 'verify', file, '--json', '--policy', policy, ...more], { env: { LIENTHONG_MODE: 'test', TRUST_DIR: ca.trustDir } }, (error, out) => {
        const { verdict, revocation, reasons } = JSON.parse(out) as Answer
        done([error === null ? 0 : Number(error.code), verdict, ...revocation.map(({ status, from }) => from ?? status), ...new Set(reasons.map(({ code }) => code))].join(' '))
      })
    })
  }
}

t.test('a CRL is fetched where it is missing, and decides', async (t) => {
  const ca = await startCa(t)
  const verify = verifier(t.testdir(), ca)
  const leaf = ca.issue()
  t.equal(await verify(leaf.pem, ca.settings()), '0 valid crl crl')
  ca.revoke(leaf)
  ca.publish()
  t.equal(await verify(leaf.pem, ca.settings()), '1 invalid crl crl CERTIFICATE_REVOKED')
})

t.test('an OCSP responder is asked, and decides', needsOpenssl, async (t) => {
  const ca = await startCa(t)
  const verify = verifier(t.testdir(), ca)
  const [good, bad] = [ca.issue(['ocsp']), ca.issue(['ocsp'])]
  const port = await ca.startResponder([good], [{ leaf: bad, at: new Date(Date.now() - 3_600_000) }])
  t.equal(await verify(good.pem, ca.settings(port)), '0 valid ocsp crl')
  t.equal(await verify(bad.pem, ca.settings(port)), '1 invalid ocsp crl CERTIFICATE_REVOKED')
})

t.test('nobody is asked offline, nor at a host that is not named, nor at a private address that is not allowed', async (t) => {
  const ca = await startCa(t)
  const verify = verifier(t.testdir(), ca)
  const { pem } = ca.issue()
  for (const [settings, more] of [[ca.settings(), ['--offline']], [{}, ['--offline']], [{ ...ca.settings(), revocationHosts: [] }, []], [{ ...ca.settings(), privateNetworks: false }, []]] as const) {
    t.equal(await verify(pem, settings, [...more]), '2 indeterminate missing missing REVOCATION_UNKNOWN')
  }
  t.strictSame(ca.asked, [])
})

t.test('an answer that is none leaves the verdict as it was', async (t) => {
  const ca = await startCa(t)
  const verify = verifier(t.testdir(), ca)
  ca.answer((response) => { response.end('<html>') })
  t.equal(await verify(ca.issue().pem, ca.settings()), '2 indeterminate missing crl REVOCATION_UNKNOWN')
  t.strictSame(ca.asked, ['/pki/pub/crl/sub.crl'])
})
