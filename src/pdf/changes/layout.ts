/** The bytes of an update: objects that its cross-reference lists, the section, its marker, whitespace and comments; nothing that some viewer could take for anything. */
import type { Revision } from '../reader/revision.ts'
import { strayBytes } from '../reader/stray.ts'

/** What stands in the update that made this revision and belongs to nothing; undefined when it is well-formed. */
export function strayIn (revision: Revision): string | undefined {
  if (revision.own.some(({ hidden }) => hidden !== undefined)) return 'a hybrid cross-reference: viewers see different updates'
  const stray = strayBytes(revision)
  return stray && `bytes from ${stray.from} to ${stray.to} that belong to no object, or could be taken for one`
}
