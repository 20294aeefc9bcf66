import type { Problem } from '../errors.ts'

/** A refusal as a person at the terminal reads it: code, both languages, and where the fault is. */
export function inWords ({ code, title, titleEn, field, line, detail }: Problem): string {
  const where = [field, line !== undefined && `dòng · line ${line}`, detail].filter(Boolean).join(', ')
  return `${code}: ${title} · ${titleEn}${where ? ` (${where})` : ''}`
}
