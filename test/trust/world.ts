import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import {
  authorityKeyIdentifier, basicConstraints, ecKeys, issueCertificate, keyUsage, pem, subjectKeyIdentifier,
} from '../../certs-example/issue.ts'
import type { CertificateOptions, Extension, Issued, Issuer, Keys } from '../../certs-example/issue.ts'
import { issueCrl, type CrlOptions } from '../../certs-example/revocation.ts'
import { contentOf } from '../../src/trust/asn1/certificate.ts'
import type { Trust } from '../../src/trust/judge.ts'
import { DEFAULT_TRUST_POLICY } from '../../src/trust/policy.ts'
import { readCrl, type Crl } from '../../src/trust/revocation/crl.ts'
import type { KnownRevocation } from '../../src/trust/revocation/known.ts'
import type { TrustStore } from '../../src/trust/store.ts'

/** A moment at which everything made here is valid. */
export const AT = new Date('2026-06-01T00:00:00Z')

const SPAN = { notBefore: new Date('2026-01-01T00:00:00Z'), notAfter: new Date('2027-01-01T00:00:00Z') }

/** What a test changes in a certificate: `extensions` replace those with the same id, `without` leaves ids out. */
export type Change = Partial<CertificateOptions> & { without?: string[] }

const made: Issued[] = []

/** A CA as it should be, but for the change. Without an issuer it is a root. */
export function makeCa (CN: string, issuer?: Issued, { without, ...change }: Change = {}): Issued {
  const keys = change.keys ?? ecKeys('prime256v1')
  const own = [basicConstraints(true), ...keyIds(keys, issuer), keyUsage('keyCertSign', 'cRLSign')]
  const ca = issueCertificate({ name: { CN }, keys, ...(issuer && { issuer }), ...SPAN, ...change, extensions: merge(own, change.extensions, without) })
  made.push(ca)
  return ca
}

/** A signer's certificate as it should be, but for the change. */
export function makeLeaf (issuer: Issued, { without, ...change }: Change = {}): Issued {
  const keys = change.keys ?? ecKeys('prime256v1')
  const own = [basicConstraints(false), ...keyIds(keys, issuer), keyUsage('digitalSignature', 'nonRepudiation')]
  return issueCertificate({ name: { CN: 'signer' }, keys, issuer, ...SPAN, ...change, extensions: merge(own, change.extensions, without) })
}

/** Its private key as PEM text, unencrypted. */
export function keyPemOf ({ keys }: Pick<Issued, 'keys'>): string {
  return keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}

export function storeOf (anchors: Issued[], intermediates: Issued[] = []): TrustStore {
  return { label: 'test', anchors: anchors.map(({ certificate }) => certificate), intermediates: intermediates.map(({ certificate }) => certificate) }
}

/** Everything that trust rests on, with these alone in it; nothing is revoked by any CA that was made here. */
export function trustOf (anchors: Issued[], intermediates: Issued[] = []): Trust {
  return { domains: [storeOf(anchors, intermediates)], timeStamping: null, policy: DEFAULT_TRUST_POLICY, revocation: NOTHING_REVOKED }
}

/** A CRL of every CA that was made here, however it came into a chain. */
const NOTHING_REVOKED: KnownRevocation = {
  crls: (name) => made.filter(({ certificate }) => contentOf(certificate).subject === name).map((ca) => makeCrl(ca)),
  ocsp: () => [],
}

/** A CRL as it should be, but for the change: it revokes nothing, and is the newest at AT. */
export function makeCrl (issuer: Issuer, change: Partial<CrlOptions> = {}): Crl {
  return readCrl(issueCrl({ issuer, thisUpdate: new Date('2026-05-31T00:00:00Z'), nextUpdate: new Date('2026-06-07T00:00:00Z'), ...change }))
}

function keyIds (keys: Keys, issuer: Issued | undefined): Extension[] {
  return [subjectKeyIdentifier(keys), authorityKeyIdentifier((issuer ?? { keys }).keys)]
}

function merge (own: Extension[], changed: Extension[] = [], without: string[] = []): Extension[] {
  return [...own.filter(({ id }) => !without.includes(id) && !changed.some((extension) => extension.id === id)), ...changed]
}

/** Options of a test that asks openssl: it is skipped, with the reason, where there is none. */
export const needsOpenssl = { skip: spawnSync('openssl', ['version']).status !== 0 && 'openssl is not installed (Debian: openssl)' }

/** Whether `openssl verify` accepts the path. */
export function opensslAccepts (leaf: Buffer, store: TrustStore, at: Date): boolean {
  return inFolder((folder) => {
    const file = (name: string, certificates: Buffer[]) => {
      writeFileSync(join(folder, name), certificates.map((certificate) => pem('CERTIFICATE', certificate)).join(''))
      return join(folder, name)
    }
    const untrusted = store.intermediates.length === 0 ? [] : ['-untrusted', file('sub.pem', store.intermediates.map(({ raw }) => raw))]
    const anchors = file('root.pem', store.anchors.map(({ raw }) => raw))
    const { status } = spawnSync('openssl', ['verify', '-x509_strict', '-attime', String(at.getTime() / 1000), '-CAfile', anchors, ...untrusted, file('leaf.pem', [leaf])])
    return status === 0
  })
}

/** Runs openssl with these arguments; `{in}` and `{out}` stand for its files. Gives what it wrote. */
export function openssl (args: string[], input: string | Buffer): Buffer {
  return inFolder((folder) => {
    writeFileSync(join(folder, 'in'), input)
    const { status, stderr } = spawnSync('openssl', args.map((arg) => arg.replace('{in}', join(folder, 'in')).replace('{out}', join(folder, 'out'))))
    if (status !== 0) throw new Error(stderr.toString())
    return readFileSync(join(folder, 'out'))
  })
}

function inFolder<T> (use: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'lienthong-trust-'))
  try {
    return use(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
