import { appendFileSync, closeSync, copyFileSync, mkdtempSync, openSync, readSync, rmSync, statSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'

import { signPdf } from '../../src/pdf/sign/sign.ts'
import { createPdfWorkers } from '../../src/pdf/workers.ts'
import { signerFromKey } from '../../src/trust/signers/key.ts'
import { needsProc, verifyInProcess, writeTrust } from '../support/pdf-process.ts'
import { writeLargePdf } from '../support/pdf.ts'
import { makePdfPki } from '../support/signed-pdf.ts'

/** What a process may take at most beyond one that verifies a file of a page. */
const MOST_MIB = 200

t.test('a signed file of 200 MB and one of 5,000 pages are judged within bounded memory, and found valid', needsProc, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'lienthong-scale-'))
  const workers = createPdfWorkers({ threads: 1 })
  t.teardown(async () => {
    await workers[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true })
  })
  const pki = makePdfPki()
  const [path, trust] = [join(folder, 'signed.pdf'), join(folder, 'trust.json')]
  writeTrust(trust, pki)
  const signer = signerFromKey(pki.agency.keys.privateKey, [pki.agency.certificate, pki.sub.certificate])
  const peakOf = async (pages: number, bytes: number) => {
    writeLargePdf(path, { pages, bytes })
    const { increment } = await signPdf({ path }, { as: 'annex', number: '12/QĐ-UBND', time: new Date() }, signer, workers)
    appendFileSync(path, increment)
    const { result, peakKiB } = await verifyInProcess({ path, trust })
    t.equal(result, 'valid', `${pages} pages, ${statSync(path).size} bytes`)
    return peakKiB / 1024
  }
  const least = await peakOf(1, 1000)
  for (const [pages, bytes] of [[20, 200_000_000], [5000, 20_000_000], [5000, 200_000_000]] as const) {
    const more = await peakOf(pages, bytes) - least
    t.ok(more < MOST_MIB, `${pages} pages, ${bytes} bytes: ${Math.round(more)} MiB more than ${Math.round(least)}`)
  }

  t.test('a change of one bit in the middle is found', async (t) => {
    copyFileSync(path, join(folder, 'changed.pdf'))
    const file = openSync(join(folder, 'changed.pdf'), 'r+')
    const octet = Buffer.alloc(1)
    readSync(file, octet, 0, 1, 100_000_000)
    octet[0]! ^= 1
    writeSync(file, octet, 0, 1, 100_000_000)
    closeSync(file)
    t.equal((await verifyInProcess({ path: join(folder, 'changed.pdf'), trust })).result, 'invalid')
  })
})
