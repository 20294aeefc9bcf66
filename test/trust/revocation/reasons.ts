/** An input for every reason of src/trust/revocation/reasons.ts. */
import { OID, rsaKeys } from '../../../certs-example/issue.ts'
import { issuingDistributionPoint, invalidityDate } from '../../../certs-example/revocation.ts'
import type { REVOCATION_REASONS } from '../../../src/trust/revocation/reasons.ts'
import type { Verdict } from '../../../src/trust/verdict.ts'
import { makeCa, makeCrl, makeLeaf } from '../world.ts'
import { DAY, HOUR, after, crlWithLeaf, judge, makeResponder, ocspOnLeaf, root, sub } from './world.ts'

const unknownExtension = { id: '2.999.1', critical: true, value: Buffer.from([0x05, 0x00]) }
const sha1 = { oid: '1.2.840.10045.4.1', digest: 'sha1' }

export const produces: Record<keyof typeof REVOCATION_REASONS, () => Verdict> = {
  CERTIFICATE_REVOKED: () => judge({ crls: [crlWithLeaf()] }),
  CERTIFICATE_INVALID_SINCE: () => judge({ crls: [crlWithLeaf({ at: after(DAY), extensions: [invalidityDate(after(-DAY))] }, { thisUpdate: after(2 * DAY) })] }),
  CERTIFICATE_ON_HOLD: () => judge({ crls: [crlWithLeaf({ reason: 6 })] }),
  CERTIFICATE_REVOKED_LATER: () => judge({ crls: [crlWithLeaf({ at: after(DAY) }, { thisUpdate: after(2 * DAY) })] }),
  REVOCATION_UNKNOWN: () => judge({}),
  REVOCATION_UNKNOWN_ACCEPTED: () => judge({ policy: { missingRevocation: 'accept' } }),
  REVOCATION_REQUIRED: () => judge({ policy: { missingRevocation: 'refuse' } }),
  ANSWER_STALE: () => judge({ crls: [makeCrl(sub, { nextUpdate: after(-HOUR) })], policy: { staleHours: 2 } }),
  ANSWER_SHA1_PINNED: () => judgeG1(),
  ANSWER_UNREADABLE: () => {
    const signer = makeLeaf(sub, { extensions: [{ id: OID.keyUsage, value: Buffer.from([0x05, 0x00]) }] })
    return judge({ ocsp: [ocspOnLeaf({}, { signer, certificates: [signer.certificate] })] })
  },
  ANSWER_OUTDATED: () => judge({ crls: [makeCrl(sub, { nextUpdate: after(-HOUR) })] }),
  ANSWER_OMITS_EXPIRED: () => judge({
    chain: [makeLeaf(sub, { notAfter: after(30 * DAY) }), sub, root], crls: [makeCrl(sub, { thisUpdate: after(40 * DAY), nextUpdate: after(50 * DAY) })],
  }),
  ANSWER_SIGNATURE_WRONG: () => judge({ crls: [makeCrl({ ...sub, keys: makeCa('sub', root).keys }, { extensions: [{ id: '2.5.29.35', value: Buffer.from('3000', 'hex') }] })] }),
  ANSWER_SIGNER_UNKNOWN: () => judge({ ocsp: [ocspOnLeaf({}, { signer: makeResponder() })] }),
  ANSWER_SIGNER_UNFIT: () => {
    const signer = makeLeaf(sub, { name: { CN: 'no responder' } })
    return judge({ ocsp: [ocspOnLeaf({}, { signer, certificates: [signer.certificate] })] })
  },
  ANSWER_DIGEST_WEAK: () => judge({ ocsp: [ocspOnLeaf({}, { signature: sha1 })] }),
  ANSWER_ALGORITHM_NOT_ADMITTED: () => judge({ ocsp: [ocspOnLeaf({}, { signature: { oid: '1.2.840.10040.4.3', digest: 'sha1' } })] }),
  ANSWER_KEY_WEAK: () => {
    const signer = { ...makeResponder(), keys: rsaKeys(1024) }
    const weak = makeLeaf(sub, { name: { CN: 'responder' }, keys: signer.keys })
    return judge({ ocsp: [ocspOnLeaf({}, { signer, certificates: [weak.certificate] })] })
  },
  ANSWER_SCOPE_OTHER: () => judge({ crls: [makeCrl(sub, { extensions: [issuingDistributionPoint({ only: 'authorities' })] })] }),
  ANSWER_REASONS_PARTIAL: () => judge({ crls: [makeCrl(sub, { extensions: [issuingDistributionPoint({ reasons: [1, 2] })] })] }),
  ANSWER_EXTENSION_UNKNOWN: () => judge({ crls: [makeCrl(sub, { extensions: [unknownExtension] })] }),
  ANSWER_OF_OTHER_CERTIFICATE: () => judge({ ocsp: [ocspOnLeaf({ certificate: makeLeaf(sub, { name: { CN: 'other' } }).certificate })] }),
  ANSWER_STATUS_UNKNOWN: () => judge({ ocsp: [ocspOnLeaf({ status: 'unknown' })] }),
}

/** No G1 CA signs for a test: one of ours is dressed up with the fingerprint of the real sub-CA "Chính phủ". */
export function judgeG1 (policy: { sha1Revocation?: boolean } = {}): Verdict {
  const keys = rsaKeys(2048)
  const g1 = makeCa('g1', root, { keys })
  Object.defineProperty(g1.certificate, 'fingerprint256', { value: '75E969C07BA35C29C72BBC1BFB880F20F3891A619B00B77EB02CA6160736A1FE'.match(/../g)!.join(':') })
  return judge({ chain: [makeLeaf(g1), g1, root], crls: [makeCrl(g1, { signature: { oid: '1.2.840.113549.1.1.5', digest: 'sha1' } })], policy })
}
