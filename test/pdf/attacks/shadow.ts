/**
 * Shadow documents: prepared before anybody signs, so that a small update makes them say something else. After Mainka, Mladenov and Rohlmann, "Shadow Attacks: Hiding and
 * Replacing Content in Signed PDFs" (NDSS 2021).
 */
import { pdfWriter, startxrefOf } from '../../support/pdf.ts'
import { agency, CATALOG, CERTIFIED, CONTENT, decision, FONT, FORGED, INFO, LEADERS_MARK, nextOf, PAGE, PAGES, sign, update, type Attack, type Doc } from './world.ts'

const CODES = ['PDF_CHANGED_AFTER_SIGNING'] as const
const shown = (amount: string) => `BT /F1 24 Tf 40 220 Td (Pay ${amount} VND) Tj ET`
const signed = (doc: Doc) => sign(doc, { shows: LEADERS_MARK })
const PAGE_WITH = (resources: string, entries = '') => `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 400 300] /Resources << /Font << /F1 3 0 R >> ${resources} >> /Contents 5 0 R ${entries} >>`
const form = (data: string) => ({ entries: '/Type /XObject /Subtype /Form /BBox [0 0 400 300] /Resources << /Font << /F1 3 0 R >> >>', data })

/** What must be hidden lies below something that the update takes away. */
export async function hidings (): Promise<Attack[]> {
  const cover = await signed(decision({
    [PAGE]: PAGE_WITH('/XObject << /Cover 7 0 R >>'), [CONTENT]: { data: `${shown('9 000')} /Cover Do` }, 7: form(`1 g 0 200 400 60 re f 0 g ${shown('1 000')}`),
  }))
  const annotated = await signed(decision({
    [PAGE]: PAGE_WITH('', '/Annots [7 0 R]'), [CONTENT]: { data: shown('9 000') },
    7: '<< /Type /Annot /Subtype /Stamp /Rect [0 0 400 300] /F 4 /AP << /N 8 0 R >> >>', 8: form(`1 g 0 200 400 60 re f 0 g ${shown('1 000')}`),
  }))
  const layered = await signed(decision({
    [CATALOG]: '<< /Type /Catalog /Pages 2 0 R /OCProperties << /OCGs [8 0 R] /D 9 0 R >> >>',
    [PAGE]: PAGE_WITH('/XObject << /Cover 7 0 R >>'), [CONTENT]: { data: `${shown('9 000')} /Cover Do` },
    7: { ...form(`1 g 0 200 400 60 re f 0 g ${shown('1 000')}`), entries: `${form('').entries} /OC 8 0 R` }, 8: '<< /Type /OCG /Name (Cover) >>', 9: '<< /ON [8 0 R] /Order [8 0 R] >>',
  }))
  const first = (doc: Doc) => doc.bytes
  return [
    { name: 'hide: the cover is freed', twin: first(cover), attacked: update(cover, {}, { free: [7] }).bytes, codes: CODES, detail: /object 7 removed/, isVisible: false },
    { name: 'hide: the cover becomes empty', twin: first(cover), attacked: update(cover, { 7: form('') }).bytes, codes: CODES, detail: /object 7 changed/, isVisible: true },
    { name: 'hide: the cover becomes an object of another kind', twin: first(cover), attacked: update(cover, { 7: '<< /Type /XObject /Subtype /Image >>' }).bytes, codes: CODES, isVisible: true },
    { name: 'hide: the page no longer names the cover', twin: first(cover), attacked: update(cover, { [PAGE]: (cover.objects[PAGE] as string).replace('/Cover 7 0 R', '') }).bytes, codes: CODES, detail: /page \/Resources/, isVisible: true },
    { name: 'hide: the annotation is taken off the page', twin: first(annotated), attacked: update(annotated, { [PAGE]: (annotated.objects[PAGE] as string).replace('7 0 R ', '') }).bytes, codes: CODES, detail: /page \/Annots/, isVisible: true },
    { name: 'hide: the annotation is hidden', twin: first(annotated), attacked: update(annotated, { 7: (annotated.objects[7] as string).replace('/F 4', '/F 2') }).bytes, codes: CODES, detail: /object 7 changed/, isVisible: true },
    { name: 'hide: the layer is turned off', twin: first(layered), attacked: update(layered, { 9: '<< /ON [] /OFF [8 0 R] /Order [8 0 R] >>' }).bytes, codes: CODES, detail: /object 9 changed/, isVisible: true },
    {
      name: 'hide: the layer is turned off in the catalog', twin: first(layered), codes: CODES, detail: /catalog \/OCProperties/, isVisible: true,
      attacked: update(layered, { [CATALOG]: (layered.objects[CATALOG] as string).replace('/D 9 0 R', '/D << /OFF [8 0 R] >>') }).bytes,
    },
  ]
}

/** What looks harmless to change changes how the signed content looks. */
export async function replacements (): Promise<Attack[]> {
  const plain = await signed(decision())
  const digits = '/Encoding << /Type /Encoding /Differences [49 /nine] >>'
  const fields = {
    [CATALOG]: '<< /Type /Catalog /Pages 2 0 R /AcroForm 7 0 R >>', 7: '<< /Fields [8 0 R] /DR << /Font << /F1 3 0 R >> >> /DA (/F1 24 Tf 0 g) >>',
    [PAGE]: PAGE_WITH('', '/Annots [8 0 R]'), 8: '<< /Type /Annot /Subtype /Widget /FT /Tx /T (amount) /V (Pay 1 000 VND) /Rect [40 200 360 250] /F 4 /P 4 0 R /AP << /N 9 0 R >> >>',
    [CONTENT]: { data: '' }, 9: { entries: '/Type /XObject /Subtype /Form /BBox [0 0 320 50] /Resources << /Font << /F1 3 0 R >> >>', data: 'BT /F1 24 Tf 0 20 Td (Pay 1 000 VND) Tj ET' },
  }
  const filled = await signed(decision(fields))
  const value = fields[8].replace('1 000', '9 000')
  const certified = await sign(decision(fields), { shows: LEADERS_MARK, ...CERTIFIED(3), field: ' /Lock << /Type /SigFieldLock /Action /All >>' })
  const appearance = { ...fields[9], data: fields[9].data.replace('1 000', '9 000') }
  const dangling = await signed(decision({ [PAGE]: PAGE_WITH('/XObject << /Cover 30 0 R >>'), [CONTENT]: { data: `${shown('1 000')} /Cover Do` } }))
  const covering = form(`1 g 0 200 400 60 re f 0 g ${shown('9 000')}`)
  const nameless = await signed(decision({ ...fields, 7: '<< /Fields [8 0 R] /NeedAppearances true /DA (/F2 24 Tf 0 g) >>', 8: fields[8].replace('/AP << /N 9 0 R >>', '') }))
  return [
    { name: 'replace: a font shows other digits', twin: plain.bytes, attacked: update(plain, { [FONT]: `<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica ${digits} >>` }).bytes, codes: CODES, detail: /object 3 changed/, isVisible: true },
    { name: 'replace: the content', twin: plain.bytes, attacked: update(plain, { [CONTENT]: FORGED }).bytes, codes: CODES, detail: /object 5 changed/, isVisible: true },
    { name: 'replace: a field is filled in', twin: filled.bytes, attacked: update(filled, { 8: value, 9: appearance }).bytes, codes: CODES, isVisible: true },
    { name: 'replace: the appearance of a field alone', twin: filled.bytes, attacked: update(filled, { 9: appearance }).bytes, codes: CODES, detail: /amount/, isVisible: true },
    { name: 'replace: a field that is locked', twin: certified.bytes, attacked: update(certified, { 8: value, 9: appearance }).bytes, codes: CODES, detail: /amount/, isVisible: true },
    { name: 'replace: fields are to be drawn anew', twin: filled.bytes, attacked: update(filled, { 7: (filled.objects[7] as string).replace(/ >>$/, ' /NeedAppearances true >>') }).bytes, codes: CODES, detail: /form \/NeedAppearances/, isVisible: false },
    {
      name: 'replace: a font that a field names and did not have', twin: nameless.bytes, codes: CODES, detail: /form \/DR/, isVisible: false,
      attacked: update(nameless, { 7: (nameless.objects[7] as string).replace('/DA', '/DR << /Font << /F2 20 0 R >> >> /DA'), 20: `<< /Type /Font /Subtype /Type1 /BaseFont /Courier ${digits} >>` }).bytes,
    },
    { name: 'replace: an object that was missing where the page names it', twin: dangling.bytes, attacked: update(dangling, { 30: covering }).bytes, codes: CODES, isVisible: true },
  ]
}

/** Both contents are in the file that is signed; an update that brings nothing but references chooses the other one. */
export async function hidingsAndReplacements (): Promise<Attack[]> {
  const shadow = `${CONTENT} 0 obj\n<< /Length ${FORGED.data.length} >>\nstream\n${FORGED.data}\nendstream\nendobj\n`
  const base = decision()
  // The shadow stands before the objects, where no cross-reference mentions it
  const writer = pdfWriter(Buffer.from('%PDF-1.7\n%\xe2\xe3\xcf\xd3\n', 'latin1'))
  const at = writer.length
  writer.raw(shadow).objects(base.objects).table({ trailer: '/Root 1 0 R /Info 6 0 R' })
  const prepared = await signed({ ...base, bytes: writer.bytes() })
  const pages = { 7: '<< /Type /Pages /Kids [8 0 R] /Count 1 >>', 8: '<< /Type /Page /Parent 7 0 R /MediaBox [0 0 400 300] /Resources << /Font << /F1 3 0 R >> >> /Contents 9 0 R >>', 9: FORGED, 10: '<< /Type /Catalog /Pages 7 0 R >>' }
  const two = await signed(decision(pages))
  const behind = (doc: Doc) => pdfWriter(doc.bytes)
  const section = (doc: Doc, trailer = '/Root 1 0 R /Info 6 0 R') => ({ trailer, prev: startxrefOf(doc.bytes), size: nextOf(doc) })
  return [
    { name: 'hide and replace: a cross-reference that leads to the shadow', twin: prepared.bytes, attacked: behind(prepared).list(CONTENT, { offset: at }).table(section(prepared)).bytes(), codes: CODES, detail: /object 5 changed/, isVisible: true },
    { name: 'hide and replace: another Root', twin: two.bytes, attacked: behind(two).list(INFO, { offset: two.bytes.indexOf('6 0 obj') }).table(section(two, '/Root 10 0 R /Info 6 0 R')).bytes(), codes: CODES, detail: /trailer \/Root/, isVisible: true },
    { name: 'hide and replace: other Pages', twin: two.bytes, attacked: update(two, { [CATALOG]: (two.objects[CATALOG] as string).replace('/Pages 2', '/Pages 7') }).bytes, codes: CODES, detail: /catalog \/Pages/, isVisible: true },
    { name: 'hide and replace: other Kids', twin: two.bytes, attacked: update(two, { [PAGES]: '<< /Type /Pages /Kids [8 0 R] /Count 1 >>' }).bytes, codes: CODES, detail: /object 2 changed/, isVisible: true },
    { name: 'hide and replace: a further page', twin: two.bytes, attacked: update(two, { [PAGES]: '<< /Type /Pages /Kids [4 0 R 8 0 R] /Count 2 >>' }).bytes, codes: CODES, detail: /object 2 changed/, isVisible: true },
    { name: 'hide and replace: other Contents, below a further signature', twin: two.bytes, attacked: (await sign({ ...two, objects: { ...two.objects, [PAGE]: (two.objects[PAGE] as string).replace('/Contents 5', '/Contents 9') } }, { signer: agency, name: 'Agency', rect: '200 40 320 80' })).bytes, codes: CODES, detail: /page \/Contents/, isVisible: true },
  ]
}
