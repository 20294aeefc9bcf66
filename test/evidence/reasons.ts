import type { EVIDENCE_REASONS } from '../../src/evidence/reasons.ts'
import { judgeFile, type FileContext } from '../../src/evidence/judge.ts'
import { DEFAULT_LIMITS } from '../../src/edxml/limits.ts'
import { writePacket } from '../../src/edxml/write.ts'
import { signPacket } from '../../src/signing/packet-signature.ts'
import type { Verdict } from '../../src/trust/verdict.ts'
import { NOW, documentPacket, sender, trust } from '../signing/world.ts'

const context: FileContext = { trust, at: NOW, isNow: true, limits: DEFAULT_LIMITS, registered: null }
const judged = async (): Promise<Verdict> => (await judgeFile(await signPacket(await writePacket(documentPacket()), sender), context)).verdict

/** For every code, an input that brings it. */
export const produces: Record<keyof typeof EVIDENCE_REASONS, () => Verdict | Promise<Verdict>> = {
  SIGNER_NOT_COMPARED: judged,
  EXAMPLE_CERTIFICATE: judged,
}
