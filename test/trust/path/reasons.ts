/** For every reason of a path, an input that brings it. */
import { OID, basicConstraints, ecKeys, extendedKeyUsage, keyUsage, rsaKeys, type Issued } from '../../../certs-example/issue.ts'
import { judgePath } from '../../../src/trust/path/path.ts'
import type { PathOptions } from '../../../src/trust/path/chain.ts'
import type { PATH_REASONS } from '../../../src/trust/path/reasons.ts'
import type { Verdict } from '../../../src/trust/verdict.ts'
import { AT, makeCa, makeLeaf, storeOf, type Change } from '../world.ts'
import { name, nameConstraints, policies, policyMappings, subjectAltName } from './extensions.ts'

const root = makeCa('root')
const sub = makeCa('sub', root)
const LATE = new Date('2027-02-01T00:00:00Z')
const EARLY = new Date('2025-02-01T00:00:00Z')
const UNKNOWN = { id: '2.999.1', critical: true, value: Buffer.from('0500', 'hex') }
const timeStamping = { ...extendedKeyUsage('1.3.6.1.5.5.7.3.8'), critical: true }

/** A signer, changed so, under a CA as it should be. */
const signer = (change: Change, options: PathOptions = {}, at = AT) => () => judgePath(makeLeaf(sub, change).certificate, storeOf([root], [sub]), at, options)
/** A signer as it should be, under a CA changed so. */
const under = (change: Change, leaf: Change = {}, options: PathOptions = {}) => () => {
  const ca = makeCa('changed', root, change)
  return judgePath(makeLeaf(ca, leaf).certificate, storeOf([root], [ca]), AT, options)
}

function deep (levels: number): Verdict {
  const cas: Issued[] = [root]
  for (let level = 1; level <= levels; level++) cas.push(makeCa(`level ${level}`, cas.at(-1)))
  return judgePath(makeLeaf(cas.at(-1)!).certificate, storeOf([root], cas.slice(1)), AT)
}

export const produces: Record<keyof typeof PATH_REASONS, () => Verdict> = {
  CERTIFICATE_UNREADABLE: signer({ extensions: [UNKNOWN, UNKNOWN] }),
  ISSUER_UNKNOWN: () => judgePath(makeLeaf(makeCa('stranger')).certificate, storeOf([root], [sub]), AT),
  CHAIN_TOO_LONG: () => deep(9),
  PATH_SEARCH_TOO_WIDE: () => judgePath(makeLeaf(makeCa('sub'), { without: [OID.authorityKeyIdentifier] }).certificate, storeOf([root], Array.from({ length: 201 }, () => sub)), AT),
  CHAIN_SIGNATURE_WRONG: () => judgePath(makeLeaf(makeCa('sub'), { without: [OID.authorityKeyIdentifier] }).certificate, storeOf([root], [sub]), AT),
  CERTIFICATE_NOT_YET_VALID: signer({}, {}, EARLY),
  CERTIFICATE_EXPIRED: signer({}, {}, LATE),
  ISSUER_NOT_CA: under({ extensions: [basicConstraints(false)] }),
  PATH_LENGTH_EXCEEDED: () => {
    const narrow = makeCa('narrow', root, { extensions: [basicConstraints(true, 0)] })
    const below = makeCa('below', narrow)
    return judgePath(makeLeaf(below).certificate, storeOf([root], [narrow, below]), AT)
  },
  CA_KEY_USAGE_WRONG: under({ extensions: [keyUsage('cRLSign')] }),
  CA_PURPOSE_WRONG: under({ extensions: [timeStamping] }),
  NAME_NOT_PERMITTED: under({ extensions: [nameConstraints({ permitted: [name.directory('other')] })] }),
  NAME_EXCLUDED: under({ extensions: [nameConstraints({ excluded: [name.directory('signer')] })] }),
  NAME_FORM_UNJUDGED: under({ extensions: [nameConstraints({ excluded: [name.registered('2.999.1')] })] }, { extensions: [subjectAltName(name.registered('2.999.2'))] }),
  POLICY_MISSING: signer({}, { policies: { requireExplicit: true } }),
  POLICY_MAPPING_WRONG: under({ extensions: [policies('1.2.3'), policyMappings(['1.2.3', '2.5.29.32.0'])] }),
  SIGNER_KEY_USAGE_WRONG: signer({ extensions: [keyUsage('keyEncipherment')] }),
  SIGNER_PURPOSE_WRONG: signer({ extensions: [timeStamping] }),
  CRL_KEY_USAGE_WRONG: signer({}, { use: 'crl' }),
  OCSP_PURPOSE_MISSING: signer({}, { use: 'ocsp' }),
  TIME_STAMPING_PURPOSE_WRONG: signer({}, { use: 'time-stamping' }),
  TLS_PURPOSE_WRONG: signer({ extensions: [extendedKeyUsage(OID.clientAuth)] }, { use: 'tls-server' }),
  TLS_NAME_MISSING: signer({}, { use: 'tls-server' }),
  USE_KEY_USAGE_WRONG: signer({ extensions: [keyUsage('nonRepudiation')] }, { use: 'tls-server' }),
  EXTENSION_UNKNOWN: signer({ extensions: [UNKNOWN] }),
  KEY_WEAK: signer({ keys: ecKeys('secp521r1') }),
  DIGEST_WEAK: () => {
    const rsa = makeCa('rsa', undefined, { keys: rsaKeys(2048) })
    return judgePath(makeLeaf(rsa, { signature: { oid: '1.2.840.113549.1.1.5', digest: 'sha1' } }).certificate, storeOf([rsa]), AT)
  },
  ALGORITHM_NOT_ADMITTED: () => {
    const rsa = makeCa('rsa', undefined, { keys: rsaKeys(2048) })
    return judgePath(makeLeaf(rsa, { signature: { oid: '1.2.840.113549.1.1.14', digest: 'sha224' } }).certificate, storeOf([rsa]), AT)
  },
  DIGEST_SHA1_PINNED: () => {
    // Only the real certificate has its fingerprint, and that is not ours to keep here: another one is made to claim it
    const g1 = makeCa('g1', undefined, { keys: rsaKeys(2048), signature: { oid: '1.2.840.113549.1.1.5', digest: 'sha1' } })
    Object.defineProperty(g1.certificate, 'fingerprint256', { value: 'f7bc89054cec7f12730d7b8cd3eb7955b163835087e5eb873edfb584763b3f90' })
    return judgePath(makeLeaf(g1).certificate, storeOf([g1]), AT)
  },
}
