import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'

import t from 'tap'

import { readElements, type Element } from '../../src/edxml/elements.ts'
import { DEFAULT_LIMITS } from '../../src/edxml/limits.ts'
import { eachOctets, openXml } from '../../src/edxml/open.ts'
import { digestAlgorithm, signatureAlgorithm, signatureFits } from '../../src/signing/algorithms.ts'
import { readCertificate } from '../../src/signing/certificates.ts'
import { examineSignature, findSignature } from '../../src/signing/xmldsig.ts'
import { needsShared, shared } from '../support/shared.ts'
import { contextFor } from './world.ts'

const FOLDER = 'vectors/xmlsec/aleksey-xmldsig-01'

function valuesOf (element: Element, name: string): Element[] {
  return [...(element.name === name ? [element] : []), ...element.children.flatMap((child) => valuesOf(child, name))]
}

t.test("xmlsec's own vectors: digests and signature values of enveloped signatures come out as published, and the forms that are not ours are refused", needsShared(FOLDER), async (t) => {
  let digests = 0
  let signatures = 0
  for (const name of readdirSync(shared(FOLDER)).filter((name) => /^enveloped-.*\.xml$/.test(name))) {
    const bytes = readFileSync(shared(`${FOLDER}/${name}`))
    const root = /<(\w+)[ >]/.exec(bytes.toString())![1]!
    const opened = openXml(bytes, { limits: DEFAULT_LIMITS, signatureAt: [root], lift: false })
    const found = findSignature(opened)
    if ('code' in found || !opened.signature?.signedInfo) continue
    t.not(examineSignature(opened, found, contextFor()).findings.length, 0, `${name} is no signature as we want it`)

    const signedInfo = readElements(opened.signature.signedInfo)
    const algorithm = (element: string) => valuesOf(signedInfo, element)[0]?.attributes['Algorithm'] ?? ''
    const digest = digestAlgorithm(algorithm('DigestMethod'))
    if (digest) {
      const hash = createHash(digest.hash)
      eachOctets(opened, (octets) => { hash.update(octets) })
      t.equal(hash.digest('base64'), valuesOf(signedInfo, 'DigestValue')[0]?.text.replace(/\s/g, ''), `${name}: digest`)
      digests++
    }
    const method = signatureAlgorithm(algorithm('SignatureMethod'))
    const [text] = valuesOf(found.element, 'X509Certificate').map((element) => element.text.replace(/\s/g, ''))
    const certificate = text === undefined ? undefined : readCertificate(text)
    if (!method || !certificate) continue
    const value = Buffer.from(valuesOf(found.element, 'SignatureValue')[0]!.text, 'base64')
    t.ok(signatureFits(method, certificate.key, opened.signature.signedInfo, value), `${name}: signature value`)
    signatures++
  }
  t.comment(`${digests} digests, ${signatures} signature values`)
  t.ok(digests >= 10 && signatures >= 2)
})
