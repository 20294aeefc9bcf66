/**
 * NIST PKITS: certificate paths that must pass or fail, made by NIST. `runPkits()` gives a table for `npm run exam` (title, and for every case what was
 * expected and what was said); `test/trust/path/pkits.test.ts` asserts its numbers.
 */
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'

import { DerError } from '../../src/trust/asn1/der.ts'
import { judgePath } from '../../src/trust/path/path.ts'
import type { PolicyInputs } from '../../src/trust/path/policies.ts'
import { DEFAULT_TRUST_POLICY } from '../../src/trust/policy.ts'
import { readCrl } from '../../src/trust/revocation/crl.ts'
import { judgeRevocation } from '../../src/trust/revocation/judge.ts'
import { knownFrom } from '../../src/trust/revocation/known.ts'
import type { TrustStore } from '../../src/trust/store.ts'
import { combine, type Verdict } from '../../src/trust/verdict.ts'
import { shared } from '../support/shared.ts'

/** One case: everything a judge may use. `crls` are in DER, the root's own among them. */
export type PkitsCase = {
  name: string
  certificate: X509Certificate
  store: TrustStore
  crls: Buffer[]
  at: Date
  policies: PolicyInputs
  expected: 'accepted' | 'refused'
  /** What a refusal must come of */
  by: 'path' | 'revocation'
}

/** One line of an exam's table. `reason` is what was held against a case that was refused. */
export type ExamRow = { name: string, expected: string, got: string, reason?: string }

export type ExamTable = { title: string, rows: ExamRow[] }

type Entry = {
  id: string, name: string, cert: string, other_certs?: string[], crls?: string[], error?: { class: string }
  params?: { user_initial_policy_set?: string[], initial_explicit_policy?: boolean, initial_policy_mapping_inhibit?: boolean, initial_any_policy_inhibit?: boolean }
}

/** What the cases are read from. */
export const PKITS_FILES = ['vectors/nist-pkits'] as const

/** Inside the validity of the trust anchor, 2010–2030. */
const AT = new Date('2022-06-01T00:00:00Z')

/** Judges every case. A judge that knows nothing of revocation is not asked about cases that must fail for it alone. */
export function runPkits (judge?: (one: PkitsCase) => Verdict): ExamTable {
  const cases = readCases().filter(({ by }) => judge !== undefined || by === 'path')
  const rows = cases.map((one) => {
    const { result, reasons } = (judge ?? judgePathAlone)(one)
    const reason = reasons.map(({ code, detail }) => detail === undefined ? code : `${code} (${detail})`).join('; ')
    return { name: one.name, expected: one.expected, got: result === 'valid' ? 'accepted' : 'refused', ...(result !== 'valid' && { reason }) }
  })
  return { title: `NIST PKITS, ${judge === undefined ? 'paths' : 'paths and revocation'}`, rows }
}

/** The path of a case, without its revocation. */
function judgePathAlone ({ certificate, store, at, policies }: PkitsCase): Verdict & { chain: X509Certificate[] } {
  return judgePath(certificate, store, at, { policies })
}

/** The path of a case, and the revocation of every certificate on it. A CRL that cannot be read is none. */
export function judgePathAndRevocation (one: PkitsCase): Verdict {
  const path = judgePathAlone(one)
  const crls = one.crls.flatMap((der) => {
    try {
      return [readCrl(der)]
    } catch (error) {
      if (error instanceof DerError) return []
      throw error
    }
  })
  return path.result === 'invalid' ? path : combine(path, judgeRevocation(path.chain, knownFrom(crls), { ...one, policy: DEFAULT_TRUST_POLICY }))
}

/** Every case that there is. */
function readCases (): PkitsCase[] {
  const certificate = (file: string) => new X509Certificate(bytes(`certs/${file}`))
  const anchors = [certificate('TrustAnchorRootCertificate.crt')]
  const entries: Entry[] = ['pkits.json', 'pkits-user-notice.json'].flatMap((file) => JSON.parse(bytes(file).toString()))
  return entries.map(({ id, name, cert, other_certs: others = [], crls = [], params = {}, error }) => ({
    name: `${id} ${name}`,
    certificate: certificate(cert),
    store: { label: 'pkits', anchors, intermediates: others.map(certificate) },
    crls: ['TrustAnchorRootCRL.crl', ...crls].map((file) => bytes(`crls/${file}`)),
    at: AT,
    policies: {
      ...(params.user_initial_policy_set && { initial: params.user_initial_policy_set }),
      requireExplicit: params.initial_explicit_policy ?? false,
      inhibitMapping: params.initial_policy_mapping_inhibit ?? false,
      inhibitAny: params.initial_any_policy_inhibit ?? false,
    },
    expected: error === undefined ? 'accepted' : 'refused',
    by: error === undefined || error.class === 'PathValidationError' ? 'path' : 'revocation',
  }))
}

function bytes (file: string): Buffer {
  return readFileSync(shared(`vectors/nist-pkits/${file}`))
}
