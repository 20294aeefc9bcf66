/**
 * Certificate policies along a path (RFC 5280, 6.1.2–6.1.5). Of the tree of valid policies only the lowest level is kept, each policy once with the
 * policies of the first domain that it goes back to: what RFC 9618 makes of the tree, which otherwise grows exponentially with hostile mappings.
 */
import type { CertificateContent } from '../asn1/certificate.ts'
import type { PathFinding } from './reasons.ts'

/** Where the judgement of policies starts (RFC 5280, 6.1.1 (c), (e), (f), (g)). `initial` are the policies that are acceptable, every one when absent. */
export type PolicyInputs = { initial?: readonly string[], requireExplicit?: boolean, inhibitMapping?: boolean, inhibitAny?: boolean }

const ANY_POLICY = '2.5.29.32.0'

/** A policy that is valid so far: what certificates below call it, and from which policies that the root's users know it stems. */
type Valid = { expected: ReadonlySet<string>, roots: ReadonlySet<string> }

type State = {
  valid: Map<string, Valid>
  /** How many certificates may follow before an explicit policy is needed, mapping is over, and anyPolicy says nothing */
  explicit: number
  mapping: number
  anyPolicy: number
}

/** What stands against the policies of a path: the root first, which narrows but declares none, the signer last. */
export function judgePolicies (path: readonly CertificateContent[], { initial, requireExplicit, inhibitMapping, inhibitAny }: PolicyInputs): PathFinding[] {
  const [root, ...links] = path
  const start = links.length + 1
  const state: State = {
    valid: new Map([[ANY_POLICY, { expected: new Set([ANY_POLICY]), roots: new Set([ANY_POLICY]) }]]),
    explicit: requireExplicit ? 0 : start,
    mapping: inhibitMapping ? 0 : start,
    anyPolicy: inhibitAny ? 0 : start,
  }
  // RFC 5937, 3.2: what a root says against itself holds too
  if (root !== undefined) narrow(state, root)
  for (const [index, link] of links.entries()) {
    const isLast = index === links.length - 1
    const isSelfIssued = link.subject === link.issuer
    state.valid = validBelow(state, link, isSelfIssued && !isLast)
    if (state.explicit === 0 && state.valid.size === 0) return [{ code: 'POLICY_MISSING', detail: link.policies.join(' ') }]
    if (isLast) break
    if (link.policyMappings.some((pair) => pair.includes(ANY_POLICY))) return [{ code: 'POLICY_MAPPING_WRONG' }]
    map(state, link.policyMappings)
    if (!isSelfIssued) countDown(state)
    narrow(state, link)
  }
  const last = links.at(-1)
  if (last === undefined) return []
  // 6.1.5 (a), (b)
  const isExplicit = state.explicit <= 1 || last.requireExplicitPolicy === 0
  return isExplicit && !meets(state, initial) ? [{ code: 'POLICY_MISSING', detail: initial?.join(' ') ?? last.policies.join(' ') }] : []
}

/** 6.1.3 (d), (e): the policies that the certificate declares and that were expected of it. */
function validBelow ({ valid, anyPolicy }: State, { policies }: CertificateContent, isSelfIssuedCa: boolean): Map<string, Valid> {
  const below = new Map<string, Valid>()
  const parents = new Map<string, Set<string>>()
  for (const { expected, roots } of valid.values()) {
    for (const policy of expected) parents.set(policy, (parents.get(policy) ?? new Set()).union(roots))
  }
  const add = (policy: string, roots: ReadonlySet<string>) => below.set(policy, { expected: new Set([policy]), roots })
  for (const policy of policies) {
    const roots = parents.get(policy)
    if (policy === ANY_POLICY) continue
    if (roots !== undefined) add(policy, roots)
    else if (valid.has(ANY_POLICY)) add(policy, new Set([policy]))
  }
  if (policies.includes(ANY_POLICY) && (anyPolicy > 0 || isSelfIssuedCa)) {
    for (const [policy, roots] of parents) if (!below.has(policy)) add(policy, roots)
  }
  return below
}

/** 6.1.4 (b): what the certificates below call a policy; without the right to map it, it ends here. */
function map ({ valid, mapping }: State, mappings: CertificateContent['policyMappings']): void {
  for (const [policy, pairs] of Map.groupBy(mappings, ([issuerDomain]) => issuerDomain)) {
    const expected = new Set(pairs.map(([, subjectDomain]) => subjectDomain))
    const known = valid.get(policy)
    if (mapping === 0) valid.delete(policy)
    else if (known !== undefined) valid.set(policy, { ...known, expected })
    else if (valid.has(ANY_POLICY)) valid.set(policy, { expected, roots: new Set([policy]) })
  }
}

/** 6.1.4 (h). */
function countDown (state: State): void {
  state.explicit = Math.max(state.explicit - 1, 0)
  state.mapping = Math.max(state.mapping - 1, 0)
  state.anyPolicy = Math.max(state.anyPolicy - 1, 0)
}

/** 6.1.4 (i), (j). */
function narrow (state: State, { requireExplicitPolicy = Infinity, inhibitPolicyMapping = Infinity, inhibitAnyPolicy = Infinity }: CertificateContent): void {
  state.explicit = Math.min(state.explicit, requireExplicitPolicy)
  state.mapping = Math.min(state.mapping, inhibitPolicyMapping)
  state.anyPolicy = Math.min(state.anyPolicy, inhibitAnyPolicy)
}

/** 6.1.5 (g): whether a policy is left that the user accepts. */
function meets ({ valid }: State, initial: readonly string[] | undefined): boolean {
  if (valid.size === 0) return false
  if (initial === undefined || initial.includes(ANY_POLICY)) return true
  if (valid.has(ANY_POLICY)) return initial.length > 0
  return [...valid.values()].some(({ roots }) => initial.some((policy) => roots.has(policy)))
}
