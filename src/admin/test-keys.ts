import { judgeBySpeakers } from '../agencies/certificates.ts'
import { standingOf, type KeyStanding } from '../agencies/key-choice.ts'
import { createOpenKey, listKeys, type KeyView } from '../agencies/signers.ts'
import { vietnamTimestamp } from '../edxml/dates.ts'
import type { DocumentPacket } from '../edxml/packet.ts'
import { openPacket } from '../edxml/read.ts'
import { writePacket } from '../edxml/write.ts'
import { judgePacketSignature, signPacket } from '../signing/packet-signature.ts'
import { judgeCertificate, type Trust } from '../trust/judge.ts'
import { SignerAway } from '../trust/signers/away.ts'
import type { SignatureAlgorithm } from '../trust/signers/signer.ts'
import type { RevocationAnswer } from '../trust/verdict.ts'

/** What came of trying a key. `at` is when it signs: now, or the day it takes over. `faults` are empty when its documents will be valid. */
export type KeyTest = {
  key: KeyView, standing: KeyStanding, at: Date, algorithm: SignatureAlgorithm | null, milliseconds: number
  revocation: RevocationAnswer['status'] | 'unknown'
  faults: { code: string, vi: string, en: string }[]
}

type Needs = Parameters<typeof createOpenKey>[0] & { trust: Trust, now: Date }

/**
 * Signs a sample document with every key that signs now or will, and judges it as a recipient would on the day the key begins: signature
 * arithmetic, path, registry, and what is known of revocation. What nobody can know yet, the CRL of that day, is no fault.
 */
export async function testKeys ({ trust, now, ...needs }: Needs, code?: string): Promise<KeyTest[]> {
  const keys = await listKeys(needs.database, code)
  const openKey = createOpenKey(needs)
  const tests: KeyTest[] = []
  for (const key of keys) {
    const siblings = keys.filter(({ agencyId }) => agencyId === key.agencyId)
    const standing = standingOf(key, siblings, now)
    if (standing === 'past' || standing === 'retired') continue
    tests.push(await testKey(key, standing, standing === 'next' ? key.activeFrom! : now))
  }
  return tests

  async function testKey (key: KeyView, standing: KeyStanding, at: Date): Promise<KeyTest> {
    const startedAt = performance.now()
    const tested = { key, standing, at, revocation: 'unknown' as const }
    const took = () => Math.round(performance.now() - startedAt)
    try {
      const signer = await openKey(key.agencyId, key.fingerprint)
      const bytes = await signPacket(await writePacket(sample(key, at)), signer)
      const milliseconds = took()
      const thatDay: Trust = { ...trust, policy: { ...trust.policy, missingRevocation: 'accept' } }
      const verdict = await judgeBySpeakers(needs.database, { code: key.agency, at }, (speaksFor) => judgePacketSignature(openPacket(bytes), { trust: thatDay, at, speaksFor }))
      // Revoked now is revoked then, whatever the CRL of that day is going to say
      const today = judgeCertificate(key.certificate, signer.chain, trust, now)
      const isRevoked = [...verdict.revocation, ...today.revocation].some(({ status }) => status === 'revoked')
      const faults = [...verdict.result === 'valid' ? [] : verdict.reasons, ...isRevoked && verdict.result === 'valid' ? today.reasons : []]
      const leaf = today.revocation.find(({ certificate }) => certificate === key.fingerprint)?.status
      return { ...tested, algorithm: signer.algorithm, milliseconds, revocation: isRevoked ? 'revoked' : leaf ?? 'unknown', faults }
    } catch (error) {
      if (!(error instanceof SignerAway)) throw error
      return { ...tested, algorithm: null, milliseconds: took(), faults: [{ code: error.code, vi: error.vietnamese, en: error.message }] }
    }
  }
}

/** A document that goes nowhere. */
function sample ({ agency, name }: KeyView, at: Date): DocumentPacket {
  const timestamp = vietnamTimestamp(at)
  return {
    kind: 'document',
    header: {
      from: { organId: agency, organName: name },
      to: [{ organId: agency, organName: name }],
      documentId: `${agency},${timestamp.slice(0, 10).replaceAll('-', '/')},0/KT`,
      code: { codeNumber: '0', codeNotation: 'KT' },
      promulgationInfo: { place: 'Kiểm tra', promulgationDate: timestamp.slice(0, 10) },
      documentType: { type: 18, typeName: 'Công văn' },
      subject: 'Kiểm tra khóa ký',
      responseFor: [], responseForTask: [], toPlaces: [],
      traceHeaders: [{ organId: agency, timestamp }],
    },
    attachments: [{ contentId: '1', name: 'kiem-tra.txt', originalName: 'kiem-tra.txt', contentType: 'text/plain', bytes: Buffer.from('Kiểm tra khóa ký') }],
    warnings: [],
  }
}
