/**
 * The packet signature: XMLDSig in edXMLHeader, over header, body and every attachment, in the form of QCVN 102's sample.
 * It holds for one hop only, since the axis rebuilds every packet (axis.md 1.10).
 */
import type { Opened } from '../edxml/open.ts'
import type { Written } from '../edxml/write.ts'
import type { Signer } from '../trust/signers/signer.ts'
import type { SignatureVerdict } from '../trust/verdict.ts'
import { eachOctets } from '../edxml/open.ts'
import { EDXML_NAMESPACE } from '../edxml/packet.ts'
import { assemble } from '../edxml/write.ts'
import { XMLDSIG } from './algorithms.ts'
import { isPlaceholder } from './placeholder.ts'
import { conclude, examineSignature, findSignature, makeSignature, verdict, type SignatureContext } from './xmldsig.ts'

/** Signs a packet. Once this returns, the bytes are what is sent: they carry the signature, and every attachment. */
export async function signPacket (written: Written, signer: Signer): Promise<Buffer> {
  return assemble(written, await makeSignature((sink) => { eachOctets(written, sink) }, signer))
}

/** Judges the signature in a packet's header. Valid means: this agency's certificate signed all that `opened` holds, and nothing else is in it. */
export function judgePacketSignature (opened: Opened, context: SignatureContext): SignatureVerdict {
  const found = findSignature(opened)
  if ('code' in found) return verdict(context, ['structure'], [found])
  if (isPlaceholder(found.element)) return verdict(context, ['structure'], [{ code: 'SIGNATURE_PLACEHOLDER' }])
  switch (found.signature.namespace) {
    case XMLDSIG: return conclude(context, examineSignature(opened, found, context))
    // The axis writes back what it read of a signature in its own namespace: neither what was signed nor how survives
    case EDXML_NAMESPACE: return verdict(context, ['structure'], [{ code: 'SIGNATURE_REWRITTEN' }])
    default: return verdict(context, ['structure'], [{ code: 'SIGNATURE_NAMESPACE' }])
  }
}
