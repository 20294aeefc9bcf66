/** What a time-stamping authority is asked (RFC 3161, 2.4.1). */
import { TAG } from '../asn1/der.ts'
import { writeAlgorithm, writeDer, writeOid } from '../asn1/write.ts'

/** SHA-256: the only digest we ask under. */
export const IMPRINT_DIGEST = 'sha256'

const SHA256 = '2.16.840.1.101.3.4.2.1'
const NONCE_OCTETS = 8
const VERSION_1 = Buffer.from([1])
const TRUE = Buffer.from([0xff])

/** A request for a time-stamp of this SHA-256 hash, with the authority's certificate in the answer. `nonce` is one of nonceFrom's. */
export function timeStampRequest (hash: Buffer, nonce: Buffer, policy?: string): Buffer {
  return writeDer(TAG.sequence,
    writeDer(TAG.integer, VERSION_1),
    writeDer(TAG.sequence, writeAlgorithm(SHA256), writeDer(TAG.octetString, hash)),
    ...(policy === undefined ? [] : [writeOid(policy)]),
    writeDer(TAG.integer, nonce),
    writeDer(TAG.boolean, TRUE))
}

/** A nonce from at least eight random octets: as a DER INTEGER it is positive and stays eight octets long, so that it can be compared as octets. */
export function nonceFrom (random: Uint8Array): Buffer {
  const nonce = Buffer.from(random.subarray(0, NONCE_OCTETS))
  nonce[0] = (nonce[0]! & 0x3f) | 0x40
  return nonce
}
