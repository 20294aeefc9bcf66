/** Certificates for tests of who signs for whom: a trust folder of its own beside the example's, and signers below it. */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ecKeys, pem, type Extension, type Issued, type Keys } from '../../certs-example/issue.ts'
import { issueCrl } from '../../certs-example/revocation.ts'
import { EXAMPLE_TRUST_DIR } from '../../src/trust/example.ts'
import { keyPemOf, makeCa, makeLeaf } from '../trust/world.ts'

const DAY = 24 * 3600 * 1000

/** A moment so many days from now. */
export function inDays (days: number): Date {
  return new Date(Math.floor(Date.now() / 1000) * 1000 + days * DAY)
}

/** A signer's certificate with this name; good from a year ago until a year from now, unless said otherwise. */
export function issueLeaf (issuer: Issued, { CN, keys = ecKeys('prime256v1'), notBefore = inDays(-365), notAfter = inDays(365), extensions = [] }: { CN: string, keys?: Keys, notBefore?: Date, notAfter?: Date, extensions?: Extension[] }): Issued {
  return makeLeaf(issuer, { name: { CN }, keys, notBefore, notAfter, extensions })
}

/** The same as a person keeps it: key and certificate in PEM. */
export function pemOf (issued: Issued): { key: string, certificates: string } {
  return { key: keyPemOf(issued), certificates: pem('CERTIFICATE', issued.certificate.raw) }
}

/** A folder that trusts the example PKI and a new root, with its CRL; gone with the test. */
export function trustFolder (t: { teardown (end: () => void): void }): { folder: string, root: Issued } {
  const folder = mkdtempSync(join(tmpdir(), 'lienthong-trust-'))
  t.teardown(() => { rmSync(folder, { recursive: true }) })
  cpSync(EXAMPLE_TRUST_DIR, folder, { recursive: true })
  const root = makeCa('Gốc kiểm thử', undefined, { notBefore: inDays(-1000), notAfter: inDays(3000) })
  writeFileSync(join(folder, 'anchors', 'test.pem'), pem('CERTIFICATE', root.certificate.raw))
  writeFileSync(join(folder, 'crls', 'test.crl'), issueCrl({ issuer: root, thisUpdate: inDays(-400), nextUpdate: inDays(3000), serials: [] }))
  return { folder, root }
}
