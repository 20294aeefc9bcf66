/**
 * OpenSSL's own OCSP responses, of 2012. By the rules of that time (`historical`: SHA-1, and MD5 on a root) each must be judged right at its moment;
 * by the product's (`product`) none may count, since all are signed with SHA-1. `test/trust/revocation/vectors.test.ts` asserts it.
 */
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'

import { ADMITTED, type AlgorithmPolicy } from '../../src/trust/algorithms.ts'
import { DEFAULT_TRUST_POLICY } from '../../src/trust/policy.ts'
import { judgeRevocation } from '../../src/trust/revocation/judge.ts'
import { readOcsp } from '../../src/trust/revocation/ocsp.ts'
import { knownFrom } from '../../src/trust/revocation/known.ts'
import { fingerprintOf } from '../../src/trust/verdict.ts'
import { shared } from '../support/shared.ts'
import type { ExamRow, ExamTable } from './pkits.ts'

/** What the cases are read from. */
export const OCSP_FILES = ['vectors/openssl-ocsp'] as const

type Entry = { name: string, root: string, cert: string, other_certs?: string[], ocsps: string[], moment: string, error?: unknown }

const OF_2012: AlgorithmPolicy = { rsaBits: 2048, curves: ADMITTED.curves, digests: new Set([...ADMITTED.digests, 'sha1', 'md5']) }

/** Judges every case by these rules. */
export function runOcsp (rules: 'product' | 'historical'): ExamTable {
  const entries: Entry[] = JSON.parse(text('openssl-ocsp.json'))
  return { title: `OpenSSL's OCSP responses, ${rules === 'product' ? 'by the product\'s rules' : 'by the rules of 2012'}`, rows: entries.map((entry) => judge(entry, rules)) }
}

/** The certificates that a case has no response for stay out: nothing is said of them. */
function judge ({ name, root, cert, other_certs: others = [], ocsps, moment, error }: Entry, rules: 'product' | 'historical'): ExamRow {
  const at = new Date(moment)
  const chain = [cert, ...others, root].map(certificate)
  const answers = ocsps.map((file, index) => ({ fingerprint: fingerprintOf(chain[index]!), answer: readOcsp(Buffer.from(text(file), 'base64')) }))
  const judged = answers.map((answer, index) => {
    const { answers: [first], reasons } = judgeRevocation(chain.slice(index), knownFrom([], [answer]), { at, policy: DEFAULT_TRUST_POLICY, store: { anchors: chain.slice(-1), intermediates: [] }, ...(rules === 'historical' && { algorithms: OF_2012 }) })
    return { isGood: first?.status === 'good', reasons }
  })
  const isAccepted = judged.every(({ isGood }) => isGood)
  const reason = judged.filter(({ isGood }) => !isGood).flatMap(({ reasons }) => reasons).map(({ code }) => code)
  return { name, expected: rules === 'historical' && error === undefined ? 'accepted' : 'refused', got: isAccepted ? 'accepted' : 'refused', ...(!isAccepted && { reason: [...new Set(reason)].join('; ') }) }
}

function certificate (file: string): X509Certificate {
  return new X509Certificate(text(file))
}

function text (file: string): string {
  return readFileSync(shared(`vectors/openssl-ocsp/${file}`), 'latin1')
}
