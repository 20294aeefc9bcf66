/** What a signing server does with a digest: RFC 8017 over a digest that is made already, which OpenSSL does in `pkeyutl`. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Keys } from '../../../certs-example/issue.ts'
import { childrenOf, readDer, TAG } from '../../../src/trust/asn1/der.ts'

/** Signs a digest with openssl, and gives the signature as XMLDSig writes it. */
export function signDigest ({ privateKey }: Keys, { digest, algorithm }: { digest: string, algorithm: string }): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'lienthong-signing-'))
  try {
    const file = (name: string, content: string | Buffer) => {
      writeFileSync(join(folder, name), content)
      return join(folder, name)
    }
    const isRsa = privateKey.asymmetricKeyType === 'rsa'
    const padding = algorithm.endsWith('MGF1') ? ['-pkeyopt', 'rsa_padding_mode:pss', '-pkeyopt', 'rsa_pss_saltlen:digest'] : []
    const { status, stdout, stderr } = spawnSync('openssl', [
      'pkeyutl', '-sign', '-inkey', file('key.pem', privateKey.export({ type: 'pkcs8', format: 'pem' })), '-in', file('digest', Buffer.from(digest, 'base64')),
      ...isRsa ? ['-pkeyopt', 'digest:sha256', ...padding] : [],
    ])
    if (status !== 0) throw new Error(String(stderr))
    return isRsa ? stdout : sideBySide(stdout, privateKey.asymmetricKeyDetails?.namedCurve === 'secp384r1' ? 48 : 32)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** r and s as numbers of one length, out of the DER that OpenSSL writes. */
function sideBySide (der: Buffer, length: number): Buffer {
  const numbers = childrenOf(readDer(der, TAG.sequence)).map(({ content }) => Buffer.concat([Buffer.alloc(length), content]).subarray(-length))
  return Buffer.concat(numbers)
}
