import t from 'tap'

import { judgePath } from '../../../src/trust/path/path.ts'
import type { PolicyInputs } from '../../../src/trust/path/policies.ts'
import type { Extension } from '../../../certs-example/issue.ts'
import { AT, makeCa, makeLeaf, storeOf } from '../world.ts'
import { der, inhibitAnyPolicy, oid, policies, policyConstraints, policyMappings } from './extensions.ts'

const ANY = '2.5.29.32.0'
const [P1, P2, P3] = ['1.2.3.1', '1.2.3.2', '1.2.3.3'] as const
const root = makeCa('root')

/** Judges a path whose CAs, the highest first, and signer have these extensions. */
function codes (extensions: Extension[][], inputs: PolicyInputs = {}): string[] {
  const cas = [root]
  for (const [level, own] of extensions.slice(0, -1).entries()) cas.push(makeCa(`level ${level}`, cas.at(-1), { extensions: own }))
  const leaf = makeLeaf(cas.at(-1)!, { extensions: extensions.at(-1)! })
  const { result, reasons } = judgePath(leaf.certificate, storeOf([root], cas.slice(1)), AT, { policies: inputs })
  return [result, ...reasons.map(({ code }) => code)]
}

const MISSING = ['invalid', 'POLICY_MISSING']

t.test('policies bind nobody unless a policy is asked for', async (t) => {
  t.strictSame(codes([[policies(P1)], [policies(P2)]]), ['valid'])
  t.strictSame(codes([[policies(P1)], []]), ['valid'])
  t.strictSame(codes([[policies(P1)], [policies(P2)]], { initial: [P3] }), ['valid'])
})

t.test('where one is asked for, it must hold from the root down', async (t) => {
  const requireExplicit = true
  t.strictSame(codes([[policies(P1)], [policies(P1, P2)]], { requireExplicit }), ['valid'])
  t.strictSame(codes([[policies(P1)], [policies(P2)]], { requireExplicit }), MISSING)
  t.strictSame(codes([[], [policies(P2)]], { requireExplicit }), MISSING)
  t.strictSame(codes([[policies(P1)], []], { requireExplicit }), MISSING)
  t.strictSame(codes([[policies(P1)], [policies(P1)]], { requireExplicit, initial: [P1, P2] }), ['valid'])
  t.strictSame(codes([[policies(P1)], [policies(P1)]], { requireExplicit, initial: [P2] }), MISSING)
  t.strictSame(codes([[policies(ANY)], [policies(P1)]], { requireExplicit, initial: [P1] }), ['valid'])
  t.strictSame(codes([[policies(ANY)], [policies(ANY)]], { requireExplicit, initial: [P3] }), ['valid'])
  t.strictSame(codes([[policies(P1)], [policies(P1)]], { requireExplicit, initial: [] }), MISSING)
})

t.test('a CA may ask for one of those below', async (t) => {
  const ask = (requireExplicit: number) => policyConstraints({ requireExplicit })
  t.strictSame(codes([[policies(P1), ask(0)], [policies(P1)]]), ['valid'])
  t.strictSame(codes([[policies(P1), ask(0)], []]), MISSING)
  t.strictSame(codes([[policies(P1), ask(2)], []]), ['valid'], 'only further down')
  t.strictSame(codes([[policies(P1), ask(1)], []]), MISSING)
  t.strictSame(codes([[policies(P1), ask(5)], [policies(P1), ask(0)], [policies(P2)]]), MISSING, 'the strictest counts')
  t.strictSame(codes([[], [ask(0)]]), MISSING, 'the signer asks it of its own path')
})

t.test('anyPolicy says nothing once it is inhibited', async (t) => {
  const requireExplicit = true
  t.strictSame(codes([[policies(ANY)], [policies(P1)]], { requireExplicit, inhibitAny: true }), MISSING)
  t.strictSame(codes([[policies(P1), inhibitAnyPolicy(0)], [policies(ANY)]], { requireExplicit }), MISSING)
  t.strictSame(codes([[policies(P1), inhibitAnyPolicy(1)], [policies(ANY)]], { requireExplicit }), ['valid'])
  t.strictSame(codes([[policies(P1), inhibitAnyPolicy(1)], [policies(P1)], [policies(ANY)]], { requireExplicit }), MISSING)
})

t.test('a policy counts under the name that the CA above maps to it', async (t) => {
  const requireExplicit = true
  const mapped = [[policies(P1), policyMappings([P1, P2])], [policies(P2)]]
  t.strictSame(codes(mapped, { requireExplicit, initial: [P1] }), ['valid'])
  t.strictSame(codes(mapped, { requireExplicit, initial: [P2] }), MISSING)
  t.strictSame(codes(mapped, { requireExplicit, inhibitMapping: true }), MISSING)
  t.strictSame(codes([mapped[0]!, [policies(P1)]], { requireExplicit }), MISSING, 'no longer under its own')
  t.strictSame(codes([[policies(ANY), policyMappings([P1, P2])], [policies(P2)]], { requireExplicit, initial: [P1] }), ['valid'], 'through anyPolicy')
  t.strictSame(codes([[policies(P1), policyConstraints({ inhibitMapping: 0 })], [policies(P1), policyMappings([P1, P2])], [policies(P2)]], { requireExplicit }), MISSING)
  t.strictSame(codes([[policies(P1), policyMappings([P1, ANY])], [policies(P1)]]), ['invalid', 'POLICY_MAPPING_WRONG'])
  t.strictSame(codes([[policies(P1), policyMappings([ANY, P1])], [policies(P1)]]), ['invalid', 'POLICY_MAPPING_WRONG'])
})

t.test('critical policies with a qualifier that nobody here can read are refused', async (t) => {
  const qualified = (critical: boolean, qualifier: string) => ({ id: '2.5.29.32', critical, value: der(0x30, der(0x30, oid(P1), der(0x30, der(0x30, oid(qualifier), der(0x16, 'x'))))) })
  t.strictSame(codes([[qualified(true, '2.999.1')]]), ['invalid', 'EXTENSION_UNKNOWN'])
  t.strictSame(codes([[qualified(false, '2.999.1')]]), ['valid'])
  t.strictSame(codes([[qualified(true, '1.3.6.1.5.5.7.2.1')]]), ['valid'])
  t.strictSame(codes([[policies(P1, P1)]]), ['invalid', 'CERTIFICATE_UNREADABLE'], 'a policy twice')
})

t.test('mappings of every policy to every other cost no more than their square', async (t) => {
  const all = Array.from({ length: 12 }, (_, index) => `1.2.3.${index}`)
  const everyPair = all.flatMap((one) => all.map((other): [string, string] => [one, other]))
  const hostile = Array.from({ length: 7 }, () => [policies(...all), policyMappings(...everyPair)])
  t.strictSame(codes([...hostile, [policies('1.2.3.5')]], { requireExplicit: true, initial: ['1.2.3.7'] }), ['valid'])
  t.strictSame(codes([...hostile, [policies('1.2.3.99')]], { requireExplicit: true }), MISSING)
})
