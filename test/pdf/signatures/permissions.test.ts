/** What a signature permits after it, as its dictionary, its field and the document's certification say. */
import t from 'tap'
import { Budget } from '../../../src/pdf/reader/budget.ts'
import { openRevision } from '../../../src/pdf/reader/revision.ts'
import { permissionsOf, type Permissions } from '../../../src/pdf/signatures/permissions.ts'
import { examinePdf } from '../../../src/pdf/examine.ts'
import { bytesSource } from '../../../src/pdf/source.ts'
import { makePdf, pagesOf } from '../../support/pdf.ts'
import { PdfRef } from '../../../src/pdf/reader/objects.ts'
import { dictOf } from '../../../src/pdf/reader/values.ts'
import { writeMessage } from '../../trust/cms/messages.ts'
import { LEADER, signedPdf } from '../judge-world.ts'

/** Of a signature dictionary with this Reference and a field with this Lock, in a document with this catalog. */
function permissions ({ reference = '', lock, catalog = '' }: { reference?: string, lock?: string, catalog?: string }): Permissions {
  const pdf = makePdf({ ...pagesOf('x'), 1: `<< /Type /Catalog /Pages 2 0 R ${catalog} >>`, 10: `<< /Type /Sig /Reference [${reference}] >>`, 11: lock ?? 'null', 12: `<< /Type /Sig /Reference [${docMdp(2)}] >>` })
  const revision = openRevision(bytesSource(pdf), pdf.length, new Budget())
  return permissionsOf(dictOf(revision, new PdfRef(10, 0))!, dictOf(revision, new PdfRef(11, 0)), revision)
}

const docMdp = (level: number | string): string => `<< /TransformMethod /DocMDP /TransformParams << /P ${level} /V /1.2 >> >>`
const fieldMdp = (entries: string): string => `<< /TransformMethod /FieldMDP /TransformParams << ${entries} >> >>`

t.test('a certification says how much may follow; two where it says nothing', async (t) => {
  t.strictSame(permissions({}), { isCertification: false, locks: [] })
  for (const level of [1, 2, 3] as const) t.strictSame(permissions({ reference: docMdp(level) }), { isCertification: true, certification: level, locks: [] })
  t.equal(permissions({ reference: '<< /TransformMethod /DocMDP >>' }).certification, 2)
})

t.test('what cannot be understood permits nothing', async (t) => {
  for (const reference of [docMdp(4), docMdp('(2)'), docMdp(0), docMdp(1) + docMdp(3), fieldMdp('/Action /Some'), fieldMdp('/Fields [(A)]')]) {
    t.match(permissions({ reference }), { certification: 1, locks: [{ action: 'All' }], fault: 'Reference, Lock' }, reference)
  }
  t.match(permissions({ lock: '<< /Action /All /P 9 >>' }), { certification: 1, fault: 'Reference, Lock' })
})

t.test('fields are locked by the signature and by its field, together', async (t) => {
  t.strictSame(permissions({ reference: fieldMdp('/Action /Include /Fields [(A) (B.C)]'), lock: '<< /Action /Exclude /Fields [(D)] >>' }).locks, [
    { action: 'Include', fields: ['A', 'B.C'] }, { action: 'Exclude', fields: ['D'] },
  ])
  t.strictSame(permissions({ lock: '<< /Action /All >>' }), { isCertification: false, locks: [{ action: 'All', fields: [] }] })
})

t.test('a lock takes away what the document permits, and gives nothing', async (t) => {
  t.equal(permissions({ lock: '<< /Action /All /P 1 >>' }).certification, 1)
  t.equal(permissions({ lock: '<< /Action /All /P 2 >>' }).certification, undefined)
  t.equal(permissions({ reference: docMdp(3), lock: '<< /Action /All /P 2 >>' }).certification, 2)
})

t.test('what the document is certified for holds for every signature', async (t) => {
  const catalog = '/Perms << /DocMDP 12 0 R >>'
  t.strictSame(permissions({ catalog }), { isCertification: false, certification: 2, locks: [] })
  t.equal(permissions({ catalog, lock: '<< /Action /All /P 1 >>' }).certification, 1)
})

t.test('a certification is the first signature, and the one that the catalog names', async (t) => {
  const entries = `/Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached /Reference [${docMdp(2)}]`
  const catalog = (perms: string) => ({ 1: `<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [7 0 R] /SigFlags 3 >> ${perms} >>` })
  const told = (pdf: Buffer) => {
    const examination = examinePdf(bytesSource(pdf))
    return examination.kind === 'read' ? examination.signatures.map(({ kind, findings }) => [kind, ...findings.map(({ detail }) => detail)].join(': ')) : examination.findings
  }
  const sign = (change: Parameters<typeof signedPdf>[1]) => signedPdf((content) => writeMessage(LEADER, { content }), change)
  const certified = sign({ entries, more: catalog('/Perms << /DocMDP 8 0 R >>') })
  t.strictSame(told(certified), ['certification'])
  t.strictSame(told(sign({ entries })), ['certification: DocMDP without Perms'])
  t.strictSame(told(sign({ more: catalog('/Perms << /DocMDP 8 0 R >>') })), ['signature: Perms without DocMDP'])
  t.strictSame(told(sign({ base: sign({}), entries, more: catalog('/Perms << /DocMDP 8 0 R >>') })), ['signature', 'certification: DocMDP, and not the first signature'])
})
