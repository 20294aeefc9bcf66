/**
 * Agency identification codes: what a code looks like. Whether an agency has it, only the registry can say:
 * irregular codes such as `vxp.saas.03` are alive on the axis, so the pattern classifies and never refuses.
 */
import { Refusal } from '../errors.ts'

declare const parsed: unique symbol

/** A code that may stand in the registry: trimmed, not empty, at most 35 characters (Decision 20/2020). */
export type AgencyCode = string & { readonly [parsed]: 'AgencyCode' }

export type CodeScheme = 'qcvn102' | 'qd20' | 'other'

/** QCVN 102:2016: level 4 . level 3 . level 2 . level 1, 13 characters. */
const QCVN102 = /^\d{3}\.\d{2}\.\d{2}\.[A-Z]\d{2}$/
/** Decision 20/2020/QĐ-TTg: top-down groups; level 1 is a letter and two digits. */
const QD20 = /^[A-Z]\d{2}(\.[0-9A-Z]+)*$/
const LONGEST = 35

/** Takes a code as somebody wrote it, or refuses it, naming the field it stood in. */
export function parseAgencyCode (text: string, field: string): AgencyCode {
  const code = text.trim()
  if (code === '' || code.length > LONGEST || /\s/.test(code)) throw new Refusal('RECIPIENT_UNKNOWN', { field, detail: code.slice(0, LONGEST) })
  return code as AgencyCode
}

export function schemeOf (code: string): CodeScheme {
  if (QCVN102.test(code)) return 'qcvn102'
  return QD20.test(code) ? 'qd20' : 'other'
}

/** Integration centres (level 1 `W..`) forward packets and are never a recipient (axis.md 3.3). */
export function isIntegrationCentre (code: string): boolean {
  return /(^|\.)W\d{2}(\.|$)/.test(code)
}
