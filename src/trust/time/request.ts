/** What a time-stamping authority is asked (RFC 3161, 2.4.1). */
import { AsnConvert, OctetString } from '@peculiar/asn1-schema'
import { MessageImprint, TimeStampReq } from '@peculiar/asn1-tsp'
import { AlgorithmIdentifier } from '@peculiar/asn1-x509'

/** SHA-256: the only digest we ask under. */
export const IMPRINT_DIGEST = 'sha256'

const SHA256 = '2.16.840.1.101.3.4.2.1'
const NONCE_OCTETS = 8

/** A request for a time-stamp of this SHA-256 hash, with the authority's certificate in the answer. `nonce` is one of nonceFrom's. */
export function timeStampRequest (hash: Buffer, nonce: Buffer, policy?: string): Buffer {
  const request = new TimeStampReq({
    messageImprint: new MessageImprint({ hashAlgorithm: new AlgorithmIdentifier({ algorithm: SHA256, parameters: null }), hashedMessage: new OctetString(hash) }),
    ...(policy !== undefined && { reqPolicy: policy }),
    nonce: Uint8Array.from(nonce).buffer,
    certReq: true,
  })
  return Buffer.from(AsnConvert.serialize(request))
}

/** A nonce from at least eight random octets: as a DER INTEGER it is positive and stays eight octets long, so that it can be compared as octets. */
export function nonceFrom (random: Uint8Array): Buffer {
  const nonce = Buffer.from(random.subarray(0, NONCE_OCTETS))
  nonce[0] = (nonce[0]! & 0x3f) | 0x40
  return nonce
}
