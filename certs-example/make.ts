/**
 * Makes the example PKI anew, in the Cipher Committee's shape (G2): `npm run example-pki`.
 * The keys of the CAs are thrown away at the end, so nobody can add to what is committed; run it again for a new set.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import forge from 'node-forge'

import {
  OID, authorityInfoAccess, authorityKeyIdentifier, basicConstraints, certificatePolicies, crlDistributionPoint, emailName, extendedKeyUsage,
  issueCertificate, keyUsage, pem, rsaKeys, subjectKeyIdentifier,
} from './issue.ts'
import type { Extension, Issued, Keys, Name } from './issue.ts'
import { issueCrl } from './revocation.ts'

/** Known to everybody: the private keys beside it are as well. */
const PKCS12_PASSWORD = 'vi-du'

/** Real CAs have RSA-4096. A CA's key signs only here, so its length costs the demo next to nothing. */
const CA_BITS = 3072

/** Real organisations have RSA-3072 by now. OpenSSL signs six times faster with 2048, and the demo signs with these. */
const ORGANISATION_BITS = 2048

const SINCE = new Date('2025-01-01T00:00:00Z')
const UNTIL = new Date('2045-01-01T00:00:00Z')

const CA_ORGANISATION = 'Ban Cơ yếu VÍ DỤ'

const ORGANISATIONS: { file: string, name: Name, email: string }[] = [
  { file: 'van-phong-ubnd-tinh-vi-du', name: { CN: 'VĂN PHÒNG UBND TỈNH VÍ DỤ', O: 'UBND TỈNH VÍ DỤ', L: 'VÍ DỤ' }, email: 'vanthu@vanphong.vidu.example' },
  { file: 'so-noi-vu-vi-du', name: { CN: 'SỞ NỘI VỤ TỈNH VÍ DỤ', O: 'UBND TỈNH VÍ DỤ', L: 'VÍ DỤ' }, email: 'vanthu@sonoivu.vidu.example' },
  { file: 'so-tai-chinh-vi-du', name: { CN: 'SỞ TÀI CHÍNH TỈNH VÍ DỤ', O: 'UBND TỈNH VÍ DỤ', L: 'VÍ DỤ' }, email: 'vanthu@sotaichinh.vidu.example' },
  { file: 'ubnd-phuong-vi-du', name: { CN: 'UBND PHƯỜNG VÍ DỤ', O: 'UBND TỈNH VÍ DỤ' }, email: 'vanthu@phuong.vidu.example' },
]

const root = makeRoot({ CN: 'RootCA VÍ DỤ, KHÔNG CÓ GIÁ TRỊ G2', O: CA_ORGANISATION }, rsaKeys(CA_BITS))
const sub = makeSubCa({ CN: 'CA phục vụ các cơ quan VÍ DỤ G2', O: CA_ORGANISATION }, root, rsaKeys(CA_BITS))
const otherRoot = makeRoot({ CN: 'RootCA lạ VÍ DỤ', O: 'Tổ chức lạ VÍ DỤ' }, rsaKeys(CA_BITS))
/** Calls itself by the name and key identifier of the example sub-CA, and has another key. */
const impostor: Issued = { ...sub, keys: rsaKeys(CA_BITS) }

for (const folder of ['trust', 'organisations', 'bad']) rmSync(join(import.meta.dirname, folder), { recursive: true, force: true })
write('trust/anchors/rootcag2.pem', certificatePem(root))
write('trust/intermediates/cpcag2.pem', certificatePem(sub))

for (const { file, name, email } of ORGANISATIONS) {
  const issued = makeOrganisation({ name, email, issuer: sub })
  writeSigner(`organisations/${file}`, issued, sub)
  if (file === 'so-noi-vu-vi-du') write(`organisations/${file}.p12`, pkcs12(issued, [sub, root]))
}

const { name, email } = ORGANISATIONS[0]!
const revoked = makeOrganisation({ name: { ...name, CN: 'CƠ QUAN BỊ THU HỒI CHỨNG THƯ VÍ DỤ' }, email, issuer: sub })
writeSigner('bad/revoked', revoked, sub)
writeSigner('bad/expired', makeOrganisation({ name, email, issuer: sub, notAfter: new Date('2025-02-01T00:00:00Z') }), sub)
writeSigner('bad/not-yet-valid', makeOrganisation({ name, email, issuer: sub, notBefore: new Date('2044-01-01T00:00:00Z') }), sub)
writeSigner('bad/wrong-issuer', makeOrganisation({ name, email, issuer: otherRoot }), otherRoot)
writeSigner('bad/impostor-issuer', makeOrganisation({ name, email, issuer: impostor, authority: sub.keys }), sub)

const span = { thisUpdate: new Date('2025-06-01T00:00:00Z'), nextUpdate: UNTIL }
write('trust/crls/rootcag2.crl', issueCrl({ issuer: root, ...span, serials: [] }))
write('trust/crls/cpcag2.crl', issueCrl({ issuer: sub, ...span, serials: [Buffer.from(revoked.certificate.serialNumber, 'hex')] }))

function makeRoot (name: Name, keys: Keys): Issued {
  return issueCertificate({ name, keys, notBefore: SINCE, notAfter: UNTIL, extensions: [...caExtensions(keys, keys), mark()] })
}

function makeSubCa (name: Name, issuer: Issued, keys: Keys): Issued {
  const extensions = [...caExtensions(keys, issuer.keys, 0), ...services('rootcag2'), mark()]
  return issueCertificate({ name, keys, issuer, notBefore: SINCE, notAfter: UNTIL, extensions })
}

type Organisation = { name: Name, email: string, issuer: Issued, authority?: Keys, notBefore?: Date, notAfter?: Date }

function makeOrganisation ({ name, email, issuer, authority = issuer.keys, notBefore = SINCE, notAfter = UNTIL }: Organisation): Issued {
  const keys = rsaKeys(ORGANISATION_BITS)
  const extensions = [
    basicConstraints(false),
    authorityKeyIdentifier(authority),
    ...services('cpcag2'),
    emailName(email),
    mark(),
    extendedKeyUsage(OID.clientAuth, OID.emailProtection, OID.smartcardLogon),
    subjectKeyIdentifier(keys),
    keyUsage('digitalSignature', 'nonRepudiation', 'keyEncipherment', 'dataEncipherment'),
  ]
  return issueCertificate({ name, keys, issuer, notBefore, notAfter, extensions })
}

function caExtensions (keys: Keys, issuerKeys: Keys, pathLength?: number): Extension[] {
  return [basicConstraints(true, pathLength), authorityKeyIdentifier(issuerKeys), subjectKeyIdentifier(keys), keyUsage('keyCertSign', 'cRLSign')]
}

function services (issuerFile: string): Extension[] {
  return [
    authorityInfoAccess({ caIssuers: `http://ca.vidu.example/pki/pub/crt/${issuerFile}.crt`, ocsp: 'http://ocsp.ca.vidu.example' }),
    crlDistributionPoint(`http://ca.vidu.example/pki/pub/crl/${issuerFile}.crl`),
  ]
}

function mark (): Extension {
  return certificatePolicies(OID.examplePolicy, 'https://ca.vidu.example/pki/pub/policies/CP')
}

function writeSigner (file: string, issued: Issued, issuer: Issued): void {
  write(`${file}.crt.pem`, certificatePem(issued) + certificatePem(issuer))
  write(`${file}.key.pem`, keyPem(issued))
}

function pkcs12 (issued: Issued, chain: Issued[]): Buffer {
  const certificates = [issued, ...chain].map((link) => forge.pki.certificateFromPem(certificatePem(link)))
  const file = forge.pkcs12.toPkcs12Asn1(forge.pki.privateKeyFromPem(keyPem(issued)), certificates, PKCS12_PASSWORD, { algorithm: 'aes256', friendlyName: 'vi-du' })
  return Buffer.from(forge.asn1.toDer(file).getBytes(), 'latin1')
}

function certificatePem ({ certificate }: Issued): string {
  return pem('CERTIFICATE', certificate.raw)
}

function keyPem ({ keys }: Issued): string {
  return keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}

function write (file: string, content: string | Buffer): void {
  const path = join(import.meta.dirname, file)
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, content)
}
