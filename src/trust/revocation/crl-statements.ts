/** What CRLs say of a certificate: which of them speak for it, and what a complete one and its deltas say together (RFC 5280, 6.3.3). */
import type { X509Certificate } from 'node:crypto'
import { contentOf } from '../asn1/certificate.ts'
import type { Crl } from './crl.ts'
import { ALL_REASONS, pointName, pointsOf, type DistributionPoint } from './points.ts'
import type { RevocationFinding } from './reasons.ts'
import { signerOfCrl, type ProvedSigner, type SignerContext } from './answer-signer.ts'
import type { KnownRevocation } from './known.ts'
import { statementOn, unlessUnreadable, type Statement, type Told } from './statement.ts'

/** What every CRL that could speak for the first certificate of the chain says of it, or why it says nothing. */
export function statementsOfCrls (chain: readonly X509Certificate[], known: KnownRevocation, context: SignerContext): (Statement | RevocationFinding)[] {
  const { issuer, issuerKeyId } = contentOf(chain[0]!)
  // RFC 5280, 6.3.3, last paragraph: a CA's own CRLs count even where the certificate does not name them
  const places: DistributionPoint[] = [...pointsOf(chain[0]!).crls, { names: [pointName(issuer)], urls: [] }]
  return places.flatMap((place) => (place.issuers ?? [issuer]).flatMap((crlIssuer) => {
    const crls = ofOneKey(known.crls(crlIssuer), issuerKeyId)
    return crls.filter(({ baseNumber }) => baseNumber === undefined).flatMap((crl) => unlessUnreadable(() => statementsOf(crl, crls, place, chain, context)))
  }))
}

/**
 * A CA that renews its key and keeps its name may go on with a CRL for each key, where equal serial numbers are different certificates: where the key that
 * signed the certificate has a CRL of this scope, those of another key do not speak of it. Where it has none, one CRL speaks for both (RFC 5280, 6.3.3 (f)).
 */
function ofOneKey (crls: readonly Crl[], keyId: string | undefined): readonly Crl[] {
  const isOwn = ({ issuerKeyId }: Crl) => keyId === undefined || issuerKeyId === keyId
  const scopes = new Set(crls.filter(isOwn).map(scopeKey))
  return crls.filter((crl) => isOwn(crl) || !scopes.has(scopeKey(crl)))
}

const scopeKey = ({ scope }: Crl): string => scope?.octets.toString('hex') ?? ''

/** The CRL alone, and once more with each delta that adds to it. */
function statementsOf (crl: Crl, crls: readonly Crl[], place: DistributionPoint, chain: readonly X509Certificate[], context: SignerContext): (Statement | RevocationFinding)[] {
  if (!isInScope(crl, place, chain[0]!)) return [{ code: 'ANSWER_SCOPE_OTHER' }]
  const signer = usableSigner(crl, chain, context)
  if ('code' in signer) return [signer]
  const { issuer, serial, notAfter } = contentOf(chain[0]!)
  const base = crl.find(serial, issuer)
  const reasons = (place.reasons ?? ALL_REASONS) & (crl.scope?.reasons ?? ALL_REASONS)
  const statement = (told: Told, evidence: readonly Crl[]): Statement | RevocationFinding => {
    const said = statementOn(told, { at: context.at, notAfter, policy: context.policy })
    return 'code' in said ? said : { ...told, ...said, reasons, from: 'crl', evidence, remarks: [...said.remarks, ...signer.remarks] }
  }
  return [
    statement(toldBy(crl, base, crl), [crl]),
    ...crls.filter((delta) => addsTo(delta, crl)).map((delta) => {
      const deltaSigner = usableSigner(delta, chain, context)
      if ('code' in deltaSigner) return deltaSigner
      // RFC 5280, 6.3.3 (h): by the key that signed the complete CRL
      if (deltaSigner.certificate !== signer.certificate) return { code: 'ANSWER_SIGNER_UNFIT' as const }
      const change = delta.find(serial, issuer)
      return statement(toldBy(delta, change?.reason === 'removeFromCRL' ? undefined : change ?? base, crl), [crl, delta])
    }),
  ]
}

function toldBy ({ thisUpdate, nextUpdate }: Crl, revoked: Told['revoked'], { expiredSince }: Crl): Told {
  return { thisUpdate, ...(nextUpdate && { nextUpdate }), ...(revoked && { revoked }), ...(expiredSince && { keepsExpiredSince: expiredSince }) }
}

function usableSigner (crl: Crl, chain: readonly X509Certificate[], context: SignerContext): ProvedSigner | RevocationFinding {
  const [unknown] = crl.unknown
  return unknown === undefined ? signerOfCrl(crl, chain, context) : { code: 'ANSWER_EXTENSION_UNKNOWN', detail: unknown }
}

/** RFC 5280, 6.3.3 (b). */
function isInScope ({ scope }: Crl, { names, issuers }: DistributionPoint, certificate: X509Certificate): boolean {
  const { isCa } = contentOf(certificate)
  if (issuers && !scope?.indirect) return false
  switch (scope?.only) {
    case 'attributes': return false
    case 'users': if (isCa) return false; break
    case 'authorities': if (!isCa) return false; break
    case undefined: break
  }
  if (scope?.names === undefined) return true
  return (names ?? issuers?.map(pointName))?.some((name) => scope.names!.includes(name)) ?? false
}

/** RFC 5280, 5.2.4 and 6.3.3 (c): of the same scope and key, on the basis of this CRL or of an older one, and younger than it. */
function addsTo (delta: Crl, crl: Crl): boolean {
  if (delta.baseNumber === undefined || delta.number === undefined || crl.number === undefined) return false
  if (delta.issuerKeyId !== crl.issuerKeyId || scopeKey(delta) !== scopeKey(crl)) return false
  return delta.baseNumber <= crl.number && crl.number < delta.number
}
