import type { SystemCaller } from '../../access/keys.ts'
import { judgeBySpeakers } from '../../agencies/certificates.ts'
import type { Db } from '../../database/database.ts'
import type { Limits } from '../../edxml/limits.ts'
import { fileName } from '../../edxml/names.ts'
import { openPacket, readPacket } from '../../edxml/read.ts'
import { assemble, writePacket } from '../../edxml/write.ts'
import { Refusal, type RefusalCode } from '../../errors.ts'
import type { SignRequest } from '../../outbound/sign-request.ts'
import type { Submission } from '../../outbound/submit.ts'
import { judgePacketSignature } from '../../signing/packet-signature.ts'
import { rule, type Ruling, type SignaturePolicy } from '../../signing/policy.ts'
import { verdict } from '../../signing/xmldsig.ts'
import type { Trust } from '../../trust/judge.ts'
import type { SignatureVerdict } from '../../trust/verdict.ts'
import { packetFrom, parseMetadata, type SubmittedFile } from './metadata.ts'

type Needs = { database: Db, trust: Trust, meet: (verdict: SignatureVerdict) => void, limits: Limits, now: () => Date }

export type Submissions = ReturnType<typeof createSubmissions>

/** How a system hands over packets. */
export type SystemPolicy = { packetSignature: SignaturePolicy }

/** The two ways a system can say what it wants sent. What is refused here has left nothing behind. */
export function createSubmissions ({ database, trust, meet, limits, now }: Needs) {
  return {
    /** An edXML packet: read, and its signature judged by the system's policy (the hop from the system to the gateway). */
    async fromPacket (caller: SystemCaller, bytes: Buffer, sign: readonly SignRequest[]): Promise<Submission> {
      const opened = openPacket(bytes, limits)
      const packet = await readPacket(opened, limits)
      if (packet.kind === 'status') throw new Refusal('PACKET_ELEMENT_MISSING', { field: 'MessageHeader.To', detail: 'this is a status packet; statuses go to /v1/mailbox/{id}/statuses' })
      const at = now()
      const [signature, policy] = await Promise.all([
        judgeBySpeakers(database, { code: packet.header.from.organId, at }, (speaksFor) => judgePacketSignature(opened, { trust, at, speaksFor })),
        policyOf(database, caller.systemId),
      ])
      meet(signature)
      const ruling = rule(policy.packetSignature, signature)
      if (ruling.kind === 'accept') return { caller, packet, bytes, signature, sign }
      throw new Refusal(refusalFor(ruling), { field: 'edXMLHeader.Signature', detail: `${ruling.reason.code}: ${ruling.reason.en}` })
    },

    /** Metadata and files: nothing is signed on this hop, the API key says who sends. */
    async fromMetadata (caller: SystemCaller, json: string, files: readonly SubmittedFile[]): Promise<Submission> {
      const attachments = files.map(({ name, mediaType, bytes }, index) => {
        const safe = fileName(name) || `attachment-${index + 1}`
        return { contentId: `${index + 1}`, name: safe, originalName: name.replaceAll('\0', ''), contentType: mediaType, bytes }
      })
      const metadata = parseMetadata(json)
      const packet = packetFrom(metadata, attachments)
      // Written and read as it will be on its way: what cannot be is refused now, and a file that every reader takes out of its zip is
      // taken out here too, so that the seal speaks of what arrives.
      const read = await readPacket(openPacket(assemble(await writePacket(packet), null), limits), limits)
      const arriving = read.kind === 'document' ? read.attachments.map((attachment, index) => ({ ...attachment, originalName: attachments[index]!.originalName })) : []
      return { caller, packet: { ...packet, attachments: arriving }, bytes: null, signature: verdict({ at: now(), trust }, [], [{ code: 'SIGNATURE_ABSENT' }]), sign: metadata.sign ?? [] }
    },
  }
}

/** What will be known soon may be submitted again; what a person has to mend first is invalid for now. */
function refusalFor (ruling: Exclude<Ruling, { kind: 'accept' }>): RefusalCode {
  switch (ruling.kind) {
    case 'refuse': return ruling.absent ? 'SIGNATURE_REQUIRED' : 'SIGNATURE_INVALID'
    case 'wait': return ruling.reason.code === 'REVOCATION_UNKNOWN' ? 'SIGNATURE_UNDECIDED' : 'SIGNATURE_INVALID'
  }
}

async function policyOf (db: Db, systemId: string): Promise<SystemPolicy> {
  const { rows: [row] } = await db.query<{ policy: SystemPolicy }>({ name: 'system-policy', text: 'select policy from system where id = $1', values: [systemId] })
  return row!.policy
}
