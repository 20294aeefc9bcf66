/**
 * What the real axis does to a packet on its way: it reads it and builds it anew with the SDK's library (as a packet sent and
 * received in 2019 shows). Field values and attachments survive; bytes, signatures and all that the library does not know do not.
 */
import { vietnamTimestamp } from '../edxml/dates.ts'
import type { DocumentPacket, Packet, TraceHeader } from '../edxml/packet.ts'
import { assemble, writePacket } from '../edxml/write.ts'
import { wrapInZip } from '../edxml/zip.ts'

/** A packet as its recipients get it. `signature`: the Signature element that came with it, canonical, or null. */
export type Rewrite = (packet: Packet, signature: Buffer | null, now: Date) => Promise<Buffer>

/** `centreCode`: who the axis says it is in the trace. */
export function createRewrite ({ centreCode }: { centreCode: string }): Rewrite {
  return async (packet, signature, now) => {
    const changed = packet.kind === 'document' ? await changeDocument(packet, { organId: centreCode, timestamp: vietnamTimestamp(now) }) : packet
    const written = await writePacket(changed)
    written.xml = Buffer.from(written.xml.toString().replace(PLAIN_TYPE, '<ContentType>application/zip</ContentType>'))
    return assemble(written, signature && worn(signature))
  }
}

/** Files that today's library sends as they are; that of 2019 put them into a zip too. */
const PLAIN_NAME = /\.(?:pdf|docx?)$/i
/** ContentType of such an attachment. In the manifest, where the element has a prefix, it stays what the sender said. */
const PLAIN_TYPE = /<ContentType>application\/(?:pdf|docx?)<\/ContentType>/g

async function changeDocument (packet: DocumentPacket, station: TraceHeader): Promise<DocumentPacket> {
  const { header, attachments } = packet
  return {
    ...packet,
    header: {
      ...header,
      // The library's own defaults for what it does not find.
      ...header.otherInfo && { otherInfo: { direction: false, promulgationAmount: 1, pageAmount: 1, ...header.otherInfo } },
      traceHeaders: [...header.traceHeaders, station],
    },
    attachments: await Promise.all(attachments.map(async ({ description, ...attachment }) => ({
      ...attachment,
      bytes: PLAIN_NAME.test(attachment.name) ? await wrapInZip(attachment.bytes, attachment.name) : attachment.bytes,
    }))),
  }
}

/** A Signature as it comes out at the other end: its own namespace, the exc-c14n Transform and empty elements are gone, so it proves nothing. */
function worn (signature: Buffer): Buffer {
  const bare = signature.toString()
    .replace(/(<\/?)[^\s<>/:]+:/g, '$1')
    .replace(/ xmlns(?::[^=\s]+)?="[^"]*"/g, '')
    .replace(/<Transform Algorithm="[^"]*xml-exc-c14n#"><\/Transform>/g, '')
  return Buffer.from(withoutEmpty(bare).replace(/<([^\s<>/]+)( [^<>]*)><\/\1>/g, '<$1$2 />'))
}

function withoutEmpty (xml: string): string {
  const fewer = xml.replace(/<([^\s<>/]+)>\s*<\/\1>/g, '')
  return fewer === xml ? xml : withoutEmpty(fewer)
}
