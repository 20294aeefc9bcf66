/** A PDF, examined: every signature of every revision, what it covers, and what was added after it. */
import { updatesAfter, type Update } from './changes/changes.ts'
import { laterChanges } from './changes/later-changes.ts'
import type { ExaminedSignature, LaterChange, PdfExamination, PdfFinding } from './examination.ts'
import { PdfFault } from './fault.ts'
import { Budget } from './reader/budget.ts'
import { openRevision, revisionEnds, type Revision } from './reader/revision.ts'
import { shownSignatures, type Shown } from './signatures/appearance.ts'
import { collectSignatures } from './signatures/collect.ts'
import { materialOf } from './signatures/material.ts'
import { readSignature, type FoundSignature } from './signatures/signature.ts'
import type { PdfSource } from './source.ts'

/** Examines a file. Never throws for what a stranger sent: what cannot be read, or costs too much, is said. The cost is bounded in steps; who needs a bound in seconds examines in the workers. */
export function examinePdf (source: PdfSource): PdfExamination {
  try {
    return examine(source)
  } catch (error) {
    return { kind: 'unreadable', findings: [faultOf(error)] }
  }
}

function examine (source: PdfSource): PdfExamination {
  const budget = new Budget()
  const revisions = revisionEnds(source, budget).map((end) => openRevision(source, end, budget))
  const newest = revisions.at(-1)!
  const shown = shownSignatures(newest)
  const found = collectSignatures(revisions, shown.fields)
  const first = found[0]?.revision ?? revisions.length
  const file = { revisions, shown, first, updates: updatesAfter(revisions.slice(first - 1), first) }
  return {
    kind: 'read', version: newest.version, pages: shown.pages, revisions: revisions.length,
    signatures: found.map((signature) => examineSignature(signature, file)),
    material: materialOf(newest),
  }
}

/** `first` is the revision of the first signature. */
type File = { revisions: readonly Revision[], shown: Shown, first: number, updates: readonly Update[] }

function examineSignature (found: FoundSignature, { revisions, shown, first, updates }: File): ExaminedSignature {
  const { name: field, revision } = found
  const appearances = found.widgets.flatMap((number) => shown.shown.get(number) ?? [])
  const [appearance] = appearances.map(({ page, rect }) => ({ page, rect }))
  const place = { field, revision, ...appearance && { appearance } }
  try {
    const { examined, permissions } = readSignature(found, revisions[revision - 1]!)
    const findings = [...examined.findings, ...revision > first ? coveringIn(appearances) : []]
    const coversWholeFile = revision === revisions.length && isAtEnd(examined, revisions.at(-1)!)
    return { ...place, ...examined, coversWholeFile, findings, later: boundedChanges(laterChanges({ revision, ...permissions }, updates)) }
  } catch (error) {
    // What is broken about one signature does not keep the others from being judged
    return { ...place, kind: 'signature', subFilter: '', byteRange: [], coversWholeFile: false, cms: new Uint8Array(), digests: {}, claims: {}, findings: [faultOf(error)], later: [] }
  }
}

/** How much of a page a signature may take up: a seal in its real size has a fiftieth of a page of A4, a block of text with an image a tenth at most. */
const MOST_COVERED = 1 / 8

/** Whoever signs a page that others have signed must not lay another one over it. */
function coveringIn (appearances: readonly { page: number, share: number }[]): PdfFinding[] {
  const covering = [...Map.groupBy(appearances, ({ page }) => page)].find(([, all]) => !(all.reduce((sum, { share }) => sum + share, 0) <= MOST_COVERED))
  return covering ? [{ code: 'PDF_SIGNATURE_COVERS', detail: `page ${covering[0]}` }] : []
}

/** Whether an honest range leaves nothing of the file but an end of line: programs differ on whose the last one is. Viewers accept more behind it. */
function isAtEnd ({ byteRange: [, , second = 0, rest = 0], findings }: Pick<ExaminedSignature, 'byteRange' | 'findings'>, { source, end }: Revision): boolean {
  if (findings.some(({ code }) => code === 'PDF_BYTE_RANGE')) return false
  const behind = source.read(second + rest, Math.min(end, second + rest + 3)).toString('latin1')
  return ['', '\n', '\r', '\r\n'].includes(behind)
}

/** Verdicts are kept for each signature; nobody reads on. */
const MOST_CHANGES = 100

/** The first of too many, and of those the ones that are not permitted: they decide. */
function boundedChanges (changes: LaterChange[]): LaterChange[] {
  return changes.length <= MOST_CHANGES ? changes : changes.toSorted((one, other) => Number(one.permitted) - Number(other.permitted)).slice(0, MOST_CHANGES)
}

function faultOf (error: unknown): PdfFinding {
  if (error instanceof PdfFault) return { code: error.code, detail: error.detail }
  throw error
}
