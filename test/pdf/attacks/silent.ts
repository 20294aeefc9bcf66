/** Updates that seem to say nothing, or nothing that is shown: some viewer makes something of them all the same. */
import { flate, pdfWriter, startxrefOf, updateOf, type Objects } from '../../support/pdf.ts'
import { CATALOG, CERTIFIED, CONTENT, decision, FORGED, INFO, LEADERS_MARK, nextOf, PAGE, PAGES, sign, signedDecision, update, type Attack, type Doc, type SignOptions } from './world.ts'

const CODES = ['PDF_CHANGED_AFTER_SIGNING'] as const
const COVER = '1 g 0 200 400 60 re f 0 g BT /F1 24 Tf 40 220 Td (Pay 9 000 VND) Tj ET'
const form = (data: string) => ({ entries: '/Type /XObject /Subtype /Form /BBox [0 0 400 300] /Resources << /Font << /F1 3 0 R >> >>', data })
const withEntries = ({ objects }: Doc, number: number, entries: string): Objects => ({ [number]: (objects[number] as string).replace(/ >>$/, ` ${entries} >>`) })
const formOf = ({ objects }: Doc): number => Number(/\/AcroForm (\d+) 0 R/.exec(objects[CATALOG] as string)![1])

/** Annotations that viewers draw without an appearance, called empty signature fields. */
export async function falseFields (): Promise<Attack[]> {
  const signed = await signedDecision()
  const [field, list] = [nextOf(signed), formOf(signed)]
  const attack = (name: string, entries: string, detail: RegExp, isVisible = true): Attack => ({
    name: `false field: ${name}`, twin: signed.bytes, codes: CODES, detail, isVisible,
    attacked: update(signed, {
      [list]: (signed.objects[list] as string).replace(/(\/Fields \[[^\]]*)\]/, `$1 ${field} 0 R]`),
      [PAGE]: (signed.objects[PAGE] as string).replace(/(\/Annots \[[^\]]*)\]/, `$1 ${field} 0 R]`),
      [field]: `<< /Type /Annot /FT /Sig /T (Empty) /Rect [0 200 400 300] /F 4 ${entries} >>`,
    }).bytes,
  })
  return [
    attack('a square', '/Subtype /Square /C [1 1 1] /IC [1 1 1]', /of another kind/),
    attack('free text', '/Subtype /FreeText /DA (/Helv 24 Tf 0 g) /Contents (Pay 9 000 VND) /C [1 1 1]', /of another kind/),
    attack('a thick line', '/Subtype /Line /L [0 220 400 230] /C [0 0 0] /BS << /W 50 >>', /of another kind/),
    attack('a highlight', '/Subtype /Highlight /C [0 0 0] /QuadPoints [0 300 400 300 0 200 400 200]', /of another kind/),
    attack('a widget with a thick border, which MuPDF draws', '/Subtype /Widget /C [0 0 0] /BS << /W 30 >>', /shows something/, false),
  ]
}

/** Null hides from pdfium what a page inherits; a reference that leads nowhere hides it from MuPDF, and lets poppler look for objects that nobody listed. */
export async function nothings (): Promise<Attack[]> {
  const inheriting = await sign(decision({
    [PAGES]: '<< /Type /Pages /Kids [4 0 R] /Count 1 /Resources << /Font << /F1 3 0 R >> /XObject << /X 7 0 R >> >> >>', 7: form(COVER),
    [PAGE]: '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 400 300] /Contents 5 0 R >>', [CONTENT]: { data: 'BT /F1 24 Tf 40 220 Td (Pay 1 000 VND) Tj ET /X Do' },
  }), { shows: LEADERS_MARK })
  const prepared = await withDecoy()
  const { bytes: twin } = prepared
  const inherited = (value: string): Attack => ({
    name: `nothing: Resources that are ${value}`, twin: inheriting.bytes, attacked: update(inheriting, withEntries(inheriting, PAGE, `/Resources ${value}`)).bytes, codes: CODES, detail: /page \/Resources/, isVisible: false,
  })
  const missing = /which is missing/
  return [
    inherited('null'), inherited('99 0 R'),
    { name: 'nothing: the catalog refers to what is missing', twin, attacked: update(prepared, withEntries(prepared, CATALOG, '/OCProperties 99 0 R')).bytes, codes: CODES, detail: missing, isVisible: true },
    { name: 'nothing: an Info that is missing', twin, attacked: update(prepared, {}, { trailer: '/Root 1 0 R /Info 99 0 R' }).bytes, codes: CODES, detail: missing, isVisible: true },
    { name: 'nothing: an Info that goes', twin, attacked: update(prepared, {}, { free: [INFO] }).bytes, codes: CODES, detail: missing, isVisible: true },
    { name: 'nothing: a part of Info that goes', twin, attacked: update(prepared, { [INFO]: '<< /Title 99 0 R >>' }).bytes, codes: CODES, detail: missing, isVisible: false },
    { name: 'nothing: a cross-reference behind a comment, so that MuPDF repairs', twin, attacked: updated(twin, '%\nxref\n6 1\n'), codes: ['PDF_BROKEN'], isVisible: false },
    { name: 'nothing: a subsection with spaces behind its numbers, so that MuPDF repairs', twin, attacked: updated(twin, 'xref\n6 1   \n'), codes: ['PDF_BROKEN'], isVisible: false },
    { name: 'nothing: a startxref with a NUL behind it, so that poppler repairs', twin, attacked: withNul(updateOf(twin, { [INFO]: '<< /Title (Decision) >>' })), codes: ['PDF_BROKEN'], isVisible: true },
    { name: 'nothing: an object of a number so high that pdfium repairs', twin, attacked: updateOf(twin, { 4_194_304: '<< >>' }), codes: ['PDF_TOO_COMPLEX'], isVisible: false },
  ]
}

function withNul (bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes)
  copy[copy.lastIndexOf('startxref') + 'startxref'.length] = 0
  return copy
}

/** A signed decision that holds another content, which no cross-reference lists, behind its own. */
function withDecoy (): Promise<Doc> {
  const base = decision()
  const writer = pdfWriter(Buffer.from('%PDF-1.7\n%\xe2\xe3\xcf\xd3\n', 'latin1')).objects(base.objects)
  writer.raw(`${CONTENT} 0 obj\n<< /Length ${FORGED.data.length} >>\nstream\n${FORGED.data}\nendstream\nendobj\n`)
  return sign({ ...base, bytes: writer.table({ trailer: '/Root 1 0 R /Info 6 0 R' }).bytes() }, { shows: LEADERS_MARK })
}

/** A harmless update of Info, whose table begins like this. */
function updated (bytes: Buffer, head: string): Buffer {
  return Buffer.from(updateOf(bytes, { [INFO]: '<< /Title (Decision) >>' }).toString('latin1').replace(/xref\n6 1\n(?![^]*xref\n6 1\n)/, head), 'latin1')
}

/** Numbers that are equal, of which poppler knows one only. */
export async function numbers (): Promise<Attack[]> {
  const hidden = (flags: string, objects: Objects = {}) => sign(decision({
    [PAGE]: '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 400 300] /Resources << /Font << /F1 3 0 R >> >> /Contents 5 0 R /Annots [8 0 R] >>',
    8: `<< /Type /Annot /Subtype /Stamp /Rect [0 0 400 300] /F ${flags} /AP << /N 9 0 R >> >>`, 9: form(COVER), ...objects,
  }), { shows: LEADERS_MARK })
  const direct = await hidden('2')
  const apart = await hidden('10 0 R', { 10: '2' })
  const flags = (value: string) => (direct.objects[8] as string).replace('/F 2', `/F ${value}`)
  return [
    { name: 'numbers: a flag with a point', twin: direct.bytes, attacked: update(direct, { 8: flags('2.0') }).bytes, codes: ['PDF_BROKEN'], isVisible: true },
    { name: 'numbers: a flag that becomes an object', twin: direct.bytes, attacked: update(direct, { 8: flags('30 0 R'), 30: '2.0' }).bytes, codes: CODES, detail: /object 8 changed/, isVisible: true },
    { name: 'numbers: a flag that is an object', twin: apart.bytes, attacked: update(apart, { 10: '2.0' }).bytes, codes: CODES, detail: /object 10 changed/, isVisible: true },
  ]
}

/** A cross-reference stream and an object stream that poppler does not read: it looks for objects itself then. */
export async function streams (): Promise<Attack[]> {
  const doc = decision({ 7: '<< /Type /Pages /Kids [8 0 R] /Count 1 >>', 8: '<< /Type /Page /Parent 7 0 R /MediaBox [0 0 400 300] /Resources << /Font << /F1 3 0 R >> >> /Contents 9 0 R >>', 9: FORGED }, { xref: 'stream' })
  const signed = await sign(doc, { shows: LEADERS_MARK })
  const { bytes: twin } = signed
  const [number, catalog, prev] = [nextOf(signed), signed.objects[CATALOG] as string, startxrefOf(twin)]
  const trailer = { trailer: '/Root 1 0 R /Info 6 0 R', prev, size: number + 2 }
  const other = `${catalog.replace('/Pages 2', '/Pages 7')} `
  const head = `1 ${other.length} `
  const first = pdfWriter(twin).list(CATALOG, { stream: number, index: 0 }).object(number, flate(`${head}${other}${catalog}`, `/Type /ObjStm /N 1 /First ${head.length}`))
  const row = Buffer.alloc(18)
  row.writeUIntBE(1, 0, 6)
  row.writeUIntBE(twin.length, 6, 6)
  const wide = pdfWriter(twin).object(number, { data: row, entries: `/Type /XRef /W [6 6 6] /Index [${number} 1] /Root 1 0 R /Info 6 0 R /Size ${number + 1} /Prev ${prev}` })
  return [
    { name: 'streams: another catalog before the first object of its stream', twin, attacked: first.stream(number + 1, trailer).bytes(), codes: ['PDF_BROKEN'], isVisible: false },
    { name: 'streams: entries that poppler does not read', twin, attacked: wide.raw(`startxref\n${twin.length}\n%%EOF\n`).bytes(), codes: ['PDF_BROKEN'], isVisible: false },
  ]
}

/** Fields that nobody fills in, and what is drawn by the resources of the form. */
export async function unfillable (): Promise<Attack[]> {
  const withField = (field: string) => decision({
    [CATALOG]: '<< /Type /Catalog /Pages 2 0 R /AcroForm 7 0 R >>', 7: '<< /Fields [8 0 R] /SigFlags 3 >>', 8: `<< /Type /Annot /Subtype /Widget ${field} /Rect [0 0 400 300] /F 4 /P 4 0 R /AP << /N 9 0 R >> >>`,
    9: form(''), [PAGE]: '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 400 300] /Resources << /Font << /F1 3 0 R >> >> /Contents 5 0 R /Annots [8 0 R] >>',
  })
  const attack = async (name: string, doc: Doc, change: (signed: Doc) => Objects, detail: RegExp, { isVisible = true, ...options }: SignOptions & { isVisible?: boolean } = {}): Promise<Attack> => {
    const signed = await sign(doc, options)
    return { name, twin: signed.bytes, attacked: update(signed, change(signed)).bytes, codes: CODES, detail, isVisible }
  }
  const freeText = decision({
    [PAGE]: '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 400 300] /Resources << /Font << /F1 3 0 R >> >> /Contents 5 0 R /Annots [8 0 R] >>', [CONTENT]: { data: '' },
    8: '<< /Type /Annot /Subtype /FreeText /DA (/F2 24 Tf 0 g) /Contents (Pay 1 000 VND) /Rect [40 200 360 250] /F 4 >>',
  })
  const fontless = decision({ ...freeText.objects, 8: (freeText.objects[8] as string).replace('/DA (/F2 24 Tf 0 g)', '') })
  const unlisted = decision({
    [PAGE]: '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 400 300] /Resources << /Font << /F1 3 0 R >> >> /Contents 5 0 R /Annots [8 0 R] >>',
    8: '<< /Type /Annot /Subtype /Widget /FT /Tx /T (a) /V (Pay 9 000 VND) /MK << /BG [1 1 1] >> /Rect [0 200 400 300] /F 4 /P 4 0 R >>',
  })
  const otherDigits = { 30: '<< /Type /Font /Subtype /Type1 /BaseFont /Courier /Encoding << /Type /Encoding /Differences [49 /nine] >> >>' }
  return Promise.all([
    attack('unfillable: a read-only field', withField('/FT /Tx /T (a) /Ff 1'), () => ({ 9: form(COVER) }), /object 9 changed/, CERTIFIED(2)),
    attack('unfillable: a push-button', withField('/FT /Btn /T (a) /Ff 65536'), () => ({ 9: form(COVER) }), /object 9 changed/, CERTIFIED(2)),
    attack('unfillable: text on a page gets the font that it waited for', freeText, (signed) => ({ ...withEntries(signed, formOf(signed), '/DR << /Font << /F2 30 0 R >> >>'), ...otherDigits }), /form \/DR/),
    attack('unfillable: text on a page that names no font gets the form\'s', fontless, (signed) => ({ ...withEntries(signed, formOf(signed), '/DR << /Font << /AnnotDrawFont 30 0 R >> >>'), ...otherDigits }), /form \/DR/),
    attack('unfillable: a widget that no form lists gets the default appearance that it waited for', unlisted, (signed) => withEntries(signed, formOf(signed), '/DA (/F1 24 Tf 0 g) /DR << /Font << /F1 3 0 R >> >>'), /form \/DA/),
    attack('unfillable: a field becomes a node above fields, and pdfium no longer draws it', withField('/FT /Tx /T (a)'), (signed) => ({ ...withEntries(signed, 8, '/Kids [30 0 R]'), 30: '<< /T (b) /Kids [] /Parent 8 0 R >>' }), /field a \/Kids/, { isVisible: false }),
    attack('unfillable: a signature\'s field becomes one too', decision(), (signed) => {
      const field = Number(/\/Fields \[(\d+)/.exec(signed.objects[formOf(signed)] as string)![1])
      return { ...withEntries(signed, field, '/Kids [30 0 R]'), 30: `<< /T (b) /FT /Tx /Kids [] /Parent ${field} 0 R >>` }
    }, /field Leader \/Kids/, { shows: LEADERS_MARK, isVisible: false }),
  ])
}
