/** Certified documents: Rohlmann, Mladenov, Mainka and Schwenk, "Breaking the Specification: PDF Certification" (IEEE S&P 2021). */
import { agency, CERTIFIED, LEADERS_MARK, PAGE, decision, nextOf, patched, sign, stranger, update, type Attack, type Doc } from './world.ts'

const CHANGED = ['PDF_CHANGED_AFTER_SIGNING'] as const
const OVERLAY = '1 g 0 0 400 100 re f 0 g BT /F1 24 Tf 40 20 Td (Pay 9 000 VND) Tj ET'
const OVER_ALL = '0 200 400 300'

/** Evil annotations, which P 3 permits and which can cover the document. */
export async function evilAnnotations (): Promise<Attack[]> {
  const attacks = [1, 2, 3].map(async (level): Promise<Attack[]> => {
    const certified = await sign(decision(), { shows: LEADERS_MARK, ...CERTIFIED(level as 1 | 2 | 3) })
    return ['FreeText', 'Stamp', 'Redact', 'Widget'].map((subtype) => ({
      name: `evil annotation: ${subtype} under P ${level}`, twin: certified.bytes, attacked: annotated(certified, subtype).bytes, codes: CHANGED, detail: /\/Annots/, isVisible: true,
    }))
  })
  return (await Promise.all(attacks)).flat()
}

function annotated (doc: Doc, subtype: string): Doc {
  const annotation = nextOf(doc)
  return update(doc, {
    [PAGE]: (doc.objects[PAGE] as string).replace(/(\/Annots \[[^\]]*)\]/, `$1 ${annotation} 0 R]`),
    [annotation]: `<< /Type /Annot /Subtype /${subtype} /Rect [${OVER_ALL}] /F 4 /Contents () /AP << /N ${annotation + 1} 0 R >> >>`,
    [annotation + 1]: { entries: '/Type /XObject /Subtype /Form /BBox [0 0 400 100] /Resources << /Font << /F1 3 0 R >> >>', data: OVERLAY },
  })
}

/** Sneaky signatures: somebody signs, and what his signature shows covers the document. */
export async function sneakySignatures (): Promise<Attack[]> {
  const certified = await sign(decision(), { shows: LEADERS_MARK, ...CERTIFIED(2) })
  const locked = await sign(decision(), { shows: LEADERS_MARK, ...CERTIFIED(1) })
  const twin = (await sign(certified, { signer: agency, name: 'Agency', rect: '200 40 320 80', shows: '0.3 g 0 0 60 30 re f' })).bytes
  const sneaky = (signer: typeof agency, more = {}) => sign(certified, { signer, name: 'Sneaky', rect: OVER_ALL, shows: OVERLAY, ...more })
  const unsigned = await sneaky(agency)
  const end = unsigned.bytes.toString('latin1').search(/0{64,}> >>\s+endobj(?![^]*\/Contents <)/) - 1
  const spoiled = patched(unsigned.bytes, end, unsigned.bytes[end] === 0x31 ? '2' : '1')
  return [
    { name: 'sneaky signature: somebody else whom we trust lays another page over it', twin, attacked: unsigned.bytes, codes: ['PDF_SIGNATURE_COVERS'], detail: /^page 1$/, isVisible: true },
    { name: 'sneaky signature: a stranger signs', twin, attacked: (await sneaky(stranger)).bytes, codes: ['ISSUER_UNKNOWN'], isVisible: true },
    { name: 'sneaky signature: a value that is none', twin, attacked: spoiled, codes: ['CMS_SIGNATURE_WRONG'], isVisible: true },
    { name: 'sneaky signature: a field that nobody signed', twin, attacked: withoutValue(certified).bytes, codes: CHANGED, detail: /without a signature/, isVisible: true },
    { name: 'sneaky signature: under P 1', twin: locked.bytes, attacked: (await sign(locked, { signer: agency, name: 'Sneaky', rect: OVER_ALL, shows: OVERLAY })).bytes, codes: CHANGED, detail: /Sneaky/, isVisible: true },
    { name: 'sneaky signature: the leader\'s own value in a field of somebody else', twin, attacked: withBorrowedValue(certified).bytes, codes: CHANGED, detail: /does not cover the update/, isVisible: true },
    { name: 'sneaky signature: a further widget for the leader\'s field', twin, attacked: withFurtherWidget(certified).bytes, codes: CHANGED, isVisible: true },
  ]
}

type Field = { value?: string, parent?: string }

/** A new field that shows something, without a signature of this update in it. */
function withField (doc: Doc, { value = '', parent = '/FT /Sig /T (Sneaky)' }: Field): Doc {
  const widget = nextOf(doc)
  const form = formOf(doc)
  return update(doc, {
    ...parent.startsWith('/FT') && { [form]: (doc.objects[form] as string).replace(/(\/Fields \[[^\]]*)\]/, `$1 ${widget} 0 R]`) },
    [PAGE]: (doc.objects[PAGE] as string).replace(/(\/Annots \[[^\]]*)\]/, `$1 ${widget} 0 R]`),
    [widget]: `<< /Type /Annot /Subtype /Widget ${parent} ${value} /Rect [${OVER_ALL}] /P ${PAGE} 0 R /F 4 /AP << /N ${widget + 1} 0 R >> >>`,
    [widget + 1]: { entries: '/Type /XObject /Subtype /Form /BBox [0 0 400 100] /Resources << /Font << /F1 3 0 R >> >>', data: OVERLAY },
  })
}

const withoutValue = (doc: Doc) => withField(doc, {})
const withBorrowedValue = (doc: Doc) => withField(doc, { value: `/V ${numberOf(doc, '<< /Type /Sig ')} 0 R` })

function withFurtherWidget (doc: Doc): Doc {
  const field = numberOf(doc, '<< /Type /Annot /Subtype /Widget /FT /Sig ')
  const widget = nextOf(doc)
  const parted = (doc.objects[field] as string).replace(/ >>$/, ` /Kids [${widget} 0 R] >>`)
  return update(withField(doc, { parent: `/Parent ${field} 0 R` }), { [field]: parted })
}

function numberOf ({ objects }: Doc, start: string): number {
  return Number(Object.keys(objects).find((number) => String(objects[Number(number)]).startsWith(start)))
}

function formOf ({ objects }: Doc): number {
  return Number(/\/AcroForm (\d+) 0 R/.exec(objects[1] as string)![1])
}
