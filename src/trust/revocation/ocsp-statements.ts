/** What OCSP answers say of a certificate (RFC 6960, 3.2). */
import type { X509Certificate } from 'node:crypto'
import { contentOf } from '../asn1/certificate.ts'
import { isPinnedG1 } from '../path/signature.ts'
import { fingerprintOf, momentForPeople } from '../verdict.ts'
import { responseOn, type OcspAnswer } from './ocsp.ts'
import { ALL_REASONS } from './points.ts'
import type { RevocationFinding } from './reasons.ts'
import { howSigned, signerOfOcsp, type SignerContext } from './answer-signer.ts'
import type { KnownRevocation } from './known.ts'
import { statementOn, unlessUnreadable, type Statement, type Told } from './statement.ts'

/** What every answer at hand says of the first certificate of the chain, or why it says nothing. */
export function statementsOfOcsp (chain: readonly X509Certificate[], known: KnownRevocation, context: SignerContext): (Statement | RevocationFinding)[] {
  return known.ocsp(fingerprintOf(chain[0]!)).flatMap((answer) => unlessUnreadable(() => [statementOf(answer, chain, context)]))
}

function statementOf (answer: OcspAnswer, chain: readonly X509Certificate[], context: SignerContext): Statement | RevocationFinding {
  const [certificate, issuer] = chain
  const [unknown] = answer.unknown
  if (unknown !== undefined) return { code: 'ANSWER_EXTENSION_UNKNOWN', detail: unknown }
  const how = howSigned(answer, isPinnedG1(issuer!), context)
  if ('code' in how) return how
  const single = responseOn(answer, certificate!, issuer!)
  if (single === undefined) return { code: 'ANSWER_OF_OTHER_CERTIFICATE', detail: momentForPeople(answer.producedAt) }
  const signer = signerOfOcsp(answer, chain, context)
  if ('code' in signer) return signer
  if (single.status === 'unknown') return { code: 'ANSWER_STATUS_UNKNOWN', detail: momentForPeople(single.thisUpdate) }
  const { thisUpdate, nextUpdate, revoked, archivedSince } = single
  const told: Told = { thisUpdate, ...(nextUpdate && { nextUpdate }), ...(revoked && { revoked }), ...(archivedSince && { keepsExpiredSince: archivedSince }) }
  const said = statementOn(told, { at: context.at, notAfter: contentOf(certificate!).notAfter, policy: context.policy })
  if ('code' in said) return said
  return { ...told, ...said, reasons: ALL_REASONS, from: 'ocsp', evidence: [{ sha256: answer.sha256, ...told }], remarks: [...said.remarks, ...signer.remarks] }
}
