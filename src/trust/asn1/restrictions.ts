/** The extensions by which a CA narrows what may follow it: name constraints and policies (RFC 5280, 4.2.1.4, 4.2.1.5, 4.2.1.10, 4.2.1.11). */
import { DerError, TAG, childrenOf, oidOf, readElements, smallIntegerOf, type Der } from './der.ts'
import { readGeneralName, type GeneralName } from './names.ts'

/** Names that certificates below may bear, form by form, and names that none may. */
export type NameConstraints = { permitted: GeneralName[], excluded: GeneralName[] }

/** What a certificate declares of policies. */
export type DeclaredPolicies = { policies: string[], unknownQualifiers: string[] }

/** RFC 5280, 4.2.1.4: the qualifiers it defines, the address of a practice statement and a notice to users. */
const QUALIFIERS = new Set(['1.3.6.1.5.5.7.2.1', '1.3.6.1.5.5.7.2.2'])

/** NameConstraints. A subtree with a minimum or maximum is malformed, since RFC 5280 gives neither a meaning. */
export function readSubtrees (constraints: Der): NameConstraints {
  const fields = childrenOf(constraints)
  const trees = (tag: number) => fields.filter((field) => field.tag === tag).flatMap(({ content }) => readElements(content)).map(readSubtree)
  return { permitted: trees(0xa0), excluded: trees(0xa1) }
}

function readSubtree (subtree: Der): GeneralName {
  const [base, ...bounds] = childrenOf(subtree)
  if (base === undefined) throw new DerError('a name constraint is empty')
  if (bounds.some(({ tag, content }) => tag !== 0x80 || content.length !== 1 || content[0] !== 0)) throw new DerError('a name constraint has a minimum or maximum')
  const tree = readGeneralName(base)
  // It would exclude nothing, however it was meant
  if ('text' in tree && /[^\x21-\x7e]/.test(tree.text)) throw new DerError('a name constraint is not written in ASCII')
  return tree
}

/** CertificatePolicies. */
export function readPolicies (extension: Der | undefined): DeclaredPolicies {
  const declared = extension === undefined ? [] : childrenOf(extension).map((policy) => childrenOf(policy))
  const policies = declared.map(([id]) => oidOf(id))
  if (new Set(policies).size !== policies.length) throw new DerError('a policy occurs twice')
  const qualifiers = declared.flatMap(([, list]) => list === undefined ? [] : childrenOf(list)).map((qualifier) => oidOf(childrenOf(qualifier)[0]))
  return { policies, unknownQualifiers: qualifiers.filter((id) => !QUALIFIERS.has(id)) }
}

/** PolicyMappings: which policy of the issuer's domain equals which of the subject's. */
export function readMappings (extension: Der | undefined): [issuerDomain: string, subjectDomain: string][] {
  if (extension === undefined) return []
  return childrenOf(extension).map((mapping) => {
    const [issuerDomain, subjectDomain] = childrenOf(mapping)
    return [oidOf(issuerDomain), oidOf(subjectDomain)]
  })
}

/** PolicyConstraints. */
export function readPolicyConstraints (extension: Der | undefined): { requireExplicitPolicy?: number, inhibitPolicyMapping?: number } {
  const fields = extension === undefined ? [] : childrenOf(extension)
  const skip = (tag: number) => {
    const field = fields.find((one) => one.tag === tag)
    return field && smallIntegerOf({ ...field, tag: TAG.integer })
  }
  const [requireExplicitPolicy, inhibitPolicyMapping] = [skip(0x80), skip(0x81)]
  return { ...(requireExplicitPolicy !== undefined && { requireExplicitPolicy }), ...(inhibitPolicyMapping !== undefined && { inhibitPolicyMapping }) }
}
