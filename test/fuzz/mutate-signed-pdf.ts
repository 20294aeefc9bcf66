/** Changes to signed PDFs as an attacker would make them: updates that say an object otherwise, other ranges, exchanged objects and values. */
import { updateOf, type Objects } from '../support/pdf.ts'
import { lastSignatureIn } from '../support/altered-pdf.ts'
import { mutateBytes } from './mutate-bytes.ts'
import { mutatePdf } from './mutate-pdf.ts'
import type { Random } from './random.ts'

/** Changes a signed file, once or twice; `objects` are what its newest revision holds. */
export function mutateSignedPdf (pdf: Buffer, objects: Objects, random: Random): Buffer {
  const once = mutateOnce(pdf, objects, random)
  return random.below(3) === 0 && once.length > 200 ? mutateOnce(once, objects, random) : once
}

function mutateOnce (pdf: Buffer, objects: Objects, random: Random): Buffer {
  const numbers = Object.keys(objects).map(Number)
  const [number, other] = [random.pick(numbers), random.pick(numbers)]
  const [last, next] = [Math.max(...numbers), Math.max(...numbers) + 1 + random.below(2)]
  const form = random.pick([{}, {}, { xref: 'stream' }, { xref: 'stream', compressed: numbers }] as const)
  const body = objects[number]!
  const place = lastSignatureIn(pdf)
  try {
    switch (random.below(12)) {
      // An update that says an object, or two of them, otherwise
      case 0: return updateOf(pdf, { [number]: changed(body, objects, random) }, form)
      case 1: return updateOf(pdf, { [number]: changed(body, objects, random), [other]: changed(objects[other]!, objects, random) }, form)
      case 2: return updateOf(pdf, { [number]: objects[other]! }, form)
      // A copy beside it, to which the update leads
      case 3: return updateOf(pdf, { [next]: changed(body, objects, random), [other]: replaced(objects[other]!, new RegExp(`\\b${number} 0 R`), `${next} 0 R`) }, form)
      case 4: return updateOf(pdf, { [last]: body }, { ...form, trailer: `/Root ${random.pick([number, other, next])} 0 R` })
      case 5: return updateOf(pdf, { [number]: body }, { ...form, free: [other] })
      // What was there before comes back, or the last signature is taken away
      case 6: return Buffer.concat([pdf, pdf.subarray(pdf.lastIndexOf('%%EOF', pdf.length - 20) + 6)])
      case 7: return pdf.subarray(0, random.pick([...pdf.toString('latin1').matchAll(/%%EOF\n?/g)].map(({ index, 0: whole }) => index + whole.length - random.below(2))))
      // Another range, of the same length in bytes, over the file as it is or with more behind it
      case 8: return place ? written(pdf, place.rangeAt, rangeText(place.range.map((value) => value + random.pick([0, 0, 1, -1, random.below(100)])), place.rangeText)) : pdf
      case 9: {
        const update = updateOf(pdf, { [number]: changed(body, objects, random) }, form)
        const [from, length, second] = place?.range ?? [0, 0, 0]
        return place ? written(update, place.rangeAt, rangeText([from, length, second, update.length - second], place.rangeText)) : pdf
      }
      case 10: return place ? written(pdf, place.open + 1 + random.below(place.close - place.open), random.pick(['0', '1', 'a', 'F', '>', '<', ' ', '%', '00', '41'])) : pdf
      default: return mutatePdf(pdf, random)
    }
  } catch {
    // An earlier change took away what the update builds on
    return mutateBytes(pdf, random)
  }
}

/** An object with another reference, key, number or string. */
function changed (body: Objects[number], objects: Objects, random: Random): Objects[number] {
  if (typeof body !== 'string') {
    return random.below(2) === 0 ? { ...body, data: mutateBytes(Buffer.from(body.data), random) } : { ...body, entries: text(body.entries ?? '/X 1', objects, random) }
  }
  return text(body, objects, random)
}

function text (body: string, objects: Objects, random: Random): string {
  const tokens = [...body.matchAll(/\d+ 0 R|\/[A-Za-z0-9.]+|\([^()]*\)|-?\d+(\.\d+)?|\[[^[\]]*\]|<<[^<>]*>>/g)].map(({ index, 0: whole }) => ({ index, whole }))
  if (tokens.length === 0) return body
  const { index, whole } = random.pick(tokens)
  const by = random.pick([
    random.pick(tokens).whole, `${random.pick(Object.keys(objects))} 0 R`, 'null', '', '0', '1000', '(x)', '[]', '<< >>', '/Fields', '/Annots', '/Contents', '/V',
    `${whole} /AA << /O << /S /JavaScript /JS (app.alert(1)) >> >>`, `${whole} /AcroForm << /Fields [] /NeedAppearances true >>`, `${whole} /Rotate 90`, `${whole} /OpenAction [4 0 R /Fit]`, `${whole} /F 2`,
  ])
  return body.slice(0, index) + by + body.slice(index + whole.length)
}

function replaced (body: Objects[number], pattern: RegExp, by: string): Objects[number] {
  return typeof body === 'string' ? body.replace(pattern, by) : { ...body, entries: (body.entries ?? '').replace(pattern, by) }
}

function rangeText (range: readonly number[], old: string): string {
  return `/ByteRange [${range.join(' ')}`.padEnd(old.length - 1).slice(0, old.length - 1)
}

function written (pdf: Buffer, at: number, by: string): Buffer {
  const copy = Buffer.from(pdf)
  copy.write(by, at, 'latin1')
  return copy
}
