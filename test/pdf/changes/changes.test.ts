import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { LaterChange } from '../../../src/pdf/examination.ts'
import { examinePdf } from '../../../src/pdf/examine.ts'
import { bytesSource } from '../../../src/pdf/source.ts'
import { updatesAfter } from '../../../src/pdf/changes/changes.ts'
import { Budget } from '../../../src/pdf/reader/budget.ts'
import { openRevision, revisionEnds } from '../../../src/pdf/reader/revision.ts'
import { pdfWriter, startxrefOf, updateOf, writeLargePdf, type Objects } from '../../support/pdf.ts'
import {
  agency, CATALOG, CERTIFIED, CONTENT, decision, filled, INFO, judge, LEADERS_MARK, nextOf, PAGE, sign, signatureDictionary, signedDecision, update, type Doc, type SignOptions,
} from '../attacks/world.ts'

/** What the first signature says of the updates after it. */
function later ({ bytes }: Doc): LaterChange[] {
  const examined = examinePdf(bytesSource(bytes))
  return examined.kind === 'read' ? examined.signatures[0]!.later : []
}

const kinds = (doc: Doc) => later(doc).map(({ kind, permitted }) => `${kind}${permitted ? '' : ' not permitted'}`)
const details = (doc: Doc) => later(doc).filter(({ permitted }) => !permitted).map(({ detail }) => detail)
const formOf = ({ objects }: Doc) => Number(/\/AcroForm (\d+) 0 R/.exec(objects[CATALOG] as string)![1])
const withEntries = ({ objects }: Doc, number: number, entries: string): Objects => ({ [number]: (objects[number] as string).replace(/ >>$/, ` ${entries} >>`) })
const agencys: SignOptions = { signer: agency, name: 'Agency', rect: '200 40 320 80', shows: '0.3 g 0 0 60 30 re f' }

t.test('a signature of somebody else is a further signature', async (t) => {
  const two = await sign(await signedDecision(), agencys)
  t.same(later(two), [{ revision: 3, kind: 'signature', permitted: true, detail: 'field Agency' }])
  t.equal(judge(two.bytes).result, 'valid')
  const packed = await sign(await sign(decision({}, { xref: 'stream', compressed: [2, 3, 4, INFO] })), agencys)
  t.same(kinds(packed), ['signature'], 'with cross-reference streams too')
})

t.test('validation data may come and grow', async (t) => {
  const signed = await signedDecision()
  const dss = nextOf(signed)
  const one = update(signed, { ...withEntries(signed, CATALOG, `/DSS ${dss} 0 R`), [dss]: `<< /Certs [${dss + 1} 0 R] >>`, [dss + 1]: { data: 'certificate' } })
  t.same(kinds(one), ['validation-data'])
  const two = update(one, { [dss]: `<< /Certs [${dss + 1} 0 R] /CRLs [${dss + 2} 0 R] >>`, [dss + 2]: { data: 'list' } })
  t.same(kinds(two), ['validation-data', 'validation-data'])
  t.equal(judge(two.bytes).result, 'valid')
})

t.test('statements about the document that no page shows may change', async (t) => {
  const signed = await sign(decision({ [CATALOG]: '<< /Type /Catalog /Pages 2 0 R /Metadata 7 0 R >>', 7: { entries: '/Type /Metadata /Subtype /XML', data: '<x/>' } }))
  t.same(kinds(update(signed, { [INFO]: '<< /Title (Decision) /ModDate (D:20260601) >>' })), ['metadata'], 'Info')
  t.same(kinds(update(signed, { 20: '<< /Title (Other) >>' }, { trailer: '/Root 1 0 R /Info 20 0 R' })), ['metadata'], 'another Info')
  t.same(kinds(update(signed, { 7: { entries: '/Type /Metadata /Subtype /XML', data: '<y/>' } })), ['metadata'], 'XMP')
  t.same(kinds(update(signed, withEntries(signed, CATALOG, '/Version /2.0 /Extensions << /ESIC << /BaseVersion /1.7 /ExtensionLevel 1 >> >>'))), ['metadata', 'metadata'], 'version and extensions')
  t.same(kinds(update(signed, withEntries(signed, CATALOG, '/Version /1.2'))), ['metadata'], 'a version says nothing of what is shown')
})

t.test('what is shown is no statement about the document, whatever else refers to it', async (t) => {
  const shared = await sign(decision({ [CATALOG]: '<< /Type /Catalog /Pages 2 0 R /Metadata 5 0 R >>' }))
  t.same(details(update(shared, { [CONTENT]: { data: 'BT ET' } })), ['object 5 changed'])
  const dss = await sign(decision({ [CATALOG]: '<< /Type /Catalog /Pages 2 0 R /DSS << /Certs [3 0 R] >> >>' }))
  t.same(details(update(dss, { 3: '<< /Type /Font /Subtype /Type1 /BaseFont /Courier >>' })), ['object 3 changed'])
})

t.test('what says the same in other bytes has not changed', async (t) => {
  const signed = await signedDecision()
  t.same(later(update(signed, { [PAGE]: signed.objects[PAGE]!, [CONTENT]: signed.objects[CONTENT]!, 3: signed.objects[3]! })), [], 'objects written again')
  t.same(later(update(signed, { [PAGE]: (signed.objects[PAGE] as string).replace('[0 0 400 300]', '[0.0 0 400.00 300]') })), [], 'numbers')
  t.same(later(update(signed, { [PAGE]: (signed.objects[PAGE] as string).replace('[0 0 400 300]', '30 0 R'), 30: '[0 0 400 300]' })), [], 'a value that became an object')
  const above = await sign(decision({ 2: '<< /Type /Pages /Kids [4 0 R] /Count 1 /MediaBox [0 0 400 300] >>', [PAGE]: '<< /Type /Page /Parent 2 0 R /Resources << /Font << /F1 3 0 R >> >> /Contents 5 0 R >>' }))
  t.same(later(update(above, withEntries(above, PAGE, '/MediaBox [0 0 400 300] /Tabs /S'))), [], 'what a page inherits, written down in it')
  t.same(details(update(above, withEntries(above, PAGE, '/MediaBox [0 0 400 200]'))), ['object 4: page /MediaBox'], 'another one is a change')
  t.same(details(update(above, withEntries(above, PAGE, '/MediaBox null'))), ['object 4: page /MediaBox'], 'null hides from some viewers what a page inherits')
})

t.test('objects that nothing refers to are nobody\'s concern, unless something waits for them', async (t) => {
  const signed = await sign(decision({ 7: '<< /Unused true >>', [PAGE]: '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 400 300] /Resources << /Font << /F1 3 0 R /F2 30 0 R >> >> /Contents 5 0 R >>' }))
  t.same(later(update(signed, { 50: '<< >>' })), [])
  t.same(later(update(signed, {}, { free: [7] })), [])
  t.same(details(update(signed, { 30: '<< /Type /Font /Subtype /Type1 /BaseFont /Courier >>' })), ['object 30, which was missing where it was referred to'])
})

t.test('an empty field may be prepared for the next signer where nothing shows it, and signed', async (t) => {
  const signed = await signedDecision()
  const [widget, form] = [nextOf(signed), formOf(signed)]
  const prepared = update(signed, {
    [widget]: `<< /Type /Annot /Subtype /Widget /FT /Sig /T (Agency) /Rect [0 0 0 0] /P 4 0 R /F 132 >>`,
    [form]: (signed.objects[form] as string).replace(']', ` ${widget} 0 R]`), [PAGE]: (signed.objects[PAGE] as string).replace(/(\/Annots \[[^\]]*)\]/, `$1 ${widget} 0 R]`),
  })
  t.same(later(prepared), [{ revision: 3, kind: 'signature', permitted: true, detail: 'empty field Agency' }])
  const placed = { ...prepared, objects: { ...prepared.objects, [widget]: (prepared.objects[widget] as string).replace('[0 0 0 0]', '[200 40 320 80]') } }
  t.match(details(update(signed, { [widget]: placed.objects[widget]!, [form]: prepared.objects[form]!, [PAGE]: prepared.objects[PAGE]! })), [/form \/Fields/, /shows something without a signature/, /page \/Annots/])
  const waiting = update(prepared, withEntries(placed, widget, `/V ${widget + 1} 0 R /AP << /N ${widget + 2} 0 R >>`))
  const [signature, appearance] = [{ [widget + 1]: signatureDictionary() }, { [widget + 2]: { entries: '/Type /XObject /Subtype /Form /BBox [0 0 120 40]', data: LEADERS_MARK } }]
  const filledIn = await filled(update(prepared, { [widget]: waiting.objects[widget]!, ...signature, ...appearance }), agency)
  t.same(kinds(filledIn), ['signature', 'signature'])
  t.equal(judge(filledIn.bytes).result, 'valid')
  t.match(details(update(prepared, { ...withEntries(prepared, widget, `/AP << /N ${widget + 2} 0 R >>`), ...appearance })), [/changed without being signed/], 'it shows nothing before it is signed')
  t.match(details(update(signed, { ...withEntries(prepared, widget, '/AP << /N 5 0 R >>'), [form]: prepared.objects[form]!, [PAGE]: prepared.objects[PAGE]! })), [/form \/Fields/, /shows something without a signature/, /page \/Annots/])
})

t.test('a document time-stamp must show nothing, as anybody can have one', async (t) => {
  const signed = await signedDecision()
  const stamp: SignOptions = { name: 'Time', subFilter: 'ETSI.RFC3161', dictionary: '' }
  t.same(kinds(await sign(signed, { ...stamp, rect: '0 0 0 0' })), ['document-time-stamp'])
  t.match(details(await sign(signed, { ...stamp, shows: LEADERS_MARK })), [/form \/Fields/, /a document time-stamp that shows something/, /page \/Annots/])
})

t.test('a new field is a signature field of its own', async (t) => {
  const signed = await signedDecision()
  t.match(details(await sign(signed, { ...agencys, name: 'Leader' })).join(), /a field of a name that is there already/)
  t.match(details(await sign(signed, { ...agencys, field: ' /AA << /E << /S /JavaScript /JS (app.alert\\(1\\)) >> >>' })).join(), /a new field with an action/)
})

const FORM: Objects = {
  [CATALOG]: '<< /Type /Catalog /Pages 2 0 R /AcroForm 7 0 R >>', 7: '<< /Fields [8 0 R] /DR << /Font << /F1 3 0 R >> >> /DA (/F1 24 Tf 0 g) >>',
  [PAGE]: '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 400 300] /Resources << /Font << /F1 3 0 R >> >> /Contents 5 0 R /Annots [8 0 R] >>',
  8: '<< /Type /Annot /Subtype /Widget /FT /Tx /T (amount) /Rect [40 100 360 150] /F 4 /P 4 0 R /AP << /N 9 0 R >> >>',
  9: { entries: '/Type /XObject /Subtype /Form /BBox [0 0 320 50] /Resources << >>', data: '' },
}
const FILLED: Objects = { 8: (FORM[8] as string).replace('/T', '/V (1 000) /T'), 9: { entries: '/Type /XObject /Subtype /Form /BBox [0 0 320 50] /Resources << >>', data: '0 g 0 0 10 10 re f' } }

t.test('forms may be filled in where the document is certified for it, and no lock says otherwise', async (t) => {
  for (const [level, expected] of [[1, 'form-fill not permitted'], [2, 'form-fill'], [3, 'form-fill']] as const) {
    t.same(kinds(update(await sign(decision(FORM), CERTIFIED(level)), FILLED)), [expected], `P ${level}`)
  }
  t.same(kinds(update(await sign(decision(FORM)), FILLED)), ['form-fill not permitted'], 'nobody certified it')
  const locked = (lock: string) => sign(decision(FORM), { ...CERTIFIED(2), field: ` /Lock << /Type /SigFieldLock ${lock} >>` })
  t.same(kinds(update(await locked('/Action /All'), FILLED)), ['form-fill not permitted'], 'all fields locked')
  t.same(kinds(update(await locked('/Action /Include /Fields [(amount)]'), FILLED)), ['form-fill not permitted'], 'this field locked')
  t.same(kinds(update(await locked('/Action /Include /Fields [(other)]'), FILLED)), ['form-fill'], 'another field locked')
  t.same(kinds(update(await locked('/Action /Exclude /Fields [(amount)]'), FILLED)), ['form-fill'], 'all but this field locked')
  const certified = await sign(decision(FORM), CERTIFIED(3))
  t.same(details(update(certified, { 8: (FORM[8] as string).replace('[40 100', '[40 10') })), ['object 8: field amount /Rect'], 'a field stays where it is')
  t.same(later(update(certified, { 8: (FORM[8] as string).replace('/T', '/Ff 1 /T') })), [], 'a field may be made read-only')
  t.same(kinds(await sign(update(certified, FILLED), agencys)), ['form-fill', 'signature'], 'and signed')
})

t.test('a signature that stands on no page is kept as well', async (t) => {
  const two = await sign(await signedDecision(), agencys)
  const off = await sign(two, { name: 'Third', rect: '0 0 0 0', also: () => ({ [PAGE]: two.objects[PAGE]! }) })
  const widget = nextOf(two)
  t.same(details(off), [])
  t.same(details(update(off, { [widget]: (off.objects[widget] as string).replace(/\/V \d+ 0 R/, '') })), [`object ${widget}: field Third /V`])
  t.same(details(update(off, {}, { free: [widget] })), [`object ${widget} removed`])
})

t.test('the length of an object stream is part of what is in it', async (t) => {
  const base = decision({}, { xref: 'stream' })
  const inner = '2 0 << /Type /Pages /Kids [4 0 R] /Count 1 >>'
  const writer = pdfWriter(base.bytes).object(20, { entries: '/Type /ObjStm /N 1 /First 4 /Length 21 0 R', data: inner }).object(21, String(inner.length)).list(2, { stream: 20, index: 0 })
  const packed = await sign({ ...base, bytes: writer.stream(22, { trailer: '/Root 1 0 R /Info 6 0 R', prev: startxrefOf(base.bytes), size: 23 }).bytes() })
  t.match(judge(packed.bytes).result, 'valid')
  t.not(judge(update(packed, { 21: String(inner.length - 1) }).bytes).result, 'valid')
})

t.test('what fields are drawn with may grow, where none can look different by it', async (t) => {
  const added = (doc: Doc, entries: string) => update(doc, { 7: `<< /Fields [8 0 R ${/\d+ 0 R\]/.exec(doc.objects[7] as string)![0]} /SigFlags 3 ${entries} >>`, 30: '<< /Type /Font /Subtype /Type1 /BaseFont /Courier >>' })
  const withFonts = await sign(decision(FORM), CERTIFIED(2))
  t.same(later(added(withFonts, '/DR << /Font << /F1 3 0 R /Helv 30 0 R >> /XObject << /FRM 30 0 R >> >> /DA (/F1 24 Tf 0 g)')), [])
  t.same(details(added(withFonts, '/DR << /Font << /F1 30 0 R >> >> /DA (/F1 24 Tf 0 g)')), ['form /DR'], 'another font under the same name')
  t.same(details(added(withFonts, '/DR << /Font << /F1 3 0 R >> >> /DA (/F1 12 Tf 0 g)')), ['form /DA'], 'another default')
  const waiting = await sign(decision({ ...FORM, 7: '<< /Fields [8 0 R] /DA (/H#65lv 24 Tf 0 g) >>' }))
  t.same(details(added(waiting, '/DR << /Font << /Helv 30 0 R >> >> /DA (/H#65lv 24 Tf 0 g)')), ['form /DR'], 'a font that a field waits for')
})

t.test('a signature that certifies may come later, once', async (t) => {
  const certified = await sign(await signedDecision(), { ...agencys, ...CERTIFIED(2) })
  t.same(kinds(certified), ['signature', 'signature'])
  const first = await sign(decision(), CERTIFIED(2))
  t.match(details(await sign(first, { ...agencys, also: ({ signature }) => ({ 40: `<< /DocMDP ${signature} 0 R >>` }) })), [/object 40 changed/])
})

t.test('a document of many pages is walked once, and each update costs what it touches', (t) => {
  const folder = t.testdir()
  const path = join(folder, 'large.pdf')
  writeLargePdf(path, { pages: 2000, bytes: 200_000 })
  const spentOn = (updates: number): number => {
    const bytes = Array.from({ length: updates }).reduce<Buffer>((pdf, _, index) => updateOf(pdf, { [10_000 + index]: '<< /Unused true >>' }), readFileSync(path))
    const [source, budget] = [bytesSource(bytes), new Budget()]
    const made = updatesAfter(revisionEnds(source, budget).map((end) => openRevision(source, end, budget)))
    t.equal(made.length, updates)
    return budget.spent.steps
  }
  const [none, one, four] = [spentOn(0), spentOn(1), spentOn(4)]
  t.ok(four - one < (one - none) / 10, `${none}, ${one}, ${four} steps`)
  t.end()
})
