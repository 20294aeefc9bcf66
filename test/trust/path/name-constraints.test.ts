import t from 'tap'

import { judgePath } from '../../../src/trust/path/path.ts'
import { AT, makeCa, makeLeaf, needsOpenssl, opensslAccepts, storeOf } from '../world.ts'
import { name, nameConstraints, subjectAltName } from './extensions.ts'

type Case = [what: string, constraints: Parameters<typeof nameConstraints>[0], names: Buffer[], ...expected: string[]]

const root = makeCa('root')

function certify (constraints: Case[1], names: Buffer[]) {
  const sub = makeCa('sub', root, { extensions: [nameConstraints(constraints)] })
  return { leaf: makeLeaf(sub, { extensions: names.length === 0 ? [] : [subjectAltName(...names)] }), store: storeOf([root], [sub]) }
}

const CASES: Case[] = [
  ['the subject below a permitted name', { permitted: [name.directory('signer')] }, [], 'valid'],
  ['the subject beside a permitted name', { permitted: [name.directory('other')] }, [], 'invalid', 'NAME_NOT_PERMITTED'],
  ['the subject below one of two permitted names', { permitted: [name.directory('other'), name.directory()] }, [], 'valid'],
  ['the subject below an excluded name', { excluded: [name.directory('SIGNER')] }, [], 'invalid', 'NAME_EXCLUDED'],
  ['a directory name beside the subject', { permitted: [name.directory('signer')] }, [name.directory('else')], 'invalid', 'NAME_NOT_PERMITTED'],
  ['a form that is not constrained', { permitted: [name.dns('gov.vn')] }, [name.email('a@else.vn')], 'valid'],
  ['a mailbox on a permitted host', { permitted: [name.email('gov.vn')] }, [name.email('a@GOV.vn')], 'valid'],
  ['a mailbox below a permitted host', { permitted: [name.email('gov.vn')] }, [name.email('a@x.gov.vn')], 'invalid', 'NAME_NOT_PERMITTED'],
  ['a mailbox below a permitted domain', { permitted: [name.email('.gov.vn')] }, [name.email('a@x.gov.vn')], 'valid'],
  ['a mailbox on the domain itself', { permitted: [name.email('.gov.vn')] }, [name.email('a@gov.vn')], 'invalid', 'NAME_NOT_PERMITTED'],
  ['the one mailbox that is permitted', { permitted: [name.email('a@gov.vn')] }, [name.email('a@Gov.vn')], 'valid'],
  ['another mailbox than the permitted one', { permitted: [name.email('a@gov.vn')] }, [name.email('b@gov.vn')], 'invalid', 'NAME_NOT_PERMITTED'],
  ['what is no mailbox', { excluded: [name.email('else.vn')] }, [name.email('gov.vn')], 'invalid', 'NAME_EXCLUDED'],
  ['a permitted host', { permitted: [name.dns('gov.vn')] }, [name.dns('GOV.vn'), name.dns('x.y.gov.vn')], 'valid'],
  ['a host that only ends alike', { permitted: [name.dns('gov.vn')] }, [name.dns('mygov.vn')], 'invalid', 'NAME_NOT_PERMITTED'],
  ['one host too many', { permitted: [name.dns('gov.vn')] }, [name.dns('gov.vn'), name.dns('else.vn')], 'invalid', 'NAME_NOT_PERMITTED'],
  ['an excluded host', { excluded: [name.dns('gov.vn')] }, [name.dns('x.gov.vn')], 'invalid', 'NAME_EXCLUDED'],
  ['every host excluded', { excluded: [name.dns('')] }, [name.dns('x')], 'invalid', 'NAME_EXCLUDED'],
  ['a permitted address', { permitted: [name.ip(10, 1, 0, 0, 255, 255, 0, 0)] }, [name.ip(10, 1, 2, 3)], 'valid'],
  ['an address outside the network', { permitted: [name.ip(10, 1, 0, 0, 255, 255, 0, 0)] }, [name.ip(10, 2, 2, 3)], 'invalid', 'NAME_NOT_PERMITTED'],
  ['an excluded address', { excluded: [name.ip(10, 0, 0, 0, 255, 0, 0, 0)] }, [name.ip(10, 2, 2, 3)], 'invalid', 'NAME_EXCLUDED'],
  ['a permitted URI', { permitted: [name.uri('gov.vn')] }, [name.uri('https://gov.vn/x')], 'valid'],
  ['a URI on another host', { permitted: [name.uri('.gov.vn')] }, [name.uri('https://gov.vn/x')], 'invalid', 'NAME_NOT_PERMITTED'],
  ['an excluded URI', { excluded: [name.uri('.gov.vn')] }, [name.uri('https://u@x.gov.vn:8443')], 'invalid', 'NAME_EXCLUDED'],
  ['a URI without a host', { permitted: [name.uri('gov.vn')] }, [name.uri('urn:gov.vn')], 'invalid', 'NAME_NOT_PERMITTED'],
]

/** Where we are stricter than openssl, or weigh what it refuses otherwise. */
const OURS: Case[] = [
  ['a wildcard that may stand for an excluded host', { excluded: [name.dns('x.gov.vn')] }, [name.dns('*.gov.vn')], 'invalid', 'NAME_EXCLUDED'],
  ['an address that is none', { excluded: [name.ip(10, 0, 0, 0, 255, 0, 0, 0)] }, [name.ip(10, 2, 2)], 'invalid', 'NAME_EXCLUDED'],
  ['a URI that hides its host', { excluded: [name.uri('gov.vn')] }, [name.uri('https://else.vn\\@gov.vn/')], 'invalid', 'NAME_EXCLUDED'],
  ['a constrained form that cannot be judged', { permitted: [name.registered('2.999.1')] }, [name.registered('2.999.1')], 'invalid', 'NAME_FORM_UNJUDGED'],
  ['the same form, when no certificate bears it', { permitted: [name.registered('2.999.1')] }, [], 'valid'],
]

t.test('names must be those that the CAs above may give', async (t) => {
  for (const [what, constraints, names, ...expected] of [...CASES, ...OURS]) {
    const { leaf, store } = certify(constraints, names)
    const { result, reasons } = judgePath(leaf.certificate, store, AT)
    t.strictSame([result, ...reasons.map(({ code }) => code)], expected, what)
  }
})

t.test('openssl agrees', needsOpenssl, async (t) => {
  for (const [what, constraints, names, expected] of CASES) {
    const { leaf, store } = certify(constraints, names)
    t.equal(opensslAccepts(leaf.certificate.raw, store, AT), expected === 'valid', what)
  }
})

t.test('constraints bind every certificate below, but no CA that certifies a new key of itself', async (t) => {
  const codes = (leaf: ReturnType<typeof makeLeaf>, ...cas: ReturnType<typeof makeCa>[]) => judgePath(leaf.certificate, storeOf([root], cas), AT).reasons.map(({ code }) => code)
  const narrow = makeCa('narrow', root, { extensions: [nameConstraints({ permitted: [name.directory('signer'), name.directory('below')] })] })
  const below = makeCa('below', narrow)
  const beside = makeCa('beside', narrow)
  const renewed = makeCa('narrow', narrow)
  t.strictSame(codes(makeLeaf(below), narrow, below), [])
  t.strictSame(codes(makeLeaf(beside), narrow, beside), ['NAME_NOT_PERMITTED'])
  t.strictSame(codes(makeLeaf(renewed), narrow, renewed), [])
  t.strictSame(codes(makeLeaf(renewed, { name: { CN: 'else' } }), narrow, renewed), ['NAME_NOT_PERMITTED'])
  const wider = makeCa('below', narrow, { extensions: [nameConstraints({ permitted: [name.directory()] })] })
  t.strictSame(codes(makeLeaf(wider, { name: { CN: 'else' } }), narrow, wider), ['NAME_NOT_PERMITTED'], 'a CA below cannot widen them')
  const rooted = makeCa('root', undefined, { extensions: [nameConstraints({ excluded: [name.directory('signer')] })] })
  t.strictSame(judgePath(makeLeaf(rooted).certificate, storeOf([rooted]), AT).reasons.map(({ code }) => code), ['NAME_EXCLUDED'], 'a root binds itself')
})

t.test('a constraint with bounds or in no ASCII is unreadable, and so leads nowhere', async (t) => {
  const bounded = { ...nameConstraints({}), value: Buffer.from('300da00b3009820147800101', 'hex') }
  for (const extension of [bounded, nameConstraints({ excluded: [name.dns('gov\xe9.vn')] })]) {
    const sub = makeCa('sub', root, { extensions: [extension] })
    t.match(judgePath(makeLeaf(sub).certificate, storeOf([root], [sub]), AT), { result: 'invalid', reasons: [{ code: 'ISSUER_UNKNOWN' }] })
  }
})
