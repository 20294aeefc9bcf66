/**
 * Signed PDFs by several programs of others, and altered copies of them: what we say beside what must be said, and beside pdfsig and `mutool sign -v`.
 * Both look at the bytes that a signature covers, and not at what was added later; every difference stands in the closed table in pdf-disagreements.ts.
 */
import { examinePdf } from '../../src/pdf/examine.ts'
import { judgePdf } from '../../src/pdf/judge.ts'
import { bytesSource } from '../../src/pdf/source.ts'
import type { PdfVerdict } from '../../src/pdf/verdict.ts'
import { ALTERATIONS } from '../support/altered-pdf.ts'
import { makeNss, makePdfPki, needsPrograms, verifyWithMutool, type PdfPki } from '../support/signed-pdf.ts'
import { makeSignedSet, type SignedFile } from '../support/signed-pdf-set.ts'
import { DISAGREEMENTS, REFUSED, type Disagreement, type Judge } from './pdf-disagreements.ts'

/** What the exam cannot do without. */
export const needsPdfPrograms = needsPrograms('pdfsig', 'certutil', 'mutool', 'qpdf', 'gs', 'java')

type Answer = 'accepted' | 'refused'

/** A file as a whole: what must be said of it, and what we say. */
export type PdfFileRow = { name: string, expected: Answer, got: Answer, codes: string[] }
/** One signature, or a file as a whole, as we and a program of others see it. */
export type PdfOpinionRow = { name: string, judge: Judge, ours: Answer, theirs: Answer, codes: string[], said: string, why?: string, certificate?: string }
export type PdfExam = { files: PdfFileRow[], opinions: PdfOpinionRow[], unmet: string[] }

/** These are altered: each kind of structure and signature once. */
const ALTERED = [
  'nss on pdfkit', 'nss leader and agency', 'signpdf pkcs7', 'pdfbox cades', 'pdfbox pss', 'pdfbox on qpdf linearised', 'pdfbox on qpdf object streams', 'pdfbox leader and agency',
  'pdfbox certified P2, filled, signed', 'itext pkcs7', 'itext token', 'itext long-term', 'itext on chromium', 'ours on qpdf linearised', 'ours behind pdfbox cades',
]

/** Makes the files, and asks everybody. */
export async function runPdfExam (t: { teardown (end: () => unknown): void }): Promise<PdfExam> {
  const pki = makePdfPki()
  const nss = makeNss(t, pki)
  const set = await makeSignedSet(t, pki)
  const cases = [
    ...set.map((file) => ({ ...file, expected: (REFUSED.some((name) => name.test(file.name)) ? 'refused' : 'accepted') as Answer })),
    ...set.filter(({ name }) => ALTERED.includes(name)).flatMap((file) => alteredCopies(file)),
    ...set.filter(({ name }) => ALTERED.includes(name)).map(({ name, bytes }) => ({ name: `${name}: signed further`, bytes: nss.sign(bytes, { nick: name.startsWith('ours on') ? 'leader' : 'agency', field: 'Further' }), expected: 'accepted' as const })),
    ...strangers(t, pki, set),
  ]
  const files: PdfFileRow[] = []
  const opinions: PdfOpinionRow[] = []
  for (const { name, bytes, expected } of cases) {
    const { verdict, ranges } = judge(bytes, pki)
    const codes = codesOf(verdict)
    const got = answerOf(verdict)
    files.push({ name, expected, got, codes })
    const own = new Map(verdict.signatures.map((signature, index) => [ranges[index]!, signature]))
    for (const { field, ranges: [, from, to], integrity, certificate } of nss.verify(bytes)) {
      // Of time-stamps over the whole document, and of empty fields, it has no opinion
      if (from === undefined || /^(Signature has not yet been verified|The signature form field)/.test(integrity)) continue
      const signature = own.get(`${from} ${to}`)
      opinions.push({ name: `${name} › ${field}`, judge: 'pdfsig', ours: signature ? answerOf(signature) : 'refused', theirs: integrity === 'Signature is Valid.' ? 'accepted' : 'refused', codes: signature ? codesOf(signature) : [...codes, ...codes.length === 0 ? ['NOT_FOUND'] : []], said: integrity, ...(certificate !== undefined && { certificate }) })
    }
    const said = verifyWithMutool(bytes).map((one) => one.said).filter((text) => text !== 'Signature is not signed.')
    const theirs = said.length > 0 && said.every((text) => /unchanged since|is valid but/.test(text)) ? 'accepted' : 'refused'
    opinions.push({ name, judge: 'mutool', ours: got, theirs, codes, said: said.join(' / ') || 'nothing' })
  }
  for (const row of opinions) {
    const why = row.ours === row.theirs ? undefined : DISAGREEMENTS.find((one) => explains(one, row))?.why
    if (why !== undefined) row.why = why
  }
  return { files, opinions, unmet: unmetBy(files, opinions) }
}

function judge (bytes: Buffer, { trust }: PdfPki): { verdict: PdfVerdict, ranges: string[] } {
  const examination = examinePdf(bytesSource(bytes))
  const verdict = judgePdf(examination, { trust, at: new Date() })
  return { verdict, ranges: examination.kind === 'read' ? examination.signatures.map(({ byteRange: [, length = 0, second = 0] }) => `${length} ${second}`) : [] }
}

function alteredCopies ({ name, bytes }: SignedFile) {
  return ALTERATIONS.flatMap(({ name: alteration, expected, alter }) => {
    const altered = alter(bytes)
    return altered ? [{ name: `${name}: ${alteration}`, bytes: altered, expected }] : []
  })
}

/** The same name in a certificate under another root, alone and behind the leader's own signature. */
function strangers (t: { teardown (end: () => unknown): void }, pki: PdfPki, set: readonly SignedFile[]) {
  const nss = makeNss(t, { ...pki, leader: pki.stranger, sub: pki.strangersRoot })
  return ['pdfbox cades', 'pdfbox form signed'].map((name) => ({ name: `${name}: signed further by a stranger`, bytes: nss.sign(set.find((file) => file.name === name)!.bytes), expected: 'refused' as const }))
}

const answerOf = ({ result }: { result: string }): Answer => result === 'valid' ? 'accepted' : 'refused'
const codesOf = ({ result, reasons }: Pick<PdfVerdict, 'result' | 'reasons'>): string[] => result === 'valid' ? [] : [...new Set(reasons.map(({ code }) => code))]

function explains ({ judges, names, code }: Disagreement, row: PdfOpinionRow): boolean {
  return judges.includes(row.judge) && names.test(row.name) && (row.ours === 'accepted' ? code === undefined : code !== undefined && row.codes[0] === code)
}

function unmetBy (files: readonly PdfFileRow[], opinions: readonly PdfOpinionRow[]): string[] {
  const differing = opinions.filter(({ ours, theirs }) => ours !== theirs)
  const demands: [string, string[]][] = [
    ['nothing wrong is accepted', files.filter(({ expected, got }) => expected === 'refused' && got === 'accepted').map(({ name }) => name)],
    ['nothing right is refused', files.filter(({ expected, got }) => expected === 'accepted' && got === 'refused').map(({ name, codes }) => `${name} [${codes.join(' ')}]`)],
    ['everything refused has a named reason', files.filter(({ got, codes }) => got === 'refused' && codes.length === 0).map(({ name }) => name)],
    ['every disagreement is explained', differing.filter(({ why }) => why === undefined).map(({ name, judge, theirs, said, codes }) => `${judge} ${theirs} (${said}): ${name} [${codes.join(' ')}]`)],
    ['NSS trusts the certificate of what both accept', opinions.filter(({ ours, theirs, certificate }) => ours === 'accepted' && theirs === 'accepted' && certificate !== undefined && certificate !== 'Certificate is Trusted.').map(({ name }) => name)],
    ['every explanation is needed', DISAGREEMENTS.flatMap((one) => one.judges.filter((judge) => !differing.some((row) => row.judge === judge && explains(one, row))).map((judge) => `${judge} ${one.code ?? ''} ${one.names}`))],
  ]
  return demands.filter(([, names]) => names.length > 0).map(([demand, names]) => `${demand}:\n      ${names.join('\n      ')}`)
}
