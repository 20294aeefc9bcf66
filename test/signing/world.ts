/** Packets, signers and hand-made signatures for the tests of src/signing. */
import { spawnSync } from 'node:child_process'
import { createHash, sign, type SignKeyObjectInput } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { pem, type Issued } from '../../certs-example/issue.ts'
import { DEFAULT_LIMITS } from '../../src/edxml/limits.ts'
import { eachOctets, openXml, type Opened } from '../../src/edxml/open.ts'
import type { DocumentPacket } from '../../src/edxml/packet.ts'
import { canonicalise, EXCLUSIVE_C14N, type CanonicalMethod } from '../../src/edxml/xml.ts'
import { makeSignature, type SignatureContext } from '../../src/signing/xmldsig.ts'
import type { Trust } from '../../src/trust/judge.ts'
import { DEFAULT_TRUST_POLICY } from '../../src/trust/policy.ts'
import { EXAMPLE_TRUST_DIR } from '../../src/trust/example.ts'
import { readCrl } from '../../src/trust/revocation/crl.ts'
import { knownFrom } from '../../src/trust/revocation/known.ts'
import { signerFromPem } from '../../src/trust/signers/pem.ts'
import type { Signer } from '../../src/trust/signers/signer.ts'
import { loadTrust, type TrustStore } from '../../src/trust/store.ts'
import { fingerprintOf, type SignatureVerdict } from '../../src/trust/verdict.ts'

/** A moment at which the example certificates are good. */
export const NOW = new Date('2026-11-20T08:30:00Z')

const folder = loadTrust(EXAMPLE_TRUST_DIR)

export const trust: Trust = { ...folder, revocation: knownFrom(folder.crls.map(readCrl)), policy: DEFAULT_TRUST_POLICY }

const examplePath = (name: string, file: string): string => join(import.meta.dirname, '../../certs-example', name, file)

/** PEM of a key and its certificates from the example PKI. */
export function exampleFiles (name: string, folder = 'organisations'): { key: string, certificates: string } {
  return { key: examplePath(folder, `${name}.key.pem`), certificates: examplePath(folder, `${name}.crt.pem`) }
}

export function exampleSigner (name: string, folder = 'organisations'): Signer {
  const { key, certificates } = exampleFiles(name, folder)
  return signerFromPem({ key: readFileSync(key, 'utf8'), certificates: readFileSync(certificates, 'utf8') })
}

/** The agency that sends, and another one whose certificate is just as good. */
export const sender = exampleSigner('so-noi-vu-vi-du')
export const stranger = exampleSigner('so-tai-chinh-vi-du')

/** The registry knows the sender's certificate, and no other as the sender's. */
export function contextFor (signer: Pick<Signer, 'certificate'> = sender, change: Partial<SignatureContext> = {}): SignatureContext {
  return { trust, at: NOW, speaksFor: (fingerprint) => fingerprint === fingerprintOf(signer.certificate), ...change }
}

/** Where a packet's signature stands. */
export function open (packet: string | Uint8Array): Opened {
  return openXml(Buffer.from(packet as string), { limits: DEFAULT_LIMITS, signatureAt: ['edXML', 'edXMLEnvelope', 'edXMLHeader'], lift: true })
}

/** A verdict in a line: `valid`, or `invalid CODE CODE`. Compare it as a whole: tap's `match` finds 'valid' in 'invalid'. */
export const told = ({ result, reasons }: Pick<SignatureVerdict, 'result' | 'reasons'>): string => [result, ...reasons.map(({ code }) => code)].join(' ')

/** A packet of the SDK's shape with two attachments, as text; `signature` is put where it belongs. */
export function packetText (signature: string): string {
  const files = [['a1', 'cv.pdf', 'JVBERi0xLjcKJcOkw7zDtsOfCg=='], ['a2', 'phu-luc.pdf', 'JVBERi0xLjcKJeG7hQo=']]
  const references = files.map(([id, name]) => `
        <edXML:Reference>
          <edXML:ContentId>cid:${id}</edXML:ContentId>
          <edXML:ContentType>application/pdf</edXML:ContentType>
          <edXML:AttachmentName>${name}</edXML:AttachmentName>
        </edXML:Reference>`)
  const attachments = files.map(([id, name, content]) => `
    <Attachment>
      <ContentId>cid:${id}</ContentId>
      <AttachmentName>${name}</AttachmentName>
      <ContentType>application/pdf</ContentType>
      <edXML:ContentTransferEncoded xmlns:edXML="http://www.mic.gov.vn/TBT/QCVN_102_2016">${content}</edXML:ContentTransferEncoded>
    </Attachment>`)
  return `<?xml version="1.0" encoding="UTF-8"?>
<edXML xmlns="http://www.mic.gov.vn/TBT/QCVN_102_2016">
  <edXML:edXMLEnvelope xmlns:edXML="http://www.mic.gov.vn/TBT/QCVN_102_2016">
    <edXML:edXMLHeader>
      <edXML:MessageHeader>
        <edXML:From><edXML:OrganId>H99.04</edXML:OrganId><edXML:OrganName>Sở Nội vụ Ví Dụ</edXML:OrganName></edXML:From>
        <edXML:To><edXML:OrganId>H99.09</edXML:OrganId><edXML:OrganName>Phường Ví Dụ</edXML:OrganName></edXML:To>
        <edXML:DocumentId>H99.04,2026/11/20,15/SNV-VP</edXML:DocumentId>
        <edXML:Code><edXML:CodeNumber>15</edXML:CodeNumber><edXML:CodeNotation>SNV-VP</edXML:CodeNotation></edXML:Code>
        <edXML:Subject>V/v kết nối, liên thông</edXML:Subject>
      </edXML:MessageHeader>${signature}
    </edXML:edXMLHeader>
    <edXML:edXMLBody>
      <edXML:edXMLManifest version="1.0">${references.join('')}
      </edXML:edXMLManifest>
    </edXML:edXMLBody>
  </edXML:edXMLEnvelope>
  <AttachmentEncoded>${attachments.join('')}
  </AttachmentEncoded>
</edXML>
`
}

/** That packet, signed by the signing code. */
export async function signedText (signer: Signer = sender): Promise<string> {
  const unsigned = open(packetText(''))
  return packetText((await makeSignature((sink) => { eachOctets(unsigned, sink) }, signer)).toString())
}

const DS = 'http://www.w3.org/2000/09/xmldsig#'
const MORE = 'http://www.w3.org/2001/04/xmldsig-more#'

/** How a hand-made signature differs from a good one. */
export type Hand = {
  key: SignKeyObjectInput,
  hash?: 'sha1' | 'sha256' | 'sha384' | 'sha512',
  certificates: Buffer[],
  signatureMethod?: string,
  digestMethod?: string,
  contentMethod?: CanonicalMethod,
  /** Changes SignedInfo before it is signed. */
  signedInfo?: (text: string) => string,
}

/** Signs a text that has `{}` where the signature goes, by a template of the test's own: independent of src/signing. */
export function signByHand (text: string, { key, hash = 'sha256', certificates, signatureMethod = `${MORE}rsa-sha256`, contentMethod = EXCLUSIVE_C14N, ...hand }: Hand): string {
  const digestMethod = hand.digestMethod ?? { sha1: `${DS}sha1`, sha256: 'http://www.w3.org/2001/04/xmlenc#sha256', sha384: `${MORE}sha384`, sha512: 'http://www.w3.org/2001/04/xmlenc#sha512' }[hash]
  const digest = createHash(hash).update(canonicalise(Buffer.from(text.replace('{}', '')), contentMethod)).digest('base64')
  const template = `<SignedInfo xmlns="${DS}"><CanonicalizationMethod Algorithm="${EXCLUSIVE_C14N}"/><SignatureMethod Algorithm="${signatureMethod}"/>` +
    `<Reference URI=""><Transforms><Transform Algorithm="${DS}enveloped-signature"/><Transform Algorithm="${contentMethod}"/></Transforms>` +
    `<DigestMethod Algorithm="${digestMethod}"/><DigestValue>${digest}</DigestValue></Reference></SignedInfo>`
  const signedInfo = hand.signedInfo?.(template) ?? template
  const value = sign(hash, canonicalise(Buffer.from(signedInfo), EXCLUSIVE_C14N), key)
  const x509 = certificates.map((der) => `<X509Certificate>${der.toString('base64')}</X509Certificate>`).join('')
  return text.replace('{}', `<Signature xmlns="${DS}">${signedInfo}<SignatureValue>${value.toString('base64')}</SignatureValue><KeyInfo><X509Data>${x509}</X509Data></KeyInfo></Signature>`)
}

/** A Signature for xmlsec1 to fill in. */
export function signatureTemplate ({ method = EXCLUSIVE_C14N as string, transform = EXCLUSIVE_C14N as string | null, signature = `${MORE}rsa-sha256`, digest = 'http://www.w3.org/2001/04/xmlenc#sha256', prefix = '' } = {}): string {
  const text = `<Signature><SignedInfo><CanonicalizationMethod Algorithm="${method}"/><SignatureMethod Algorithm="${signature}"/><Reference URI="">` +
    `<Transforms><Transform Algorithm="${DS}enveloped-signature"/>${transform === null ? '' : `<Transform Algorithm="${transform}"/>`}</Transforms>` +
    `<DigestMethod Algorithm="${digest}"/><DigestValue/></Reference></SignedInfo><SignatureValue/><KeyInfo><X509Data/></KeyInfo></Signature>`
  return text.replace(/<(\/?)(\w)/g, `<$1${prefix}$2`).replace('Signature>', `Signature xmlns${prefix === '' ? '' : `:${prefix.slice(0, -1)}`}="${DS}">`)
}

/** What `signByHand` wants, for a certificate made by a test. */
export function handOf ({ certificate, keys }: Issued, more: Issued[] = []): Pick<Hand, 'key' | 'certificates'> {
  return { key: { key: keys.privateKey, dsaEncoding: 'ieee-p1363' }, certificates: [certificate.raw, ...more.map((issued) => issued.certificate.raw)] }
}

/** Options of a test that asks xmlsec1: it is skipped, with the reason, where there is none. */
export const needsXmlsec = { skip: spawnSync('xmlsec1', ['--version']).status !== 0 && 'xmlsec1 is not installed (Debian: xmlsec1)' }

/** Runs xmlsec1 on files of these names and contents, which the arguments name as `{name}`; `{out}` is what it writes. */
export function xmlsec (args: string[], files: Record<string, string | Uint8Array>): { accepted: boolean, output: string, told: string } {
  const folder = mkdtempSync(join(tmpdir(), 'lienthong-signing-'))
  try {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content)
    const { status, stderr } = spawnSync('xmlsec1', args.map((arg) => arg.replace(/\{(\w+)\}/g, (_, name: string) => join(folder, name))))
    return { accepted: status === 0, output: args.includes('{out}') && status === 0 ? readFileSync(join(folder, 'out'), 'utf8') : '', told: stderr.toString() }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Whether xmlsec1 accepts the signature, with the example root as the only trusted one. */
export function xmlsecAccepts (packet: Uint8Array | string): boolean {
  const [{ anchors, intermediates }] = trust.domains as [TrustStore]
  const pemOf = (certificates: typeof anchors) => certificates.map(({ raw }) => pem('CERTIFICATE', raw)).join('')
  return xmlsec(['--verify', '--trusted-pem', '{root}', '--untrusted-pem', '{sub}', '{packet}'], { packet, root: pemOf(anchors), sub: pemOf(intermediates) }).accepted
}

/** Lets xmlsec1 fill in the template in the text, with an example key and its certificates. */
export function xmlsecSigns (template: string, name = 'so-noi-vu-vi-du'): string {
  const files = exampleFiles(name)
  const { accepted, output, told } = xmlsec(['--sign', '--privkey-pem', `${files.key},${files.certificates}`, '--output', '{out}', '{template}'], { template })
  if (!accepted) throw new Error(told)
  return output
}

/** A document with one attachment that is sent as it is, and one that is sent in a zip. */
export function documentPacket (attachments: Buffer[] = [Buffer.from('%PDF-1.7\nmột'), Buffer.from('PK hai')]): DocumentPacket {
  const names = ['cv.pdf', 'bảng tính.xlsx']
  return {
    kind: 'document',
    header: {
      from: { organId: 'H99.04', organName: 'Sở Nội vụ Ví Dụ', email: 'vanthu@sonoivu.vidu.example' },
      to: [{ organId: 'H99.09', organName: 'UBND phường Ví Dụ' }],
      documentId: 'H99.04,2026/11/20,15/SNV-VP',
      code: { codeNumber: '15', codeNotation: 'SNV-VP' },
      promulgationInfo: { place: 'Ví Dụ', promulgationDate: '2026-11-20' },
      documentType: { type: 2, typeDetail: 18, typeName: 'Công văn' },
      subject: 'V/v kết nối, liên thông phần mềm quản lý văn bản',
      content: 'V/v kết nối, liên thông',
      signerInfo: { competence: 'KT. GIÁM ĐỐC', position: 'Phó Giám đốc', fullName: 'Nguyễn Văn Ví Dụ' },
      dueDate: '2026-12-01',
      otherInfo: { priority: 0, sphereOfPromulgation: 'Nội bộ', appendixes: ['Phụ lục'] },
      responseFor: [{ organId: 'H99.09', code: '3/UBND', documentId: 'H99.09,2026/11/01,3/UBND', promulgationDate: '2026-11-01' }],
      responseForTask: [],
      toPlaces: ['Như trên', 'Lưu: VT'],
      traceHeaders: [{ organId: 'H99.04', timestamp: '2026-11-20T15:30:00+07:00' }],
      bussiness: { bussinessDocType: 0, bussinessDocReason: 'Văn bản điện tử mới', paper: 0, replacementInfos: [] },
    },
    attachments: attachments.map((bytes, index) => ({
      contentId: `a${index + 1}`, name: names[index] ?? `${index + 1}.pdf`, originalName: names[index] ?? `${index + 1}.pdf`, contentType: 'application/pdf', description: 'Văn bản', bytes,
    })),
    warnings: [],
  }
}
