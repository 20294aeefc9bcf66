/** The bytes of an update: objects that its cross-reference lists, the section, its marker, whitespace and comments; nothing that some viewer could take for anything. */
import { isWhitespace, Lexer } from '../reader/lexer.ts'
import { readIndirect } from '../reader/indirect.ts'
import type { Revision } from '../reader/revision.ts'

/** What a viewer looks for when it repairs a file. */
const KEYWORD = /xref|trailer|obj|%PDF-/
const LONGEST_COMMENT = 1024
const PERCENT = 0x25

/** What stands in the update that made this revision and belongs to nothing; undefined when it is well-formed. */
export function strayIn (revision: Revision): string | undefined {
  const { source, from, end, own, budget } = revision
  if (own.some(({ hidden }) => hidden !== undefined)) return 'a hybrid cross-reference: viewers see different updates'
  const section = own[0]!
  const objects = new Map<number, number>()
  for (const [number, entry] of section.entries) if (entry.kind === 'at' && entry.offset >= from && entry.offset !== section.from) objects.set(entry.offset, number)
  const lexer = new Lexer(source, from, end, budget)
  for (;;) {
    let number = objects.get(lexer.position)
    objects.delete(lexer.position)
    while (isWhitespace(lexer.at(lexer.position))) {
      number = objects.get(++lexer.position) ?? number
      objects.delete(lexer.position)
    }
    const at = lexer.position
    if (at >= end) break
    if (at === section.from) lexer.position = section.eof
    else if (number !== undefined) lexer.position = readIndirect(source, at, end, budget, revision.resolve).to
    else if (lexer.at(at) !== PERCENT) return `bytes from ${at} on that belong to no object`
    else {
      lexer.skip()
      const comment = source.read(at, Math.min(lexer.position, at + LONGEST_COMMENT)).toString('latin1')
      if (lexer.position - at > LONGEST_COMMENT || KEYWORD.test(comment)) return `a comment at byte ${at} that could be taken for more`
    }
  }
  const [hidden] = objects.values()
  return hidden === undefined ? undefined : `object ${hidden}, which lies within another`
}
