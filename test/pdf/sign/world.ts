/** Leaders and agencies that sign, and programs of others that look at the result. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { examinePdf } from '../../../src/pdf/examine.ts'
import { judgePdf } from '../../../src/pdf/judge.ts'
import { prepareSignature } from '../../../src/pdf/sign/prepare.ts'
import type { PdfSignatureRequest } from '../../../src/pdf/sign/request.ts'
import { signPdf, type SigningWorkers } from '../../../src/pdf/sign/sign.ts'
import { prepareValidationData } from '../../../src/pdf/sign/validation-data.ts'
import { bytesSource, joinedSource, type PdfInput } from '../../../src/pdf/source.ts'
import type { PdfVerdict } from '../../../src/pdf/verdict.ts'
import { signerFromKey } from '../../../src/trust/signers/key.ts'
import { agencySeal, leaderSignature } from '../../support/drawn-images.ts'
import { makePdfPki } from '../../support/signed-pdf.ts'

export const pki = makePdfPki()
export const leader = signerFromKey(pki.leader.keys.privateKey, [pki.leader.certificate, pki.sub.certificate])
export const agency = signerFromKey(pki.agency.keys.privateKey, [pki.agency.certificate, pki.sub.certificate])

export const SIGNATURE_IMAGE = { png: leaderSignature(), widthMm: 50 }
export const SEAL_IMAGE = { png: agencySeal(), widthMm: 36 }

/** What the workers do, in this thread. */
export const workers: SigningWorkers = {
  prepareSignature: async (input, request) => prepareSignature(sourceOf(input), request),
  prepareValidationData: async (input, signed, request) => prepareValidationData(joinedSource(sourceOf(input), signed), request),
}

function sourceOf (input: PdfInput) {
  if ('path' in input) throw new Error('in memory, please')
  return bytesSource(input.bytes)
}

/** The leader's signature with its image. Its field is `lienthong-1`, like all that we add. */
export async function signAsLeader (pdf: Buffer, place: { page?: number, left?: number, bottom?: number } = {}): Promise<Buffer> {
  const { increment } = await signPdf({ bytes: pdf }, { as: 'document', image: SIGNATURE_IMAGE, at: { page: 1, left: 330, bottom: 200, ...place }, time: new Date() }, leader, workers)
  return Buffer.concat([pdf, increment])
}

/** The agency's seal over the signature in this field. */
export async function sealDocument (pdf: Buffer, change: Partial<Extract<PdfSignatureRequest, { as: 'document' }>> = {}): Promise<Buffer> {
  const { increment } = await signPdf({ bytes: pdf }, { as: 'document', image: SEAL_IMAGE, over: 'lienthong-1', time: new Date(), ...change }, agency, workers)
  return Buffer.concat([pdf, increment])
}

/** Our own verdict, now. */
export function judge (pdf: Uint8Array): PdfVerdict {
  return judgePdf(examinePdf(bytesSource(pdf)), { trust: pki.trust, at: new Date() })
}

/** What qpdf and MuPDF complain about; empty when they do not. */
export function complaints (pdf: Buffer): string {
  return inFile(pdf, (file) => {
    const checked = spawnSync('qpdf', ['--check', file], { encoding: 'utf8' })
    const drawn = spawnSync('mutool', ['draw', '-q', '-o', join(file, '../page-%d.png'), '-r', '20', file], { encoding: 'utf8' })
    return [checked.status === 0 ? '' : checked.stderr.replaceAll(file, 'file'), drawn.status === 0 ? drawn.stderr.replace('warning: ICC support is not available\n', '') : `mutool ${drawn.status} ${drawn.stderr}`].join('').trim()
  })
}

/** The text of a file, as poppler finds it. */
export function textOf (pdf: Buffer): string {
  return inFile(pdf, (file) => execFileSync('pdftotext', [file, '-'], { encoding: 'utf8' }))
}

export function inFile<Result> (pdf: Uint8Array, work: (file: string) => Result): Result {
  const folder = mkdtempSync(join(tmpdir(), 'lienthong-sign-'))
  try {
    writeFileSync(join(folder, 'file.pdf'), pdf)
    return work(join(folder, 'file.pdf'))
  } finally {
    rmSync(folder, { recursive: true })
  }
}
