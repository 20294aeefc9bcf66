/** PDFs verified in fresh processes, whose memory can be measured: Linux tells it. */
import { spawn } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import type { Trust } from '../../src/trust/judge.ts'
import { DEFAULT_TRUST_POLICY } from '../../src/trust/policy.ts'
import { readCrl } from '../../src/trust/revocation/crl.ts'
import { knownFrom } from '../../src/trust/revocation/known.ts'
import type { PdfPki } from './signed-pdf.ts'

/** Options of a test that measures memory. */
export const needsProc = { skip: process.platform !== 'linux' && 'the memory of a process is read from /proc, which only Linux has' }

type TrustText = { anchors: string[], intermediates: string[], crls: string[] }

/** Writes what such a process rests its judgement on. */
export function writeTrust (path: string, { root, sub, crls }: PdfPki): void {
  const text = (bytes: Buffer) => bytes.toString('base64')
  writeFileSync(path, JSON.stringify({ anchors: [text(root.certificate.raw)], intermediates: [text(sub.certificate.raw)], crls: crls.map(text) } satisfies TrustText))
}

export function readTrust (path: string): Trust {
  const { anchors, intermediates, crls }: TrustText = JSON.parse(readFileSync(path, 'utf8'))
  const bytes = (text: string) => Buffer.from(text, 'base64')
  const certificates = (texts: string[]) => texts.map((text) => new X509Certificate(bytes(text)))
  return {
    domains: [{ label: 'test', anchors: certificates(anchors), intermediates: certificates(intermediates) }],
    timeStamping: null, policy: DEFAULT_TRUST_POLICY, revocation: knownFrom(crls.map((crl) => readCrl(bytes(crl)))),
  }
}

/** The result for a file, and the peak of the process's memory. Without a file, what Node takes by itself. */
export async function verifyInProcess (file?: { path: string, trust: string }): Promise<{ result: string, peakKiB: number }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'pdf-process-child.ts'), ...file ? [file.path, file.trust] : []], { stdio: ['ignore', 'pipe', 'inherit'], env: {} })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => { output += text })
  await new Promise((resolve, reject) => { child.on('close', resolve).on('error', reject) })
  return JSON.parse(output)
}
