import t, { type Test } from 'tap'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { issueCrl } from '../../../certs-example/revocation.ts'
import { Refusal } from '../../../src/errors.ts'
import { validationDataOf } from '../../../src/evidence/proofs.ts'
import { chainOfToken } from '../../../src/pdf/sign/proofs.ts'
import { examinePdf } from '../../../src/pdf/examine.ts'
import { judgePdf } from '../../../src/pdf/judge.ts'
import { signPdf, withToken, withValidationData, type SignedPdf } from '../../../src/pdf/sign/sign.ts'
import { bytesSource } from '../../../src/pdf/source.ts'
import { TAG } from '../../../src/trust/asn1/der.ts'
import { writeDer } from '../../../src/trust/asn1/write.ts'
import { readCrl } from '../../../src/trust/revocation/crl.ts'
import { knownFrom } from '../../../src/trust/revocation/known.ts'
import { readAnswer } from '../../../src/trust/time/read.ts'
import { nonceFrom, timeStampRequest } from '../../../src/trust/time/request.ts'
import { formsOf, makePdf } from '../../support/pdf.ts'
import { makeNss } from '../../support/signed-pdf.ts'
import { makeTsa } from '../../trust/time/tsa.ts'
import { agency, complaints, inFile, leader, pki, signAsLeader, SEAL_IMAGE, workers } from './world.ts'

const HOUR = 3_600_000

/** An authority, and trust that knows of nobody's revocation but what CRLs say. */
function makeWorld (t: Test) {
  const tsa = makeTsa(t)
  const crls = [...pki.crls, ...[tsa.root, tsa.sub].map((issuer) => issueCrl({ issuer, thisUpdate: new Date(Date.now() - HOUR), nextUpdate: new Date(Date.now() + 40 * 24 * HOUR) }))]
  const trust = { ...pki.trust, timeStamping: tsa.store, revocation: knownFrom(crls.map((crl) => readCrl(crl))) }
  const stamp = async (value: Buffer) => {
    const hash = createHash('sha256').update(value).digest()
    return Buffer.from(readAnswer(await tsa.answer(timeStampRequest(hash, nonceFrom(Buffer.alloc(8, 7))))).token!)
  }
  const judge = (pdf: Buffer) => judgePdf(examinePdf(bytesSource(pdf)), { trust, at: new Date() })
  /** The update that makes B-LT of a file whose last signature has this token. */
  const prove = async (pdf: Buffer, signed: SignedPdf, token: Buffer) => {
    const own = judge(Buffer.concat([pdf, signed.increment])).signatures.find(({ field }) => field === signed.field)!
    const data = validationDataOf([own, chainOfToken({ token, signatureValue: signed.signatureValue }, trust, new Date())], trust)!
    return { data, update: await withValidationData({ bytes: pdf }, signed, data, new Date(), workers) }
  }
  return { tsa, trust, stamp, judge, prove }
}

t.test('a time-stamp goes into its place, and its proofs behind it', async (t) => {
  const { tsa, stamp, judge, prove } = makeWorld(t)
  const nss = makeNss(t, pki)
  for (const [name, pdf] of [['plain', makePdf()], ['2.0', formsOf(makePdf()).get('version 2.0')!]] as const) {
    const first = await signAsLeader(pdf)
    const signed = await signPdf({ bytes: first }, { as: 'document', image: SEAL_IMAGE, over: 'lienthong-1', time: new Date() }, agency, workers)
    const token = await stamp(signed.signatureValue)
    const stamped = withToken(signed, token)
    t.equal(stamped.increment.length, signed.increment.length, 'nothing moves')
    t.equal(differing(stamped.increment, signed.increment, stamped.contents), 0, 'and only the Contents change')
    const timed = Buffer.concat([first, stamped.increment])
    t.match(judge(timed), { result: 'valid', signatures: [{ level: 'B-B' }, { level: 'B-T', proofTime: { from: 'token' } }] }, name)

    const { data, update } = await prove(first, stamped, token)
    const proved = Buffer.concat([timed, update])
    t.match(judge(proved), { result: 'valid', signatures: [{ field: 'lienthong-1' }, { field: 'lienthong-2', level: 'B-LT', later: [{ kind: 'validation-data', permitted: true }] }] }, name)
    t.strictSame([data.certificates.length, data.crls.length, data.ocsps.length], [6, 4, 0], 'two chains of three, and what their CAs say')
    t.strictSame(nss.verify(proved).map(({ integrity }) => integrity), ['Signature is Valid.', 'Signature is Valid.'])
    t.equal(complaints(proved), '')
    opensslAgrees(t, proved, tsa.folder, stamped)

    const text = update.toString('latin1')
    const contents = Buffer.from(stamped.increment.toString('latin1', stamped.contents.from + 1, stamped.contents.to - 1), 'hex')
    t.match(text, `/${createHash('sha1').update(contents).digest('hex').toUpperCase()} `, 'VRI is keyed by the Contents, padding and all')
    t.equal(/\/ESIC <<\/BaseVersion \/1\.7 \/ExtensionLevel 5>>/.test(text), name !== '2.0')
  }
})

t.test('proofs of a second signature are added to those of the first, none twice', async (t) => {
  const { stamp, judge, prove } = makeWorld(t)
  const sign = async (pdf: Buffer, signer: typeof agency, at: number) => {
    const signed = await signPdf({ bytes: pdf }, { as: 'annex', number: `${at}/TB`, time: new Date() }, signer, workers)
    const token = await stamp(signed.signatureValue)
    const stamped = withToken(signed, token)
    const { update } = await prove(pdf, stamped, token)
    return { bytes: Buffer.concat([pdf, stamped.increment, update]), update }
  }
  const one = await sign(makePdf(), leader, 1)
  const two = await sign(one.bytes, agency, 2)
  const verdict = judge(two.bytes)
  t.equal(verdict.result, 'valid', JSON.stringify(verdict.reasons))
  t.strictSame(verdict.signatures.map(({ level }) => level), ['B-LT', 'B-LT'])
  const { material } = examinePdf(bytesSource(two.bytes)) as Extract<ReturnType<typeof examinePdf>, { kind: 'read' }>
  t.strictSame([material.certificates.length, material.crls.length], [7, 4], 'of the second, only its own certificate is new')
  t.ok(two.update.length < one.update.length)
  t.equal(complaints(two.bytes), '')
})

t.test('a token that is larger than its room is refused', async (t) => {
  const signed = await signPdf({ bytes: makePdf() }, { as: 'annex', number: '1/TB', time: new Date() }, agency, workers)
  const large = writeDer(TAG.octetString, Buffer.alloc(16_000))
  t.throws(() => withToken(signed, large), new Refusal('PDF_SIGN_NO_ROOM'))
})

/** `openssl ts` and `openssl cms` on what stands in the file. */
function opensslAgrees (t: Test, pdf: Buffer, tsaFolder: string, { contents, increment, signatureValue, cms }: SignedPdf): void {
  inFile(pdf, (file) => {
    const at = (name: string, bytes: Uint8Array) => { writeFileSync(join(file, '..', name), bytes); return join(file, '..', name) }
    const place = pdf.indexOf(increment.subarray(contents.from, contents.to))
    const end = pdf.indexOf('%%EOF', place) + 6
    const covered = at('covered', Buffer.concat([pdf.subarray(0, place), pdf.subarray(place + contents.to - contents.from, end)]))
    const checked = spawnSync('openssl', ['cms', '-verify', '-binary', '-inform', 'DER', '-in', at('cms', cms), '-content', covered, '-CAfile', at('root.pem', Buffer.from(pki.root.certificate.toString())), '-purpose', 'any', '-cades', '-out', '/dev/null'], { encoding: 'utf8' })
    t.match(checked.stderr, /CAdES Verification successful|CMS Verification successful/)
    const token = cms.subarray(cms.indexOf(Buffer.from('060b2a864886f70d010910020e', 'hex')) + 13)
    const stamped = spawnSync('openssl', ['ts', '-verify', '-token_in', '-in', at('token', setContent(token)), '-digest', createHash('sha256').update(signatureValue).digest('hex'), '-CAfile', join(tsaFolder, 'root.pem'), '-untrusted', join(tsaFolder, 'chain.pem')], { encoding: 'utf8' })
    t.match(stamped.stdout, /Verification: OK/, stamped.stderr)
  })
}

/** What stands in the set that begins there: its header has four octets. */
function setContent (set: Buffer): Buffer {
  return set.subarray(4, 4 + set.readUInt16BE(2))
}

function differing (one: Buffer, other: Buffer, { from, to }: { from: number, to: number }): number {
  return Buffer.compare(one.subarray(0, from), other.subarray(0, from)) + Buffer.compare(one.subarray(to), other.subarray(to))
}
