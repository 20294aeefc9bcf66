/** What differs between a document and its seal. */
import type { attachmentDigests, survivingFields } from '../edxml/identity.ts'
import type { SigningFinding } from './reasons.ts'

/** What a seal says of a document: what crosses the axis unharmed. */
export type Sealed = { fields: ReturnType<typeof survivingFields>, attachments: ReturnType<typeof attachmentDigests> }

/** As many names of each kind as a person would read. */
const MOST_NAMED = 20

/** Every field and attachment in which the two differ, by name, and whether they are about different documents altogether. */
export function differences (sealed: Sealed, come: Sealed): SigningFinding[] {
  const fields = changedFields(new Map(sealed.fields), new Map(come.fields))
  return [
    ...(fields.includes('MessageHeader.DocumentId') ? [{ code: 'SEAL_OTHER_DOCUMENT' } as const] : []),
    ...named('SEAL_FIELD_CHANGED', fields),
    ...changedAttachments(sealed.attachments, come.attachments),
  ]
}

function changedFields (sealed: ReadonlyMap<string, string>, come: ReadonlyMap<string, string>): string[] {
  return [...new Set([...sealed.keys(), ...come.keys()])].filter((path) => sealed.get(path) !== come.get(path))
}

/** Attachments are told apart by name; those of one name by their content, so that two of them may stand in any order. */
function changedAttachments (sealed: Sealed['attachments'], come: Sealed['attachments']): SigningFinding[] {
  const gone = without(sealed, come)
  const added = without(come, sealed)
  const changed = gone.filter(({ name }) => {
    const at = added.findIndex((attachment) => attachment.name === name)
    if (at !== -1) added.splice(at, 1)
    return at !== -1
  })
  const names = (attachments: Sealed['attachments']) => attachments.map(({ name }) => name)
  return [
    ...named('SEAL_ATTACHMENT_CHANGED', names(changed)),
    ...named('SEAL_ATTACHMENT_MISSING', names(gone.filter((attachment) => !changed.includes(attachment)))),
    ...named('SEAL_ATTACHMENT_ADDED', names(added)),
  ]
}

/** Those of the first list that the second does not have, each counted as often as it stands there. */
function without (these: Sealed['attachments'], those: Sealed['attachments']): Sealed['attachments'] {
  const left = those.map(keyOf)
  return these.filter((attachment) => {
    const at = left.indexOf(keyOf(attachment))
    if (at !== -1) left.splice(at, 1)
    return at === -1
  })
}

const keyOf = ({ name, size, sha256 }: Sealed['attachments'][number]): string => `${sha256} ${size} ${name}`

function named (code: SigningFinding['code'], names: readonly string[]): SigningFinding[] {
  const findings = names.slice(0, MOST_NAMED).map((detail) => ({ code, detail }))
  return names.length > MOST_NAMED ? [...findings, { code, detail: `+ ${names.length - MOST_NAMED}` }] : findings
}
