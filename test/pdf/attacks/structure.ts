/** What else can be done to a signed file behind its signatures: by the structure of the file, and by what viewers act upon. */
import { flate, pdfWriter, startxrefOf, type Objects } from '../../support/pdf.ts'
import { agency, CATALOG, CONTENT, decision, FORGED, INFO, LEADERS_MARK, nextOf, PAGE, PAGES, patched, sign, signedDecision, update, type Attack, type Doc } from './world.ts'

const CHANGED = ['PDF_CHANGED_AFTER_SIGNING'] as const
const BROKEN = ['PDF_BROKEN'] as const

/** Signatures that are taken away, exchanged, or left out with the revision they cover. */
export async function exchanges (): Promise<Attack[]> {
  const one = await signedDecision()
  const two = await sign(one, { signer: agency, name: 'Agency', rect: '200 40 320 80', shows: '0.3 g 0 0 60 30 re f' })
  const twin = two.bytes
  const form = Number(/\/AcroForm (\d+) 0 R/.exec(two.objects[CATALOG] as string)![1])
  const [leaders, agencys] = [...twin.toString('latin1').matchAll(/\/Contents (<[0-9a-f]{1000,}>)/g)].map(({ 1: value, index }) => ({ value: value!, at: index + '/Contents '.length }))
  const swapped = patched(patched(twin, leaders!.at, agencys!.value), agencys!.at, leaders!.value)
  const [first] = (two.objects[form] as string).match(/\d+ 0 R/)!
  const widget = Number.parseInt(first)
  return [
    { name: 'the field of the leader removed from the form', twin, attacked: update(two, { [form]: (two.objects[form] as string).replace(first, '') }).bytes, codes: CHANGED, detail: /form \/Fields/, isVisible: false },
    { name: 'the field of the leader emptied', twin, attacked: update(two, { [widget]: (two.objects[widget] as string).replace(/\/V \d+ 0 R/, '') }).bytes, codes: CHANGED, detail: /Leader/, isVisible: false },
    { name: 'the field of the leader freed', twin, attacked: update(two, {}, { free: [widget] }).bytes, codes: CHANGED, detail: /Leader|removed/, isVisible: false },
    { name: 'the form removed', twin, attacked: update(two, { [CATALOG]: (two.objects[CATALOG] as string).replace(/\/AcroForm \d+ 0 R/, '') }).bytes, codes: CHANGED, detail: /AcroForm/, isVisible: false },
    { name: 'the mark of the leader moved over the amount', twin, attacked: update(two, { [widget]: (two.objects[widget] as string).replace('40 40 160 80', '120 215 260 245') }).bytes, codes: CHANGED, detail: /Leader \/Rect/, isVisible: true },
    { name: 'the mark of the leader drawn anew', twin, attacked: update(two, { [widget + 2]: { entries: '/Type /XObject /Subtype /Form /BBox [0 0 120 40]', data: '0 g 0 0 60 30 re f' } }).bytes, codes: CHANGED, detail: /changed/, isVisible: true },
    { name: 'the values of two signatures exchanged', twin, attacked: swapped, codes: ['CMS_CONTENT_CHANGED'], isVisible: false },
    { name: 'the last update cut off and another put in its place', twin, attacked: update(one, { [CONTENT]: FORGED }).bytes, codes: CHANGED, detail: /object 5 changed/, isVisible: true },
    { name: 'the last update cut off in its middle', twin, attacked: twin.subarray(0, one.bytes.length + 300), codes: BROKEN, isVisible: false },
  ]
}

/** The same objects, found in another way. */
export async function substitutions (): Promise<Attack[]> {
  const packed = await sign(decision({}, { xref: 'stream', compressed: [PAGES, 3] }), { shows: LEADERS_MARK })
  const container = 7
  const forgedPage = '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 400 300] /Resources << /Font << /F1 3 0 R >> >> /Contents 31 0 R >>'
  const repacked = pdfWriter(packed.bytes).object(30, forgedPage).object(31, FORGED).objectStream(container, { [PAGES]: '<< /Type /Pages /Kids [30 0 R] /Count 1 >>', 3: packed.objects[3] as string })
  const moved = update(packed, { [PAGES]: '<< /Type /Pages /Kids [30 0 R] /Count 1 >>', 30: forgedPage, 31: FORGED }, { xref: 'stream', compressed: [PAGES, 30] })
  const section = { trailer: '/Root 1 0 R /Info 6 0 R', prev: startxrefOf(packed.bytes), size: 50 }
  // The new container alone: what is in it keeps its entries
  const silent = pdfWriter(packed.bytes).object(30, forgedPage).object(31, FORGED).object(container, containerOf({ [PAGES]: '<< /Type /Pages /Kids [30 0 R] /Count 1 >>', 3: packed.objects[3] as string }))
  const plain = await signedDecision()
  // The second font is absent: poppler then rebuilds the table from all that looks like an object, wherever it stands
  const dangling = await sign(decision({ [PAGE]: '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 400 300] /Resources << /Font << /F1 3 0 R /F2 99 0 R >> >> /Contents 5 0 R >>' }), { shows: LEADERS_MARK })
  const dugOut = 'x\n5 0 obj\n<< /Length 43 >>\nstream\nBT /F1 24 Tf 40 220 Td <50617920393030> Tj ET\nendstream\nendobj\n'
  return [
    { name: 'an object in the title, for viewers that repair', twin: dangling.bytes, attacked: update(dangling, { [INFO]: `<< /Title (${dugOut}) >>` }).bytes, codes: CHANGED, detail: /could be taken for one/, isVisible: true },
    { name: 'a page put in place of another', twin: plain.bytes, attacked: update(plain, { [PAGE]: forgedPage, 31: FORGED }).bytes, codes: CHANGED, detail: /page \//, isVisible: true },
    { name: 'an object stream redefined with its entries', twin: packed.bytes, attacked: repacked.stream(40, section).bytes(), codes: CHANGED, isVisible: true },
    { name: 'an object stream redefined without its entries', twin: packed.bytes, attacked: silent.stream(40, section).bytes(), codes: CHANGED, isVisible: true },
    { name: 'pages put into a new object stream', twin: packed.bytes, attacked: moved.bytes, codes: CHANGED, detail: /object 2 changed/, isVisible: true },
    { name: 'a hybrid cross-reference that only some viewers read', twin: plain.bytes, attacked: hybrid(plain), codes: CHANGED, isVisible: false },
    { name: 'a generation that only some viewers heed', twin: plain.bytes, attacked: pdfWriter(plain.bytes).object(CONTENT, FORGED, 1).table({ trailer: '/Root 1 0 R /Info 6 0 R', prev: startxrefOf(plain.bytes), size: 20 }).bytes(), codes: CHANGED, isVisible: false },
    { name: 'a Prev that leaves the signed revision out', twin: plain.bytes, attacked: withoutRevision(plain), codes: ['PDF_BYTE_RANGE'], isVisible: true },
    { name: 'a second document behind the first', twin: plain.bytes, attacked: Buffer.concat([plain.bytes, decision({ [CONTENT]: FORGED }).bytes]), codes: BROKEN, isVisible: false },
  ]
}

function containerOf (objects: Record<number, string>) {
  const texts = Object.values(objects)
  const head = Object.keys(objects).map((number, index) => `${number} ${texts.slice(0, index).join(' ').length + Number(index > 0)}`).join(' ')
  return flate(`${head} ${texts.join(' ')}`, `/Type /ObjStm /N ${texts.length} /First ${head.length + 1}`)
}

function hybrid ({ bytes }: Doc): Buffer {
  const hidden = pdfWriter(bytes).object(CONTENT, FORGED)
  const at = hidden.length
  hidden.stream(40, { trailer: '', size: 50, startxref: false })
  return hidden.table({ trailer: `/Root 1 0 R /Info 6 0 R /XRefStm ${at}`, prev: startxrefOf(bytes), size: 50 }).bytes()
}

function withoutRevision (doc: Doc): Buffer {
  const first = Number(/\/Prev (\d+)/.exec(doc.bytes.toString('latin1', startxrefOf(doc.bytes)))![1])
  const objects: Objects = { ...doc.objects, [CONTENT]: FORGED }
  return update(doc, objects, { prev: first }).bytes
}

/** What viewers do by themselves when they open the file. */
export async function actions (): Promise<Attack[]> {
  const signed = await signedDecision()
  const script = '<< /S /JavaScript /JS (this.getField\\("amount"\\).value = 9000) >>'
  const catalog = (entries: string) => update(signed, { [CATALOG]: (signed.objects[CATALOG] as string).replace(/ >>$/, ` ${entries} >>`) }).bytes
  const page = (entries: string) => update(signed, { [PAGE]: (signed.objects[PAGE] as string).replace(/ >>$/, ` ${entries} >>`) }).bytes
  const named = (name: string, attacked: Buffer, detail: RegExp, isVisible = false): Attack => ({ name, twin: signed.bytes, attacked, codes: CHANGED, detail, isVisible })
  return [
    named('JavaScript when the document opens', catalog(`/OpenAction ${script}`), /catalog \/OpenAction/),
    named('JavaScript among the names', catalog(`/Names << /JavaScript << /Names [(a) ${script}] >> >>`), /catalog \/Names/),
    named('an additional action of the document', catalog(`/AA << /WC ${script} >>`), /catalog \/AA/),
    named('an additional action of a page', page(`/AA << /O ${script} >>`), /page \/AA/),
    named('layers', catalog('/OCProperties << /OCGs [] /D << >> >>'), /catalog \/OCProperties/),
    named('a collection that is shown instead', catalog('/Collection << /View /D >>'), /catalog \/Collection/),
    named('other structure', catalog('/StructTreeRoot << /Type /StructTreeRoot >>'), /catalog \/StructTreeRoot/),
    named('another output intent', catalog('/OutputIntents []'), /catalog \/OutputIntents/),
    named('an older version', catalog('/Version /x'), /catalog \/Version/),
    named('usage rights', catalog('/Perms << /UR3 << >> >>'), /catalog \/Perms/),
    named('XFA', update(signed, { [nextOf(signed) - 1]: (signed.objects[nextOf(signed) - 1] as string).replace(/ >>$/, ' /XFA (<xdp/>) >>') }).bytes, /form \/XFA/),
    named('a page turned', page('/Rotate 180'), /page \/Rotate/, true),
    named('a page cropped', page('/CropBox [0 0 200 300]'), /page \/CropBox/),
    named('a trailer with something new', update(signed, {}, { trailer: '/Root 1 0 R /Info 6 0 R /Other (x)' }).bytes, /trailer \/Other/),
  ]
}
