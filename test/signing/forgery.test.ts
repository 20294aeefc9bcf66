import t, { type Test } from 'tap'

import { Refusal } from '../../src/errors.ts'
import { judgePacketSignature } from '../../src/signing/packet-signature.ts'
import { contextFor, needsXmlsec, open, packetText, signatureTemplate, signedText, xmlsecSigns } from './world.ts'
import { forgeriesOf } from './wrapping.ts'

/** Valid, not valid with its reasons, or refused before anything was judged. */
function judged (packet: string): string {
  try {
    const { result, reasons } = judgePacketSignature(open(packet), contextFor())
    return [result, ...reasons.map(({ code }) => code)].join(' ')
  } catch (error) {
    if (error instanceof Refusal) return `refused ${error.code}`
    throw error
  }
}

async function rejectAll (t: Test, signed: string): Promise<void> {
  t.equal(judged(signed), 'valid', 'the packet itself')
  for (const { name, packet } of forgeriesOf(signed)) {
    t.not(packet, signed, `${name}: something was done`)
    t.not(judged(packet), 'valid', name)
  }
}

t.test('no forgery of a packet we signed is valid', async (t) => rejectAll(t, await signedText()))

t.test('no forgery of a packet that xmlsec1 signed is valid', needsXmlsec, async (t) => rejectAll(t, xmlsecSigns(packetText(signatureTemplate()))))
