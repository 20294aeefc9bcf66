import { createHash } from 'node:crypto'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ContentInfo, SignedData } from '@peculiar/asn1-cms'
import { AsnConvert } from '@peculiar/asn1-schema'
import t from 'tap'

import { ecKeys, pem, rsaKeys, type Issued } from '../../../certs-example/issue.ts'
import { readSignedData } from '../../../src/trust/cms/read.ts'
import { contentDigestOf, withTimeStamp, writeSignedData } from '../../../src/trust/cms/write.ts'
import { derFromBer } from '../../../src/trust/asn1/ber.ts'
import { signerFromPem } from '../../../src/trust/signers/pem.ts'
import type { Padding, Signer } from '../../../src/trust/signers/signer.ts'
import { keyPemOf, makeCa, makeLeaf, needsOpenssl } from '../world.ts'
import { makeTsa } from '../time/tsa.ts'
import { nonceFrom, timeStampRequest } from '../../../src/trust/time/request.ts'
import { readAnswer } from '../../../src/trust/time/read.ts'

const CONTENT = Buffer.from('nội dung đã ký')
const SPAN = { notBefore: new Date('2020-01-01T00:00:00Z'), notAfter: new Date('2090-01-01T00:00:00Z') }
const root = makeCa('root', undefined, SPAN)
const sub = makeCa('sub', root, SPAN)

function signerOf (keys: Issued['keys'], padding: Padding = 'pkcs1'): Signer {
  const leaf = makeLeaf(sub, { keys, ...SPAN })
  return signerFromPem({ key: keyPemOf(leaf), certificates: [leaf, sub].map(({ certificate }) => pem('CERTIFICATE', certificate.raw)).join(''), padding })
}

const SIGNERS: [string, Signer][] = [
  ['RSA PKCS#1', signerOf(rsaKeys(2048))], ['RSA-PSS', signerOf(rsaKeys(2048), 'pss')], ['P-256', signerOf(ecKeys('prime256v1'))], ['P-384', signerOf(ecKeys('secp384r1'))],
]

const digestOf = (signer: Signer, content = CONTENT) => createHash(contentDigestOf(signer)).update(content).digest()

/** Whether `openssl cms -verify -cades` accepts the message as one over this content. */
function opensslAccepts (cms: Buffer, content: Buffer): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'lienthong-cms-'))
  try {
    const file = (name: string, bytes: Buffer | string) => { writeFileSync(join(folder, name), bytes); return join(folder, name) }
    return spawnSync('openssl', ['cms', '-verify', '-cades', '-binary', '-inform', 'DER', '-in', file('cms', cms), '-content', file('content', content), '-CAfile', file('root.pem', pem('CERTIFICATE', root.certificate.raw)), '-purpose', 'any', '-out', '/dev/null']).status === 0
  } finally {
    rmSync(folder, { recursive: true })
  }
}

t.test('openssl accepts what is written, by every kind of key, and over this content only', needsOpenssl, async (t) => {
  for (const [name, signer] of SIGNERS) {
    const { cms } = await writeSignedData({ signer, digest: digestOf(signer) })
    t.equal(opensslAccepts(cms, CONTENT), true, name)
    t.equal(opensslAccepts(cms, Buffer.from('other')), false, name)
  }
})

t.test('@peculiar/asn1-cms reads what is written, and would write it so', async (t) => {
  for (const [name, signer] of SIGNERS) {
    const { cms, signatureValue } = await writeSignedData({ signer, digest: digestOf(signer), signingTime: new Date('2026-06-01T00:00:00Z') })
    const info = AsnConvert.parse(cms, ContentInfo)
    const signed = AsnConvert.parse(info.content, SignedData)
    t.equal(signed.signerInfos.length, 1, name)
    t.same(Buffer.from(signed.signerInfos[0]!.signature.buffer), signatureValue, name)
    t.equal(signed.certificates?.length, 2, name)
    t.same(signed.signerInfos[0]!.signedAttrs?.map(({ attrType }) => attrType).toSorted(), ['1.2.840.113549.1.9.16.2.47', '1.2.840.113549.1.9.3', '1.2.840.113549.1.9.4', '1.2.840.113549.1.9.5'], name)
    t.same(Buffer.from(AsnConvert.serialize(info)), cms, name)
    t.equal(derFromBer(cms).equals(cms), true, 'DER already')
  }
})

t.test('a time-stamp over the signature value is added, once, and openssl accepts the message and the token', needsOpenssl, async (t) => {
  const tsa = makeTsa(t)
  for (const [name, signer] of SIGNERS) {
    const { cms, signatureValue } = await writeSignedData({ signer, digest: digestOf(signer) })
    const imprint = createHash('sha256').update(signatureValue).digest()
    const answer = await tsa.answer(timeStampRequest(imprint, nonceFrom(Buffer.alloc(8, 1))))
    const token = readAnswer(answer).token!
    const stamped = withTimeStamp(withTimeStamp(cms, token), token)
    t.equal(opensslAccepts(stamped, CONTENT), true, name)
    const [signerInfo] = readSignedData(stamped).signers
    t.equal(signerInfo!.unsignedAttributes.length, 1, name)
    t.same(signerInfo!.unsignedAttributes[0]!.values[0]!.raw, token, name)
    t.equal(tsa.opensslAccepts(token, { hash: imprint }, ['-token_in']), true, name)
  }
})

t.test('a digest of another length is not signed', async (t) => {
  const [[, rsa], , , [, p384]] = SIGNERS as [[string, Signer], unknown, unknown, [string, Signer]]
  await t.rejects(writeSignedData({ signer: rsa, digest: digestOf(p384) }), RangeError)
  await t.rejects(writeSignedData({ signer: p384, digest: digestOf(rsa) }), RangeError)
})

t.test('a message beyond 64 KiB has its length in three octets', async (t) => {
  const [[, signer]] = SIGNERS as [[string, Signer]]
  const { cms } = await writeSignedData({ signer: { ...signer, chain: Array.from({ length: 15 }, () => makeCa(`${'x'.repeat(5000)}`, root, SPAN).certificate) }, digest: digestOf(signer) })
  t.ok(cms.length > 0xffff)
  t.equal(readSignedData(cms).certificates.length, 16)
})
