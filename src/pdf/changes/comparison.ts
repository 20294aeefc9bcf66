/** Two adjacent revisions beside each other, and what is said of the differences. */
import type { ChangeKind } from '../examination.ts'
import type { Revision } from '../reader/revision.ts'
import type { Differences } from './differences.ts'
import type { Field } from './fields.ts'
import type { Same } from './same.ts'

/** One thing that an update did; `detail` names the object, its entry or the field. `other` is what no signature permits. */
export type Change = { kind: ChangeKind, detail?: string, field?: string }

/** Everything that the rules look at. */
export type Comparison = Differences & {
  earlier: Revision
  later: Revision
  same: Same
  /** The form's fields by object number, before and after */
  before: ReadonlyMap<number, Field>
  after: ReadonlyMap<number, Field>
  /** By which viewers draw what has no appearance of its own */
  appearances: ReadonlySet<string | undefined>
}

/** A change that has no permitted purpose. */
export function other (detail: string, field?: string): Change {
  return { kind: 'other', detail, ...field !== undefined && { field } }
}
