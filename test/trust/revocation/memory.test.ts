/** What is held in memory is bounded, and the newest of each kind is what stays. */
import t from 'tap'
import { issueCrl } from '../../../certs-example/revocation.ts'
import { readCrl } from '../../../src/trust/revocation/crl.ts'
import { createMemory, CRL_VERSIONS } from '../../../src/trust/revocation/memory.ts'
import type { OcspAnswer } from '../../../src/trust/revocation/ocsp.ts'
import { makeCa } from '../world.ts'

const day = (number: number) => new Date(Date.UTC(2026, 0, number))
const [one, two] = [makeCa('One'), makeCa('Two')]
const crl = (issuer: typeof one, number: number) => readCrl(issueCrl({ issuer, number, thisUpdate: day(number), nextUpdate: day(number + 7) }))
/** Nothing but what the memory looks at. */
const answer = (number: number, size = 100) => ({ bytes: Buffer.alloc(size), sha256: `${number}`, producedAt: day(number) }) as OcspAnswer

t.test('the newest CRLs of each issuer and scope are held, newest first, in whatever order they come', async (t) => {
  const memory = createMemory()
  const crls = [3, 1, 6, 2, 5, 4].map((number) => crl(one, number))
  for (const one of [...crls, ...crls]) memory.holdCrl(one, 'a')
  memory.holdCrl(crl(one, 1), 'b')
  memory.holdCrl(crl(two, 1), 'a')
  t.same(memory.crls(crl(one, 1).issuer).map(({ thisUpdate }) => thisUpdate), [6, 5, 4, 3, 1].map(day), `${CRL_VERSIONS} of a scope`)
  t.equal(memory.crls(crl(two, 1).issuer).length, 1)
  t.same(memory.crls('nobody'), [])
})

t.test('over the bound of bytes go first those that newer ones have replaced', async (t) => {
  const size = crl(one, 1).bytes.length
  const memory = createMemory({ crl: size * 3 + 10, ocsp: 0 })
  for (const number of [1, 2, 3, 4]) memory.holdCrl(crl(one, number), 'a')
  memory.holdCrl(crl(two, 1), 'a')
  t.same(memory.crls(crl(one, 1).issuer).map(({ thisUpdate }) => thisUpdate), [day(4), day(3)])
  t.equal(memory.crls(crl(two, 1).issuer).length, 1, 'the only one of its CA stays')
})

t.test('the newest OCSP answers are held; over the bound go those of whom nothing was heard for longest', async (t) => {
  const memory = createMemory({ crl: 0, ocsp: 1000 })
  for (const number of [2, 1, 3, 3]) memory.holdOcsp('a', answer(number))
  t.same(memory.ocsp('a').map(({ sha256 }) => sha256), ['3', '2'])
  for (let number = 0; number < 8; number++) memory.holdOcsp(`b${number}`, answer(1))
  t.equal(memory.ocsp('a').length, 2)
  memory.holdOcsp('c', answer(1))
  t.equal(memory.ocsp('a').length, 0)
  t.equal(memory.ocsp('b0').length, 1)
  memory.holdOcsp('b0', answer(2, 2000))
  t.equal(memory.ocsp('b0').length, 0, 'one that is too large alone is not held')
})
