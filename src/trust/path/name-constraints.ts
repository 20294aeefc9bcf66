/** Whether the names in a certificate are those that the CAs above it may give (RFC 5280, 4.2.1.10 and 6.1.3 (b), (c)). */
import type { CertificateContent } from '../asn1/certificate.ts'
import type { GeneralName } from '../asn1/names.ts'
import type { NameConstraints } from '../asn1/restrictions.ts'
import type { PathFinding } from './reasons.ts'

/** What stands against the certificate's names, under the constraints of every CA above. */
export function judgeNames (content: CertificateContent, constraints: readonly NameConstraints[]): PathFinding[] {
  return constraints.flatMap((constraint) => namesIn(content).flatMap((name) => judgeName(name, constraint)))
}

/** RFC 5280, 4.2.1.10: the subject is a directory name unless it is empty, and a mail address in it counts as one. */
function namesIn ({ subjectParts, emails, alternativeNames }: CertificateContent): GeneralName[] {
  return [
    ...(subjectParts.length > 0 ? [{ form: 'directory' as const, parts: subjectParts }] : []),
    ...emails.map((text) => ({ form: 'email' as const, text })),
    ...alternativeNames,
  ]
}

function judgeName (name: GeneralName, { permitted, excluded }: NameConstraints): PathFinding[] {
  const sameForm = (tree: GeneralName) => tree.form === name.form && (name.form !== 'other' || (tree.form === 'other' && tree.tag === name.tag))
  const [allowing, forbidding] = [permitted.filter(sameForm), excluded.filter(sameForm)]
  if (allowing.length + forbidding.length === 0) return []
  if (name.form === 'other') return [{ code: 'NAME_FORM_UNJUDGED', detail: `[${name.tag & 0x1f}]` }]
  if (allowing.length > 0 && !allowing.some((tree) => covers(tree, name) === 'yes')) return [{ code: 'NAME_NOT_PERMITTED', detail: textOf(name) }]
  if (forbidding.some((tree) => covers(tree, name) !== 'no')) return [{ code: 'NAME_EXCLUDED', detail: textOf(name) }]
  return []
}

/** `unclear`, which a name that cannot be taken apart is, neither permits nor spares a name. */
type Covers = 'yes' | 'no' | 'unclear'

function covers (tree: GeneralName, name: GeneralName): Covers {
  if (tree.form === 'directory' && name.form === 'directory') return answer(tree.parts.every((part, index) => part === name.parts[index]))
  if (tree.form === 'email' && name.form === 'email') return coversEmail(tree.text, name.text)
  if (tree.form === 'dns' && name.form === 'dns') return coversDns(tree.text.toLowerCase(), name.text.toLowerCase())
  if (tree.form === 'uri' && name.form === 'uri') return coversUri(tree.text, name.text)
  if (tree.form === 'ip' && name.form === 'ip') return coversAddress(tree.octets, name.octets)
  return 'unclear'
}

/** One mailbox, every mailbox on a host, or, with a leading dot, on every host below. The part before the `@` keeps its case (RFC 5280, 7.5). */
function coversEmail (tree: string, name: string): Covers {
  const at = name.lastIndexOf('@')
  const host = name.slice(at + 1)
  if (at <= 0 || !isHost(host)) return 'unclear'
  if (!tree.includes('@')) return coversHost(tree, host)
  const split = tree.lastIndexOf('@')
  return answer(tree.slice(0, split) === name.slice(0, at) && tree.slice(split + 1).toLowerCase() === host.toLowerCase())
}

/** A name, and every one made by adding labels on its left. `*` may stand for any label, so it is forbidden wherever one of them is. */
function coversDns (tree: string, name: string): Covers {
  const labels = name.replace(/^\*\./, '')
  if (!isHost(labels)) return 'unclear'
  if (tree === '' || name === tree || name.endsWith(tree.startsWith('.') ? tree : `.${tree}`)) return 'yes'
  return name !== labels && tree.endsWith(`.${labels}`) ? 'unclear' : 'no'
}

/** RFC 5280, 4.2.1.10: only URIs with a host that is a domain name can be weighed. */
function coversUri (tree: string, name: string): Covers {
  const [, host] = /^[a-z][a-z0-9+.-]*:\/\/(?:[^/?#@\\]*@)?([^/?#@:\\]+)(?::\d*)?(?:[/?#]|$)/i.exec(name) ?? []
  if (host === undefined || !isHost(host) || /^[\d.]+$/.test(host)) return 'unclear'
  return coversHost(tree, host)
}

/** A host, or, with a leading dot, every host below. */
function coversHost (tree: string, host: string): Covers {
  const [wanted, found] = [tree.toLowerCase(), host.toLowerCase()]
  return answer(wanted.startsWith('.') ? found.endsWith(wanted) : found === wanted)
}

/** An address and a mask, each 4 octets or each 16. */
function coversAddress (tree: Buffer, name: Buffer): Covers {
  if ((name.length !== 4 && name.length !== 16) || (tree.length !== 8 && tree.length !== 32)) return 'unclear'
  if (tree.length !== name.length * 2) return 'no'
  const mask = tree.subarray(name.length)
  return answer(name.every((octet, index) => (octet & mask[index]!) === (tree[index]! & mask[index]!)))
}

function isHost (text: string): boolean {
  return /^(?!-)[a-z0-9_-]+(\.[a-z0-9_-]+)*$/i.test(text)
}

function answer (isCovered: boolean): Covers {
  return isCovered ? 'yes' : 'no'
}

function textOf (name: GeneralName): string {
  switch (name.form) {
    case 'directory': return 'directoryName'
    case 'ip': return name.octets.toString('hex')
    case 'other': return `[${name.tag & 0x1f}]`
    case 'email': case 'dns': case 'uri': return name.text
  }
}
