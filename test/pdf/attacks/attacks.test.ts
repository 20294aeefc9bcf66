import t from 'tap'
import { needsPrograms } from '../../support/signed-pdf.ts'
import { evilAnnotations, sneakySignatures } from './certification.ts'
import { incrementalSavings, universalForgeries, wrappings } from './forgery.ts'
import { hidings, hidingsAndReplacements, replacements } from './shadow.ts'
import { falseFields, nothings, numbers, streams, unfillable } from './silent.ts'
import { actions, exchanges, substitutions } from './structure.ts'
import { twoRoles } from './two-roles.ts'
import { judge, rendered, type Attack } from './world.ts'

const FAMILIES: [string, () => Promise<Attack[]>][] = [
  ['universal signature forgery', universalForgeries],
  ['incremental saving', incrementalSavings],
  ['signature wrapping', wrappings],
  ['a shadow document that hides', hidings],
  ['a shadow document that replaces', replacements],
  ['a shadow document that hides and replaces', hidingsAndReplacements],
  ['an evil annotation', evilAnnotations],
  ['a sneaky signature', sneakySignatures],
  ['an object with two roles', twoRoles],
  ['an annotation called a field', falseFields],
  ['an update that says nothing', nothings],
  ['what nobody fills in', unfillable],
  ['a number with a point', numbers],
  ['streams that poppler does not read', streams],
  ['exchanging signatures', exchanges],
  ['finding other objects', substitutions],
  ['an action', actions],
]

for (const [family, build] of FAMILIES) {
  t.test(`${family} is refused, while the files it starts from are valid`, needsPrograms('pdftoppm'), async (t) => {
    for (const { name, twin, attacked, codes, detail, isVisible } of await build()) {
      t.equal(judge(twin).result, 'valid', `${name}: the twin is valid`)
      const { result, reasons } = judge(attacked)
      t.not(result, 'valid', `${name}: refused`)
      const reason = reasons.find(({ code }) => codes.includes(code))
      t.ok(reason, `${name}: ${codes.join(' or ')} is named`, { reasons })
      if (detail) t.ok(reasons.some((one) => detail.test(one.detail ?? '')), `${name}: what was done is said`, { reasons })
      if (isVisible) t.notSame(rendered(attacked), rendered(twin), `${name}: pdftoppm shows something else`)
    }
  })
}
