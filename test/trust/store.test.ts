import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import t from 'tap'

import { pem } from '../../certs-example/issue.ts'
import { Refusal } from '../../src/errors.ts'
import { readCrl } from '../../src/trust/revocation/crl.ts'
import { loadTrust } from '../../src/trust/store.ts'
import { keyPemOf, makeCa, makeCrl, makeLeaf } from './world.ts'

const root = makeCa('root')
const sub = makeCa('sub', root)
const text = ({ certificate }: typeof root) => pem('CERTIFICATE', certificate.raw)

t.test('every certificate of every file is loaded', async (t) => {
  const folder = t.testdir({ anchors: { 'a.pem': text(root) + text(makeCa('other')), '.keep': '' }, intermediates: { 'b.crt': `a comment\n${text(sub)}` } })
  const { domains: [domain] } = loadTrust(folder)
  t.strictSame(domain?.anchors.map(({ subject }) => subject), ['C=VN\nCN=root', 'C=VN\nCN=other'])
  t.strictSame(domain?.intermediates.map(({ subject }) => subject), ['C=VN\nCN=sub'])
})

t.test('every CRL of every file is loaded', async (t) => {
  const crls = [makeCrl(root), makeCrl(sub)].map(({ bytes }) => bytes)
  const folder = t.testdir({ anchors: { 'a.pem': text(root) }, crls: { 'a.crl': crls[0]!, 'b.pem': crls.map((crl) => pem('X509 CRL', crl)).join('') } })
  const loaded = loadTrust(folder).crls.map(readCrl)
  t.strictSame(loaded.map(({ bytes }) => bytes), [crls[0], ...crls])
})

t.test('a store without a root is refused', async (t) => {
  t.throws(() => loadTrust(t.testdirName), { code: 'SETUP_INVALID', message: /no trusted root/ })
  t.throws(() => loadTrust(t.testdir({ anchors: {}, intermediates: { 'b.pem': text(sub) } })), { message: /no trusted root/ })
})

t.test('every fault is told at once, by file', async (t) => {
  const key = keyPemOf(sub)
  const folder = t.testdir({
    anchors: { 'good.pem': text(root), 'leaf.pem': text(makeLeaf(sub)), 'notes.txt': 'roots of 2026', 'cut.pem': text(root).replace(/\n.{64}\n/, '\n') },
    intermediates: { 'with-key.pem': text(sub) + key },
    crls: { 'good.crl': makeCrl(root).bytes, 'cut.crl': makeCrl(root).bytes.subarray(1) },
  })
  mkdirSync(join(folder, 'intermediates/folder'))
  writeFileSync(join(folder, 'intermediates/empty.pem'), '')
  try {
    loadTrust(folder)
    t.fail('must be refused')
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    t.equal(error.fault.field, 'TRUST_DIR')
    for (const file of ['anchors/leaf.pem', 'anchors/notes.txt', 'anchors/cut.pem', 'intermediates/with-key.pem', 'intermediates/folder', 'intermediates/empty.pem', 'crls/cut.crl']) {
      t.match(error.fault.detail, file)
    }
    t.notMatch(error.fault.detail, /good\.(pem|crl)/)
  }
})
