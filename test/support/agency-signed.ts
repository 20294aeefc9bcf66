/** PDFs that carry the signature of an example agency, or of whoever has a key. */
import { prepareSignature } from '../../src/pdf/sign/prepare.ts'
import { signPdf } from '../../src/pdf/sign/sign.ts'
import { bytesSource } from '../../src/pdf/source.ts'
import { signerFromPem } from '../../src/trust/signers/pem.ts'
import { A, organisation } from './gateway.ts'
import { makePdf, pagesOf } from './pdf.ts'

const inThisThread = {
  prepareSignature: async (input: { bytes: Uint8Array } | { path: string }, request: Parameters<typeof prepareSignature>[1]) => {
    if ('path' in input) throw new Error('bytes, please')
    return prepareSignature(bytesSource(input.bytes), request)
  },
  prepareValidationData: () => { throw new Error('not here') },
}

/** The file with one more signature of these keys, level B-B; in an empty field that it has, if one is named. */
export async function withSignature (pdf: Buffer, keys: { key: string, certificates: string } = organisation(A.key), { time = new Date(), bottom = 700, field }: { time?: Date, bottom?: number, field?: string } = {}): Promise<Buffer> {
  const { increment } = await signPdf({ bytes: pdf }, { as: 'annex', number: '12/VP-KSTT', time, field, ...field === undefined && { at: { page: 1, left: 300, bottom } } }, signerFromPem(keys), inThisThread)
  return Buffer.concat([pdf, increment])
}

/** A document of one page, signed by each of these in turn: sender A alone by default. */
export async function agencySigned (...names: string[]): Promise<Buffer> {
  let pdf = makePdf(pagesOf('Cong van'))
  for (const [index, name] of (names.length > 0 ? names : [A.key]).entries()) pdf = await withSignature(pdf, organisation(name), { bottom: 600 - 100 * index })
  return pdf
}
