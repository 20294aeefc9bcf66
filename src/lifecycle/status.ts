/**
 * What a receiving agency did with a document (Decision 28/2018, art. 10.2h; axis.md 4).
 *
 *     01 arrived ─▶ 03 accepted ─▶ 04 assigned ─▶ 05 in progress (may repeat) ─▶ 06 completed
 *        └───────▶ 02 refused
 *
 * Statuses arrive out of order or skip steps in practice: a late one is kept in the history and takes nothing back.
 */

/** The codes an axis knows. `rank` orders the receiver's own progress; null: an answer that stands outside it. */
export const STATUSES = {
  '01': { rank: 1, vi: 'Đã đến', en: 'Arrived' },
  '02': { rank: 2, vi: 'Từ chối tiếp nhận', en: 'Refused' },
  '03': { rank: 2, vi: 'Đã tiếp nhận', en: 'Accepted' },
  '04': { rank: 3, vi: 'Đã phân công xử lý', en: 'Assigned' },
  '05': { rank: 4, vi: 'Đang xử lý', en: 'In progress' },
  '06': { rank: 5, vi: 'Đã hoàn thành', en: 'Completed' },
  '13': { rank: null, vi: 'Yêu cầu lấy lại', en: 'Take-back asked' },
  '15': { rank: null, vi: 'Đồng ý cập nhật, lấy lại', en: 'Update or take-back agreed' },
  '16': { rank: null, vi: 'Từ chối cập nhật, lấy lại', en: 'Update or take-back refused' },
} as const satisfies Record<string, { rank: number | null, vi: string, en: string }>

export type StatusCode = keyof typeof STATUSES

/** What a system may report for a document it holds; 01 is the gateway's own. */
export const REPORTABLE = ['02', '03', '04', '05', '06'] as const satisfies readonly StatusCode[]
export type Reportable = typeof REPORTABLE[number]

/** Codes of which the law wants the reason: a document that is refused goes back with feedback (Decision 28/2018, art. 5.4). */
export const NEEDS_REASON: readonly string[] = ['02']

export function isKnown (code: string): code is StatusCode {
  return Object.hasOwn(STATUSES, code)
}

/** The status a delivery shows after one more was heard. Unknown codes and answers outside the progress change nothing. */
export function statusAfter (current: string | null, heard: string): string | null {
  const rank = rankOf(heard)
  if (rank === null) return current
  return rank > (current === null ? 0 : rankOf(current) ?? 0) ? heard : current
}

/** Whether a system may report this code after the last one it reported: forward only, 05 as often as it likes. */
export function mayReport (last: string | null, code: Reportable): boolean {
  if (last === '02') return false
  if (code === '05' && last === '05') return true
  return STATUSES[code].rank > (last === null ? 0 : rankOf(last) ?? 0)
}

function rankOf (code: string): number | null {
  return isKnown(code) ? STATUSES[code].rank : null
}
