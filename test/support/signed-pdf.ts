/** PDFs signed by programs of others (NSS through pdfsig, MuPDF, @signpdf) under a test hierarchy shaped like the Cipher Committee's, and what they say of a signed file. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SignPdf } from '@signpdf/signpdf'
import { plainAddPlaceholder } from '@signpdf/placeholder-plain'
import { P12Signer } from '@signpdf/signer-p12'

import {
  OID, authorityInfoAccess, basicConstraints, certificatePolicies, crlDistributionPoint, ecKeys, emailName, extendedKeyUsage, keyUsage, pem, rsaKeys, type Issued, type Keys,
} from '../../certs-example/issue.ts'
import { issueCrl } from '../../certs-example/revocation.ts'
import type { Trust } from '../../src/trust/judge.ts'
import { DEFAULT_TRUST_POLICY } from '../../src/trust/policy.ts'
import { readCrl } from '../../src/trust/revocation/crl.ts'
import { knownFrom } from '../../src/trust/revocation/known.ts'
import { TIME_STAMPING_PURPOSE } from '../trust/time/tsa.ts'
import { keyPemOf, makeCa, makeLeaf, storeOf } from '../trust/world.ts'

type Teardown = { teardown (end: () => unknown): void }

/** Valid for as long as anybody may run these tests. */
const SPAN = { notBefore: new Date('2020-01-01T00:00:00Z'), notAfter: new Date('2048-08-14T00:00:00Z') }
const HOUR = 3_600_000

/** Password of every PKCS #12 file made here. */
export const P12_PASSWORD = 'test'

/**
 * Root and subordinate CA of the Cipher Committee's second generation, a leader, an agency, a signer on P-256, a signer under a CA whose name is plain ASCII as in the first
 * generation, a stranger under a root of his own, and a time-stamping authority. Nobody is revoked.
 */
export type PdfPki = {
  root: Issued, sub: Issued, leader: Issued, agency: Issued, ec: Issued
  asciiSub: Issued, ofAscii: Issued
  stranger: Issued, strangersRoot: Issued
  tsaRoot: Issued, tsa: Issued
  /** CRLs of the root, the subordinate CAs and the time-stamping root, in DER, made an hour ago and good for forty days */
  crls: Buffer[]
  /** What a judgement of these files rests on */
  trust: Trust
}

/** Makes the hierarchy: keys are new. */
export function makePdfPki (): PdfPki {
  const O = 'Ban Cơ yếu thử nghiệm'
  const root = makeCa('RootCA thử nghiệm G2', undefined, { name: { CN: 'RootCA thử nghiệm G2', O }, keys: rsaKeys(2048), ...SPAN })
  const ofRoot = [authorityInfoAccess({ caIssuers: 'http://ca.gov.vn.invalid/rootcag2.crt', ocsp: 'http://ocsp.ca.gov.vn.invalid/' }), crlDistributionPoint('http://ca.gov.vn.invalid/rootcag2.crl')]
  const CN = 'CA thử nghiệm phục vụ các cơ quan Nhà nước G2'
  const sub = makeCa(CN, root, { name: { CN, O }, keys: rsaKeys(2048), ...SPAN, extensions: [basicConstraints(true, 0), ...ofRoot] })
  const leader = signerUnder(sub, { CN: 'Nguyễn Văn Minh', O: 'UBND tỉnh thử nghiệm' }, rsaKeys(2048))
  const agency = signerUnder(sub, { CN: 'UBND tỉnh thử nghiệm', O: 'UBND tỉnh thử nghiệm', L: 'Hà Nội' }, rsaKeys(3072))
  const ec = signerUnder(sub, { CN: 'Trần Thị P-256', O: 'UBND tỉnh thử nghiệm' }, ecKeys('prime256v1'))
  const ascii = 'Co quan chung thuc so thu nghiem'
  const asciiSub = makeCa(ascii, root, { name: { CN: ascii, O: 'Ban Co yeu thu nghiem' }, keys: rsaKeys(2048), ...SPAN, extensions: ofRoot })
  const ofAscii = signerUnder(asciiSub, { CN: 'Nguyen Van Minh', O: 'UBND tinh thu nghiem' }, rsaKeys(2048))
  const strangersRoot = makeCa('Root of a stranger', undefined, { keys: rsaKeys(2048), ...SPAN })
  const stranger = makeLeaf(strangersRoot, { name: leader.name, keys: rsaKeys(2048), ...SPAN })
  const tsaRoot = makeCa('Root TSA thử nghiệm', undefined, { keys: rsaKeys(2048), ...SPAN })
  const tsa = makeLeaf(tsaRoot, { name: { CN: 'TSA thử nghiệm' }, keys: rsaKeys(2048), ...SPAN, extensions: [TIME_STAMPING_PURPOSE] })
  const crls = [root, sub, asciiSub, tsaRoot].map((issuer) => issueCrl({ issuer, thisUpdate: new Date(Date.now() - HOUR), nextUpdate: new Date(Date.now() + 40 * 24 * HOUR) }))
  const trust: Trust = {
    domains: [{ ...storeOf([root], [sub, asciiSub]), label: 'thử nghiệm' }], timeStamping: { ...storeOf([tsaRoot]), label: 'TSA thử nghiệm' },
    policy: DEFAULT_TRUST_POLICY, revocation: knownFrom(crls.map((crl) => readCrl(crl))),
  }
  return { root, sub, leader, agency, ec, asciiSub, ofAscii, stranger, strangersRoot, tsaRoot, tsa, crls, trust }
}

/** A signer's certificate with the profile of the Cipher Committee's second generation. */
export function signerUnder (sub: Issued, name: Issued['name'], keys: Keys): Issued {
  return makeLeaf(sub, {
    name, keys, ...SPAN,
    extensions: [
      keyUsage('digitalSignature', 'nonRepudiation', 'keyEncipherment', 'dataEncipherment'), extendedKeyUsage(OID.clientAuth, OID.emailProtection, OID.smartcardLogon),
      certificatePolicies(OID.examplePolicy, 'https://ca.gov.vn.invalid/CP'), emailName('van-thu@example.invalid'),
      authorityInfoAccess({ caIssuers: 'http://ca.gov.vn.invalid/cpcag2.crt', ocsp: 'http://ocsp.ca.gov.vn.invalid/' }), crlDistributionPoint('http://ca.gov.vn.invalid/cpcag2.crl'),
    ],
  })
}

/** Key and certificates in a PKCS #12 file of the old kind, which every program reads; `name` is its friendly name. */
export function p12Of (signer: Issued, chain: readonly Issued[], name: string): Buffer {
  return inFolder((folder) => {
    const file = (part: string, text: string) => { writeFileSync(join(folder, part), text); return join(folder, part) }
    run('openssl', [
      'pkcs12', '-export', '-inkey', file('key.pem', keyPemOf(signer)), '-in', file('own.pem', pem('CERTIFICATE', signer.certificate.raw)),
      ...chain.length > 0 ? ['-certfile', file('chain.pem', chain.map(({ certificate }) => pem('CERTIFICATE', certificate.raw)).join(''))] : [],
      '-name', name, '-passout', `pass:${P12_PASSWORD}`, '-keypbe', 'PBE-SHA1-3DES', '-certpbe', 'PBE-SHA1-3DES', '-macalg', 'sha1', '-out', join(folder, 'out.p12'),
    ])
    return readFileSync(join(folder, 'out.p12'))
  })
}

/** What pdfsig says of one signature. `integrity` is its first sentence, `certificate` its second; NSS believes our root. */
export type PdfsigSignature = { field: string, subFilter: string, digest: string, ranges: number[], total: boolean, integrity: string, certificate: string | undefined }

/** An NSS database with our roots as trust anchors and every signer's key: pdfsig signs and verifies by it. Gone with the test. */
export function makeNss (t: Teardown, pki: PdfPki) {
  const folder = mkdtempSync(join(tmpdir(), 'lienthong-nss-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const file = (name: string, bytes: Buffer | string) => { writeFileSync(join(folder, name), bytes); return join(folder, name) }
  run('certutil', ['-N', '-d', `sql:${folder}`, '--empty-password'])
  for (const [name, ca] of [['root', pki.root], ['tsa-root', pki.tsaRoot]] as const) run('certutil', ['-A', '-d', `sql:${folder}`, '-n', name, '-t', 'CT,C,C', '-i', file(`${name}.pem`, pem('CERTIFICATE', ca.certificate.raw))])
  run('certutil', ['-A', '-d', `sql:${folder}`, '-n', 'sub', '-t', ',,', '-i', file('sub.pem', pem('CERTIFICATE', pki.sub.certificate.raw))])
  for (const name of ['leader', 'agency'] as const) run('pk12util', ['-i', file(`${name}.p12`, p12Of(pki[name], [pki.sub], name)), '-d', `sql:${folder}`, '-W', P12_PASSWORD, '-K', ''])

  return {
    folder,
    /** Signs with `pdfsig`, always adbe.pkcs7.detached: into a field of its own by default, or into the empty field that is named. */
    sign (pdf: Buffer, { nick = 'leader', into, field = 'NSS', reason }: { nick?: 'leader' | 'agency', into?: string, field?: string, reason?: string } = {}): Buffer {
      return inFolder((own) => {
        writeFileSync(join(own, 'in.pdf'), pdf)
        const where = into === undefined ? ['-add-signature', '-new-signature-field-name', field] : ['-sign', into]
        run('pdfsig', ['-nssdir', folder, ...where, '-nick', nick, ...reason === undefined ? [] : ['-reason', reason], join(own, 'in.pdf'), join(own, 'out.pdf')])
        return readFileSync(join(own, 'out.pdf'))
      })
    },
    /** Every signature as `pdfsig` finds and judges it. */
    verify (pdf: Buffer): PdfsigSignature[] {
      return inFolder((own) => {
        writeFileSync(join(own, 'in.pdf'), pdf)
        return readPdfsig(spawnSync('pdfsig', ['-nssdir', folder, '-no-ocsp', join(own, 'in.pdf')], { encoding: 'utf8', timeout: 60_000 }).stdout)
      })
    },
  }
}

/** Reads the report that pdfsig prints. */
export function readPdfsig (report: string): PdfsigSignature[] {
  return report.split(/^Signature #\d+:$/m).slice(1).map((text) => {
    const said = (name: string) => new RegExp(`- ${name}: *(.*)`).exec(text)?.[1]
    return {
      field: said('Signature Field Name') ?? '', subFilter: said('Signature Type') ?? '', digest: said('Signing Hash Algorithm') ?? '',
      ranges: [...(said('Signed Ranges') ?? '').matchAll(/\d+/g)].map(Number), total: /- Total document signed/.test(text),
      integrity: said('Signature Validation') ?? /- (The signature form field is not signed\.)/.exec(text)?.[1] ?? '', certificate: said('Certificate Validation'),
    }
  })
}

/** Signs the empty field with this object number with `mutool sign`: adbe.pkcs7.detached, and SHA-1, as it knows nothing else. */
export function signWithMutool (pdf: Buffer, p12: Buffer, object: number): Buffer {
  return inFolder((folder) => {
    writeFileSync(join(folder, 'in.pdf'), pdf)
    writeFileSync(join(folder, 'signer.p12'), p12)
    run('mutool', ['sign', '-s', join(folder, 'signer.p12'), '-P', P12_PASSWORD, '-o', join(folder, 'out.pdf'), join(folder, 'in.pdf'), String(object)])
    return readFileSync(join(folder, 'out.pdf'))
  })
}

/** What `mutool sign -v` says of each signature, by the object number of its field: its last sentence, since it knows no roots. */
export function verifyWithMutool (pdf: Buffer): { object: number, said: string }[] {
  return inFolder((folder) => {
    writeFileSync(join(folder, 'in.pdf'), pdf)
    const { stdout } = spawnSync('mutool', ['sign', '-v', join(folder, 'in.pdf')], { encoding: 'utf8', timeout: 60_000 })
    return stdout.split(/^Verifying signature (?=\d+:)/m).slice(1).map((text) => ({ object: Number.parseInt(text), said: text.trim().split('\n').at(-1)!.trim() }))
  })
}

/** Signs with @signpdf: a file with a cross-reference table, as pdfkit writes it. node-forge spoils a CA's name that is not ASCII in the CMS. */
export async function signWithSignpdf (pdf: Buffer, p12: Buffer, { subFilter = 'adbe.pkcs7.detached', rect = [0, 0, 0, 0] }: { subFilter?: string, rect?: [number, number, number, number] } = {}): Promise<Buffer> {
  const prepared = plainAddPlaceholder({ pdfBuffer: pdf, reason: 'Phe duyet', contactInfo: 'van-thu@example.invalid', name: 'Nguyen Van Minh', location: 'Ha Noi', subFilter, widgetRect: rect, signatureLength: 16_384 })
  return new SignPdf().sign(prepared, new P12Signer(p12, { passphrase: P12_PASSWORD }))
}

/** Options of a test that needs these programs: it is skipped, with the reason, where one is missing. */
export function needsPrograms (...names: ('pdfsig' | 'certutil' | 'mutool' | 'qpdf' | 'gs' | 'java' | 'chromium' | 'pdftoppm')[]): { skip: string | false } {
  const missing = names.filter((name) => spawnSync('which', [name]).status !== 0)
  return { skip: missing.length > 0 && `${missing.join(', ')} not installed (test/debian-packages.txt)` }
}

function run (program: string, args: string[]): void {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${error?.message ?? ''}${stdout}${stderr}`)
}

function inFolder<T> (use: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'lienthong-pdf-'))
  try {
    return use(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
