/** Documents whose every byte is known, signers who sign them honestly, and what viewers show of the result. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { examinePdf } from '../../../src/pdf/examine.ts'
import { judgePdf } from '../../../src/pdf/judge.ts'
import { bytesSource } from '../../../src/pdf/source.ts'
import type { PdfVerdict } from '../../../src/pdf/verdict.ts'
import { writeSignedData } from '../../../src/trust/cms/write.ts'
import { signerFromKey } from '../../../src/trust/signers/key.ts'
import { makePdf, updateOf, type Objects } from '../../support/pdf.ts'
import { AT, makeCa, makeLeaf, trustOf } from '../../trust/world.ts'

const root = makeCa('Root')
const strangersRoot = makeCa('A root that nobody trusts')
const named = (CN: string, issuer = root) => {
  const issued = makeLeaf(issuer, { name: { CN } })
  return signerFromKey(issued.keys.privateKey, [issued.certificate])
}

export const leader = named('Leader')
export const agency = named('Agency')
export const stranger = named('Leader', strangersRoot)
type Signer = typeof leader

/** A file, its objects as the newest revision has them, and how its cross-reference sections are written. */
export type Doc = { bytes: Buffer, objects: Objects, xref?: 'table' | 'stream' }

const text = (data: string): { data: string } => ({ data })

/** Object numbers of the document that everybody signs. */
export const CATALOG = 1
export const PAGES = 2
export const FONT = 3
export const PAGE = 4
export const CONTENT = 5
export const INFO = 6

/** A decision that pays an amount. Objects may be said otherwise, or be more. */
export function decision (objects: Objects = {}, options: NonNullable<Parameters<typeof makePdf>[1]> = {}): Doc {
  const all: Objects = {
    [CATALOG]: '<< /Type /Catalog /Pages 2 0 R >>',
    [PAGES]: '<< /Type /Pages /Kids [4 0 R] /Count 1 >>',
    [FONT]: '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>',
    [PAGE]: '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 400 300] /Resources << /Font << /F1 3 0 R >> >> /Contents 5 0 R >>',
    [CONTENT]: text('BT /F1 24 Tf 40 220 Td (Pay 1 000 VND) Tj ET'),
    [INFO]: '<< /Title (Decision) >>',
    ...objects,
  }
  return { bytes: makePdf(all, { trailer: '/Root 1 0 R /Info 6 0 R', ...options }), objects: all, ...options.xref && { xref: options.xref } }
}

/** The document with an update. */
export function update (doc: Doc, objects: Objects, options: Parameters<typeof updateOf>[2] = {}): Doc {
  return { ...doc, bytes: updateOf(doc.bytes, objects, { ...doc.xref && { xref: doc.xref }, ...options }), objects: { ...doc.objects, ...objects } }
}

/** A number that no object has. */
export function nextOf ({ bytes }: Doc): number {
  return Number(/\/Size (\d+)/.exec(bytes.toString('latin1', bytes.lastIndexOf('/Size ')))![1])
}

export type SignOptions = {
  signer?: Signer
  name?: string
  rect?: string
  /** What the signature shows: the content of its appearance */
  shows?: string
  /** Entries of the signature dictionary, of the field, and of the catalog */
  dictionary?: string
  field?: string
  catalog?: string
  subFilter?: string
  /** ByteRange behind Contents */
  rangeLast?: boolean
  /** Objects that come with the signature, the last word on each */
  also?: (numbers: { widget: number, signature: number }) => Objects
}

/** The document with a signature in a new field: what honest programs write, and nothing more. */
export async function sign (doc: Doc, { signer = leader, name = 'Leader', rect = '40 40 160 80', shows, dictionary = '', field = '', catalog = '', subFilter = 'ETSI.CAdES.detached', rangeLast = false, also }: SignOptions = {}): Promise<Doc> {
  const widget = nextOf(doc)
  const [signature, appearance, form] = [widget + 1, widget + 2, widget + 3]
  const oldCatalog = doc.objects[CATALOG] as string
  const page = doc.objects[PAGE] as string
  const known = Number(/\/AcroForm (\d+) 0 R/.exec(oldCatalog)?.[1] ?? 0)
  const objects: Objects = {
    [widget]: `<< /Type /Annot /Subtype /Widget /FT /Sig /T (${name}) /V ${signature} 0 R /Rect [${rect}] /P ${PAGE} 0 R /F 132${shows === undefined ? '' : ` /AP << /N ${appearance} 0 R >>`}${field} >>`,
    [signature]: signatureDictionary(subFilter, dictionary, rangeLast),
    ...shows !== undefined && { [appearance]: { entries: `/Type /XObject /Subtype /Form /BBox [0 0 ${sizeOf(rect)}] /Resources << /Font << /F1 3 0 R >> >>`, data: shows } },
    [PAGE]: /\/Annots \[/.test(page) ? page.replace(/(\/Annots \[[^\]]*)\]/, `$1 ${widget} 0 R]`) : page.replace(/ >>$/, ` /Annots [${widget} 0 R] >>`),
    ...known > 0
      ? { [known]: (doc.objects[known] as string).replace(/(\/Fields \[[^\]]*)\]/, `$1 ${widget} 0 R]`), ...catalog !== '' && { [CATALOG]: oldCatalog.replace(/ >>$/, ` ${catalog} >>`) } }
      : { [form]: `<< /Fields [${widget} 0 R] /SigFlags 3 >>`, [CATALOG]: oldCatalog.replace(/ >>$/, ` /AcroForm ${form} 0 R ${catalog} >>`) },
  }
  const more = also?.({ widget, signature })
  return filled(update(doc, { ...objects, ...more }), signer)
}

function sizeOf (rect: string): string {
  const [left, bottom, right, top] = rect.split(' ').map(Number) as [number, number, number, number]
  return `${right - left} ${top - bottom}`
}

const CONTENTS = 4096
const RANGE = '/ByteRange [0 0000000000 0000000000 0000000000]'

/** A signature that waits for its value. */
export function signatureDictionary (subFilter = 'ETSI.CAdES.detached', entries = '', rangeLast = false): string {
  const contents = `/Contents <${'0'.repeat(CONTENTS)}>`
  return `<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /${subFilter} ${entries} ${rangeLast ? `${contents} ${RANGE}` : `${RANGE} ${contents}`} >>`
}

/** The file with the value of its last signature, which covers all of it. */
export async function filled (doc: Doc, signer: Signer): Promise<Doc> {
  const { bytes } = doc
  const open = bytes.lastIndexOf(`<${'0'.repeat(CONTENTS)}>`)
  const close = open + CONTENTS + 2
  const ranged = patched(bytes, bytes.lastIndexOf(RANGE), `/ByteRange [0 ${pad(open)} ${pad(close)} ${pad(bytes.length - close)}]`)
  return { ...doc, bytes: patched(ranged, open + 1, (await valueOver(Buffer.concat([ranged.subarray(0, open), ranged.subarray(close)]), signer)).toString('hex')) }
}

/** A CMS message over these bytes. */
export async function valueOver (bytes: Buffer, signer: Signer): Promise<Buffer> {
  return (await writeSignedData({ signer, digest: createHash('sha256').update(bytes).digest() })).cms
}

const pad = (number: number) => String(number).padStart(10, '0')

/** The certification of a document: P as DocMDP has it (ISO 32000-2, table 257). */
export const CERTIFIED = (level: 1 | 2 | 3) => ({
  dictionary: `/Reference [<< /Type /SigRef /TransformMethod /DocMDP /TransformParams << /Type /TransformParams /P ${level} /V /1.2 >> >>]`,
  also: ({ signature }: { signature: number }) => ({ [CERTIFICATION]: `<< /DocMDP ${signature} 0 R >>` }), catalog: `/Perms ${CERTIFICATION} 0 R`,
})
const CERTIFICATION = 40

/** What somebody else wants the decision to say. */
export const FORGED = text('BT /F1 24 Tf 40 220 Td (Pay 9 000 VND) Tj ET')

/** The decision after the leader signed it visibly. */
export const signedDecision = () => sign(decision(), { shows: LEADERS_MARK })
export const LEADERS_MARK = '0.6 g 0 0 60 30 re f'

/**
 * One attack: a file that is valid, and what somebody made of it. `codes`: the reasons of which one must be named; `detail`: what it must say. `isVisible`: poppler shows
 * something else; viewers that repair more than poppler does show it in the other cases too.
 */
export type Attack = { name: string, twin: Buffer, attacked: Buffer, codes: readonly string[], detail?: RegExp, isVisible: boolean }

/** The bytes with others written over them. */
export function patched (bytes: Buffer, at: number, by: string): Buffer {
  const copy = Buffer.from(bytes)
  copy.write(by, at, 'latin1')
  return copy
}

/** Where the value of the last signature stands, delimiters and all. */
export function gapOf (bytes: Buffer): { open: number, close: number } {
  const range = /\/ByteRange \[0 (\d+) (\d+) (\d+)\]/.exec(bytes.toString('latin1', bytes.lastIndexOf('/ByteRange [')))!
  return { open: Number(range[1]), close: Number(range[2]) }
}

/** The verdict, when nobody is revoked. */
export function judge (bytes: Uint8Array): PdfVerdict {
  return judgePdf(examinePdf(bytesSource(bytes)), { trust: trustOf([root]), at: AT })
}

/** Every page as poppler draws it. */
export function rendered (bytes: Uint8Array): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'lienthong-attack-'))
  try {
    writeFileSync(join(folder, 'in.pdf'), bytes)
    execFileSync('pdftoppm', ['-r', '50', '-gray', 'in.pdf', 'page'], { cwd: folder, stdio: 'ignore' })
    return Buffer.concat(readdirSync(folder).filter((name) => name.endsWith('.pgm')).sort().map((name) => readFileSync(join(folder, name))))
  } finally {
    rmSync(folder, { recursive: true })
  }
}
