/** How much a signature carries with it (EN 319 142-1, 6.3). */
import type { TokenVerdict } from '../trust/time/token.ts'
import type { ExaminedSignature } from './examination.ts'
import { SUB_FILTER } from './sub-filter.ts'
import type { PadesLevel } from './verdict.ts'

/** What was found with a signature. */
export type Carried = {
  /** Its value fits the certificate that came along */
  isNamed: boolean
  /** A time-stamp proves a moment for it */
  isStamped: boolean
  /** The file holds answers on the revocation of its whole chain */
  carriesAnswers: boolean
  /** Time-stamps over the document */
  stamps: readonly { signature: ExaminedSignature, token: TokenVerdict }[]
}

/** The highest level whose parts are there. What is worth what is for the verdict to say. */
export function levelOf ({ subFilter, revision, later }: ExaminedSignature, { isNamed, isStamped, carriesAnswers, stamps }: Carried): PadesLevel {
  if (subFilter !== SUB_FILTER.pades || !isNamed) return 'other'
  if (!isStamped) return 'B-B'
  if (!carriesAnswers) return 'B-T'
  // Answers that came later are about the time-stamps themselves
  const [answered = revision] = later.filter(({ kind }) => kind === 'validation-data').map((change) => change.revision)
  const isArchived = stamps.some(({ signature, token }) => token.result === 'valid' && signature.revision > revision && signature.revision >= answered)
  return isArchived ? 'B-LTA' : 'B-LT'
}
