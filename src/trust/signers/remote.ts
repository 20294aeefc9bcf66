/**
 * Keys behind a signing server, over HTTP. One request is one signature, and the document stays here:
 *
 *     POST <url>
 *     Authorization: Bearer <secret>
 *     Content-Type: application/json
 *
 *     { "certificate": "<SHA-256 of the certificate, lower-case hex>",
 *       "algorithm": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
 *       "digestAlgorithm": "sha256",
 *       "digest": "<base64>" }
 *
 *     200 OK
 *     { "signature": "<base64; ECDSA as r and s side by side>" }
 *
 * Any other answer, and none in time, means: not now. The signature is verified before it is used, so the server is believed in nothing.
 */
import type { HttpAnswer, HttpClient, HttpFailure } from '../../http/client.ts'
import { fingerprintOf } from '../verdict.ts'
import { SignerAway } from './away.ts'
import { createSigner, digestOf, type Signer, type SignerIdentity } from './signer.ts'

/** Where the server is, and the secret that it knows the gateway by. */
export type RemoteSettings = { url: string, secret: string }

/** A signature of an HSM behind a server takes well under a second; the lease of a dispatch is longer than two such waits. */
const ANSWER_WITHIN = 10_000
/** Room for the largest signature, many times over. */
const LARGEST_ANSWER = 64 * 1024

/** A signer whose key a signing server keeps. Nothing is asked of the server before the first signature. */
export function signerFromRemote ({ url, secret }: RemoteSettings, identity: SignerIdentity, { http, answerWithin = ANSWER_WITHIN }: { http: HttpClient, answerWithin?: number }): Signer {
  const certificate = fingerprintOf(identity.certificate)
  return createSigner(identity, async (data, scheme) => {
    const question = { certificate, algorithm: scheme.algorithm, digestAlgorithm: scheme.digest, digest: digestOf(data, scheme).toString('base64') }
    const answer = await http.request({
      method: 'POST',
      url: new URL(url),
      headers: [['authorization', `Bearer ${secret}`], ['content-type', 'application/json'], ['accept', 'application/json']],
      body: Buffer.from(JSON.stringify(question)),
      answerWithin,
      finishWithin: answerWithin,
      maxAnswer: LARGEST_ANSWER,
    })
    return signatureIn(answer)
  })
}

function signatureIn (answer: HttpAnswer | HttpFailure): Buffer {
  switch (answer.kind) {
    case 'unreachable':
    case 'unknown': throw new SignerAway('SERVER_AWAY')
    case 'oversize': throw new SignerAway('SERVER_ANSWER')
    case 'answered': {
      if (answer.status !== 200) throw new SignerAway('SERVER_ANSWER', { detail: `HTTP ${answer.status}` })
      const signature = fieldOf(answer.body)
      if (signature === undefined) throw new SignerAway('SERVER_ANSWER')
      return signature
    }
  }
}

function fieldOf (body: Buffer): Buffer | undefined {
  try {
    const { signature } = JSON.parse(body.toString()) as { signature?: unknown }
    return typeof signature === 'string' ? Buffer.from(signature, 'base64') : undefined
  } catch {
    return undefined // no JSON, or null
  }
}
