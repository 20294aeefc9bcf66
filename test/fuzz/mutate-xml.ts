/** Changes to XML, markup by markup: what a forger or a broken program would write. */
import { mutateBytes } from './mutate-bytes.ts'
import type { Random } from './random.ts'

const TAG = /<[/]?[A-Za-z][^<>]*>/g

/** Changes an element, an attribute, a namespace, a text or the prolog. */
export function mutateXml (bytes: Buffer, random: Random): Buffer {
  const text = bytes.toString()
  const elements = [...text.matchAll(/<([A-Za-z][\w:.-]*)(\s[^<>]*)?>[^<]*<\/\1>/g)].map(({ index, 0: whole }) => ({ from: index, to: index + whole.length, whole }))
  const tags = [...text.matchAll(TAG)].map(({ index, 0: whole }) => ({ from: index, to: index + whole.length, whole }))
  if (elements.length === 0 || tags.length === 0) return mutateBytes(bytes, random)
  const put = ({ from, to }: { from: number, to: number }, by: string) => Buffer.from(text.slice(0, from) + by + text.slice(to))
  const after = ({ to }: { to: number }, by: string) => put({ from: to, to }, by)
  const element = random.pick(elements)
  const other = random.pick(elements)
  const tag = random.pick(tags)
  const opening = random.pick(tags.filter(({ whole }) => !whole.startsWith('</')))
  const inText = element.whole.indexOf('>') + 1 + random.below(Math.max(1, element.whole.lastIndexOf('<') - element.whole.indexOf('>') - 1)) + element.from
  const within = { from: inText, to: inText }
  switch (random.below(18)) {
    case 0: return put(element, '')
    case 1: return put(element, element.whole.repeat(2))
    case 2: return put(element, other.whole)
    case 3: return after(tag, other.whole)
    case 4: return put(tag, '')
    case 5: return after(tag, tag.whole)
    case 6: return put(opening, opening.whole.replace(/\/?>$/, ` ${random.pick(['Id', 'ID', 'id', 'xml:id', 'xml:lang', 'xmlns', 'xmlns:edXML', 'x'])}="${random.pick(['it', '', 'urn:x', 'http://www.w3.org/2000/09/xmldsig#'])}"$&`))
    case 7: return put(opening, opening.whole.replace(/\s[\w:]+="[^"]*"/, ''))
    case 8: return put(opening, opening.whole.replace(/="[^"]*"/, `="${random.pick(['', '#it', 'urn:x', 'http://www.w3.org/2000/09/xmldsig#rsa-sha1', '&#x26;'])}"`))
    case 9: return put(opening, opening.whole.replace(/^<(\w+:)?/, random.pick(['<', '<x:', '<edXML:', '<ds:'])))
    case 10: return put(within, random.pick(['<!-- -->', '<![CDATA[x]]>', '<![CDATA[]]>', '<?p x?>', '&e;', '&amp;', '&#0;', '&#x41;', '&#xd;', ' ', '\r\n', '\u00a0', '\u200b', 'e\u0301', '\ufffe']))
    case 11: return Buffer.from(text.replace(/\?>|^/, `$&<!DOCTYPE ${random.pick(['edXML', 'x'])} [<!ENTITY e "${random.pick(['x', '&e;', '&#60;x/>'])}"><!ATTLIST edXML x CDATA "y">]>`))
    case 12: return Buffer.from(`${text}${random.pick([element.whole, '<x/>', 'x', '<!-- -->', '\0'])}`)
    case 13: return put(element, `<${random.pick(['x', 'Signature', 'edXML:To'])}>${element.whole}</${random.pick(['x', 'Signature', 'edXML:To'])}>`)
    case 14: return after(tag, random.pick([`${'<a>'.repeat(40)}${'</a>'.repeat(40)}`, '<a/>'.repeat(500), `<a ${Array.from({ length: 40 }, (_, index) => `a${index}=""`).join(' ')}/>`]))
    case 15: return put(element, element.whole.replace(/>[^<]*</, `>${random.pick(['', '*', '=', 'AAAA', '0', '-1', '9'.repeat(400), 'A'.repeat(20_000)])}<`))
    case 16: return Buffer.from(text.replaceAll(random.pick(['\n', '><', '"', 'edXML:']), random.pick(['\r\n', '> <', "'", ''])))
    default: return mutateBytes(bytes, random)
  }
}
