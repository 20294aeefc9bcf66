/** Both proofs of a packet, judged together: its packet signature, and the seal among its attachments. */
import type { Opened } from '../edxml/open.ts'
import { SEAL_NAME, type Packet } from '../edxml/packet.ts'
import { Refusal } from '../errors.ts'
import type { SignatureVerdict } from '../trust/verdict.ts'
import { judgePacketSignature } from './packet-signature.ts'
import { judgeSeal, type SealVerdict } from './seal.ts'
import type { SignatureContext } from './xmldsig.ts'

/** The packet without its seal, and what its proofs are worth. A status packet has no seal: `seal` is null then, and says SEAL_ABSENT for a document without one. */
export type JudgedPacket = { packet: Packet, signature: SignatureVerdict, seal: SealVerdict | null }

/** Judges a packet that was opened and read. Throws a Refusal when it carries two seals. */
export function judgePacket (opened: Opened, packet: Packet, context: SignatureContext): JudgedPacket {
  const signature = judgePacketSignature(opened, context)
  if (packet.kind === 'status') return { packet, signature, seal: null }
  const [sealed, second] = packet.attachments.filter(({ name }) => name === SEAL_NAME)
  if (second) throw new Refusal('ATTACHMENT_NAME_RESERVED', { field: 'Attachment.AttachmentName', detail: 'a document has one seal' })
  const document = { ...packet, attachments: packet.attachments.filter((attachment) => attachment !== sealed) }
  return { packet: document, signature, seal: judgeSeal(sealed, document, context) }
}
