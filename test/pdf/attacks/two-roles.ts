/** Documents prepared so that one object stands in two places: one that an update may change, and one that is shown. */
import type { Objects } from '../../support/pdf.ts'
import { CATALOG, CERTIFIED, CONTENT, decision, PAGE, sign, update, type Attack, type Doc, type SignOptions } from './world.ts'

const COVER = '1 g 0 200 400 60 re f 0 g BT /F1 24 Tf 40 220 Td (Pay 9 000 VND) Tj ET'
const form = (data: string, entries = '/Resources << /Font << /F1 3 0 R >> >>') => ({ entries: `/Type /XObject /Subtype /Form /BBox [0 0 400 300] ${entries}`, data })
const PAGE_WITH = (resources: string, entries = '') => `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 400 300] /Resources << /Font << /F1 3 0 R >> ${resources} >> /Contents 5 0 R ${entries} >>`
const WIDGET = '/Rect [0 0 400 300] /F 4 /P 4 0 R /AP << /N 9 0 R >>'

/** A document with a form of one field, which covers the page and shows nothing. */
function withField (field: string, { form: entries = '', objects = {} as Objects } = {}): Doc {
  return decision({
    [CATALOG]: '<< /Type /Catalog /Pages 2 0 R /AcroForm 7 0 R >>', 7: `<< /Fields [8 0 R] /SigFlags 3 ${entries} >>`, 8: `<< /Type /Annot ${field} ${WIDGET} >>`,
    9: form(''), [PAGE]: PAGE_WITH('', '/Annots [8 0 R]'), ...objects,
  })
}

export async function twoRoles (): Promise<Attack[]> {
  const attack = async (name: string, doc: Doc, objects: Objects, detail: RegExp, { isVisible = true, ...options }: SignOptions & { isVisible?: boolean } = {}): Promise<Attack> => {
    const signed = await sign(doc, options)
    return { name, twin: signed.bytes, attacked: update(signed, objects).bytes, codes: ['PDF_CHANGED_AFTER_SIGNING'], detail, isVisible }
  }
  const layer = { 8: '<< /Type /OCG /Name (Cover) >>', 7: form(COVER, '/OC 8 0 R /Resources << /Font << /F1 3 0 R >> >>'), [PAGE]: PAGE_WITH('/XObject << /X 7 0 R >>'), [CONTENT]: { data: 'BT /F1 24 Tf 40 220 Td (Pay 1 000 VND) Tj ET /X Do' } }
  const parents = { 7: '<< /Fields [8 0 R 10 0 R] /SigFlags 3 >>', 8: '<< /FT /Tx /T (a) /Kids [11 0 R] >>', 10: '<< /FT /Tx /T (b) /Kids [11 0 R] >>', 11: `<< /Type /Annot /Subtype /Widget /Parent 10 0 R ${WIDGET} >>`, [PAGE]: PAGE_WITH('', '/Annots [11 0 R]') }
  const borrowing = { 9: form('/X Do', ''), 10: form('') }
  return Promise.all([
    attack('two roles: an empty signature field that shows something without being signed', withField('/Subtype /Widget /FT /Sig /T (Empty)'), { 9: form(COVER) }, /Empty changed without being signed/),
    attack('two roles: a stamp that is listed as a field', withField('/Subtype /Stamp /FT /Tx /T (a)'), { 9: form(COVER) }, /object 9 changed/, CERTIFIED(2)),
    attack('two roles: a widget of two fields', withField('/Subtype /Widget', { objects: parents }), { 9: form(COVER) }, /object 9 changed/, CERTIFIED(2)),
    attack('two roles: an appearance that is part of the page', withField('/Subtype /Widget /FT /Tx /T (a)', { objects: { [PAGE]: PAGE_WITH('/XObject << /X 9 0 R >>', '/Annots [8 0 R]'), [CONTENT]: { data: '/X Do' } } }), { 9: form(COVER) }, /object 9 changed/, CERTIFIED(2)),
    attack('two roles: an appearance that borrows the resources of the form', withField('/Subtype /Widget /FT /Tx /T (a)', { form: '/DR << /XObject << /X 10 0 R >> >>', objects: borrowing }), { 7: '<< /Fields [8 0 R 11 0 R] /SigFlags 3 /DR << /XObject << /X 30 0 R >> >> >>', 30: form(COVER) }, /form \/DR/, { isVisible: false }),
    attack('two roles: Info that says which layers are shown', decision({ ...layer, 6: '<< /Title (Decision) /OFF [8 0 R] >>', [CATALOG]: '<< /Type /Catalog /Pages 2 0 R /OCProperties << /OCGs [8 0 R] /D 6 0 R >> >>' }), { 6: '<< /Title (Decision) /OFF [] >>' }, /object 6 changed/),
    attack('two roles: XMP that is the content of the page', decision({ [CATALOG]: '<< /Type /Catalog /Pages 2 0 R /Metadata 5 0 R >>' }), { [CONTENT]: { data: COVER } }, /object 5 changed/),
    attack('two roles: validation data that are a font', decision({ [CATALOG]: '<< /Type /Catalog /Pages 2 0 R /DSS << /Certs [3 0 R] >> >>' }), { 3: '<< /Type /Font /Subtype /Type1 /BaseFont /Courier >>' }, /object 3 changed/),
    attack('two roles: validation data that a field shows too', withField('/Subtype /Widget /FT /Tx /T (a)', { objects: { [CATALOG]: '<< /Type /Catalog /Pages 2 0 R /AcroForm 7 0 R /DSS << /Certs [9 0 R] >> >>' } }), { 9: form(COVER) }, /object 9, which is used in several places/, CERTIFIED(2)),
    attack('two roles: characteristics of the signed field that were missing', decision(), { 30: '<< /BG [1 0 0] >>' }, /object 30, which was missing/, { field: ' /MK 30 0 R', isVisible: false }),
  ])
}
