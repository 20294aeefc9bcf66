/** Days and moments as commands print them: of Vietnam, as the days that are typed (Decision 28/2018, art. 14.4). */
import { vietnamTimestamp } from '../edxml/dates.ts'

/** `2027-03-31`; of a certificate's date that is none, its text. */
export function day (moment: Date | string): string {
  return written(moment, 10)
}

/** `2027-03-31 08:30` */
export function minute (moment: Date | string): string {
  return written(moment, 16).replace('T', ' ')
}

function written (moment: Date | string, length: number): string {
  const at = new Date(moment)
  return Number.isNaN(at.getTime()) ? String(moment) : vietnamTimestamp(at).slice(0, length)
}
