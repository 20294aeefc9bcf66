/**
 * Universal signature forgery, incremental saving and signature wrapping, after Mladenov, Mainka, Meyer zu Selhausen, Grothe and Schwenk, "1 Trillion Dollar Refund: How To
 * Spoof PDF Signatures" (CCS 2019).
 */
import { pdfWriter, startxrefOf } from '../../support/pdf.ts'
import { CONTENT, decision, FORGED, gapOf, INFO, LEADERS_MARK, patched, sign, signedDecision, update, type Attack, type Doc } from './world.ts'

const BROKEN = ['PDF_BROKEN'] as const
const CHANGED = ['PDF_CHANGED_AFTER_SIGNING'] as const

/** The content is forged in place, and the signature spoiled so that a verifier that finds nothing to check says nothing. */
export async function universalForgeries (): Promise<Attack[]> {
  const { bytes: twin } = await signedDecision()
  const forged = patched(twin, twin.indexOf('(Pay 1'), '(Pay 9')
  const { open, close } = gapOf(twin)
  const rangeAt = twin.lastIndexOf('/ByteRange [')
  const rangeLength = twin.indexOf(']', rangeAt) + 1 - rangeAt
  const contentsAt = open - '/Contents '.length
  const size = twin.length
  const ranges: [string, string][] = [
    ['no ByteRange', ''],
    ['a ByteRange that is null', '/ByteRange null'],
    ['a ByteRange of zeros', '/ByteRange [0 0 0 0]'],
    ['an empty ByteRange', '/ByteRange []'],
    ['a ByteRange of two numbers', `/ByteRange [0 ${size}]`],
    ['a negative ByteRange', `/ByteRange [0 -${open} ${close} ${size - close}]`],
    ['a ByteRange that begins before the file', '/ByteRange [-10 20 30 40]'],
    ['a huge ByteRange', '/ByteRange [0 1 99999999999 2]'],
    ['a ByteRange behind the end of the file', `/ByteRange [${size} 10 ${size + 10} 10]`],
    ['a ByteRange that overlaps itself', `/ByteRange [0 ${open} ${open - 100} ${size - open + 100}]`],
    ['a ByteRange that leaves out the document', `/ByteRange [0 8 ${close} ${size - close}]`],
    ['a ByteRange of reals', `/ByteRange [0.0 ${open}.0 ${close}.0 ${size - close}.0]`],
    ['a ByteRange of strings', '/ByteRange [(0) (1) (2) (3)]'],
    ['a ByteRange that is a name', '/ByteRange /All'],
    ['a ByteRange that lies elsewhere', '/ByteRange 5 0 R'],
  ]
  const contents: [string, string][] = [
    ['no Contents', ''], ['Contents that are null', '/Contents null'], ['empty Contents', '/Contents <>'], ['Contents of one zero', '/Contents <00>'],
    ['Contents of zeros', `/Contents <${'0'.repeat(close - open - 2)}>`], ['Contents that are a number', '/Contents 0'], ['Contents that are an array', '/Contents [<00>]'],
    ['Contents that lie elsewhere', '/Contents 5 0 R'], ['Contents in a string of another form', `/Contents (${'0'.repeat(close - open - 2)})`],
  ]
  const codes = ['PDF_BYTE_RANGE', 'PDF_SIGNATURE_FORM', 'PDF_BROKEN']
  return [
    ...ranges.map(([name, range]) => ({ name: `universal forgery: ${name}`, twin, attacked: patched(forged, rangeAt, range.padEnd(rangeLength)), codes, isVisible: true })),
    ...contents.map(([name, value]) => ({ name: `universal forgery: ${name}`, twin, attacked: patched(forged, contentsAt, value.padEnd(close - contentsAt)), codes, isVisible: true })),
    { name: 'universal forgery: no SubFilter', twin, attacked: patched(forged, twin.lastIndexOf('/SubFilter'), '/SubFilteX'), codes: ['PDF_SIGNATURE_KIND'], isVisible: true },
    { name: 'universal forgery: a field that holds no signature', twin, attacked: patched(forged, twin.lastIndexOf('/V '), '/X '), codes: ['PDF_UNSIGNED'], isVisible: true },
  ]
}

/** The signed file stays as it is, and something is put behind it. */
export async function incrementalSavings (): Promise<Attack[]> {
  const signed = await signedDecision()
  const { bytes: twin } = signed
  const object = `${CONTENT} 0 obj\n<< /Length ${FORGED.data.length} >>\nstream\n${FORGED.data}\nendstream\nendobj\n`
  const append = (text: string): Buffer => Buffer.concat([twin, Buffer.from(text, 'latin1')])
  const dictionary = twin.toString('latin1', twin.lastIndexOf('<< /Type /Sig '), gapOf(twin).close + ' >>'.length)
  const number = Number(Object.keys(signed.objects).find((key) => String(signed.objects[Number(key)]).startsWith('<< /Type /Sig ')))
  return [
    { name: 'incremental saving: a page', twin, attacked: update(signed, { [CONTENT]: FORGED }).bytes, codes: CHANGED, detail: /object 5 changed/, isVisible: true },
    { name: 'incremental saving: without cross-reference and trailer', twin, attacked: append(object), codes: BROKEN, isVisible: false },
    { name: 'incremental saving: a trailer alone', twin, attacked: append(`${object}trailer\n<< /Root 1 0 R /Size 20 >>\n`), codes: BROKEN, isVisible: false },
    { name: 'incremental saving: a trailer and a marker', twin, attacked: append(`${object}trailer\n<< /Root 1 0 R /Size 20 >>\n%%EOF\n`), codes: BROKEN, isVisible: false },
    { name: 'incremental saving: a startxref that leads nowhere, so that viewers repair', twin, attacked: update(signed, { [CONTENT]: FORGED }, { startxref: 99_999_999 }).bytes, codes: BROKEN, isVisible: true },
    { name: 'incremental saving: a cross-reference that viewers repair', twin, attacked: append(`${object}xref\n5 1\nnonsense\ntrailer\n<< /Root 1 0 R /Size 20 >>\nstartxref\n${twin.length + object.length}\n%%EOF\n`), codes: BROKEN, isVisible: true },
    { name: 'incremental saving: the old startxref behind new objects', twin, attacked: append(`${object}startxref\n${startxrefOf(twin)}\n%%EOF\n`), codes: BROKEN, isVisible: false },
    { name: 'incremental saving: with a copy of the signature', twin, attacked: update(signed, { [CONTENT]: FORGED, [number]: dictionary }).bytes, codes: CHANGED, detail: /object 5 changed/, isVisible: true },
    {
      name: 'incremental saving: objects that no cross-reference lists, before a harmless update', twin, codes: CHANGED, detail: /belong to no object/, isVisible: false,
      attacked: pdfWriter(twin).raw(object).object(INFO, '<< /Title (Decision) >>').table({ trailer: '/Root 1 0 R /Info 6 0 R', prev: startxrefOf(twin), size: 20 }).bytes(),
    },
  ]
}

/** The second signed part is moved to the end of the file, and what was not signed is put between the parts. */
export async function wrappings (): Promise<Attack[]> {
  const signed = await signedDecision()
  const rangeLast = await sign(decision(), { shows: LEADERS_MARK, rangeLast: true })
  return [
    { name: 'wrapping: a second ByteRange among the padding', twin: signed.bytes, attacked: wrapped(signed), codes: BROKEN, isVisible: true },
    { name: 'wrapping: a ByteRange instead of the signed one', twin: rangeLast.bytes, attacked: wrapped(rangeLast), codes: BROKEN, isVisible: true },
    { name: 'wrapping: a gap beside the value', twin: signed.bytes, attacked: withGap(signed), codes: ['PDF_BYTE_RANGE'], isVisible: false },
  ]
}

/** Forged objects and their cross-reference, which stands where the signed `startxref` leads. */
function wrapped ({ bytes, objects }: Doc): Buffer {
  const { open, close } = gapOf(bytes)
  const xref = startxrefOf(bytes)
  const second = bytes.subarray(close)
  const moved = xref + 2000
  const writer = pdfWriter(bytes.subarray(0, open))
  for (const [number, offset] of offsetsIn(bytes)) if (offset < open) writer.list(number, { offset })
  writer.raw(`<${valueIn(bytes)}> /ByteRange [0 ${open} ${moved} ${second.length}] >>\nendobj\n`)
  for (const [number, offset] of offsetsIn(bytes)) if (offset > close) writer.object(number, objects[number]!)
  writer.object(CONTENT, FORGED)
  if (writer.length > xref) throw new Error('no room for what is put in')
  writer.raw(' '.repeat(xref - writer.length)).table({ trailer: '/Root 1 0 R /Info 6 0 R', size: 20 })
  return writer.raw(' '.repeat(moved - writer.length)).raw(second).bytes()
}

/** Offsets of the objects in a file, the last one of each. */
function offsetsIn (bytes: Buffer): Map<number, number> {
  return new Map(Array.from(bytes.toString('latin1').matchAll(/^(\d+) 0 obj$/gm), ({ 1: number, index }) => [Number(number), index]))
}

/** A value that is shorter than its gap, with room behind it that nobody signed. */
function withGap ({ bytes }: Doc): Buffer {
  const { open, close } = gapOf(bytes)
  return patched(bytes, open, `<${valueIn(bytes)}> /Reason (Not signed)`.padEnd(close - open))
}

/** The digits of the value without the zeros behind it. */
function valueIn (bytes: Buffer): string {
  const { open, close } = gapOf(bytes)
  return bytes.toString('latin1', open + 1, close - 1).replace(/(?:00)*$/, '')
}
