import { verify } from 'node:crypto'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import t from 'tap'

import { ecKeys, rsaKeys, type Issued } from '../../../certs-example/issue.ts'
import { SignerAway } from '../../../src/trust/signers/away.ts'
import { createTokens, type Pkcs11Settings, type SignRequest } from '../../../src/trust/signers/pkcs11-token.ts'
import { signerFromPkcs11 } from '../../../src/trust/signers/pkcs11.ts'
import { optionsFor, SIGNATURE_ALGORITHM, type Padding } from '../../../src/trust/signers/signer.ts'
import { until } from '../../support/until.ts'
import { makeCa, makeLeaf } from '../world.ts'
import { allowMechanisms, createToken, MODULE, needsToken } from './softhsm.ts'

const sub = makeCa('sub')
const DATA = Buffer.from('Công văn số 01')
const RSA = { algorithm: SIGNATURE_ALGORITHM.rsaSha256, digest: 'sha256', data: DATA } as const

const folder = mkdtempSync(join(tmpdir(), 'lienthong-softhsm-'))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))

const identity = ({ certificate }: Issued, padding: Padding = 'pkcs1') => ({ certificate, chain: [sub.certificate], padding })
const away = (promise: Promise<unknown>) => promise.then(() => null, (error: unknown) => error instanceof SignerAway ? error : Promise.reject(error))

t.test('a key on a token signs', needsToken, async (t) => {
  const token = createToken(folder, 'Văn phòng')
  const settings = (changes: Partial<Pkcs11Settings> = {}): Pkcs11Settings => ({ module: MODULE, token: { label: token.label }, key: { label: 'ký số' }, pin: token.pin, ...changes })
  const rsa = makeLeaf(sub, { keys: rsaKeys(2048) })
  const p256 = makeLeaf(sub, { keys: ecKeys('prime256v1') })
  const p384 = makeLeaf(sub, { keys: ecKeys('secp384r1') })
  token.add(rsa.keys, 'ký số', 'a1')
  token.add(p256.keys, 'ec', 'a2')
  token.add(p384.keys, 'ec', 'a3')

  for (const [what, leaf, id, padding, digest] of [
    ['RSA, PKCS#1 v1.5', rsa, 'a1', 'pkcs1', 'sha256'],
    ['RSA, PSS', rsa, 'a1', 'pss', 'sha256'],
    ['ECDSA, P-256', p256, 'a2', 'pkcs1', 'sha256'],
    ['ECDSA, P-384', p384, 'a3', 'pkcs1', 'sha384'],
  ] as const) {
    await t.test(what, async (t) => {
      const signer = signerFromPkcs11(settings({ key: { id } }), identity(leaf, padding))
      const signature = await signer.sign(DATA)
      t.ok(verify(digest, DATA, { key: leaf.keys.publicKey, ...optionsFor(signer.algorithm) }, signature))
      const many = await Promise.all(Array.from({ length: 8 }, (_, index) => signer.sign(Buffer.from(`văn bản ${index}`))))
      t.ok(many.every((one, index) => verify(digest, Buffer.from(`văn bản ${index}`), { key: leaf.keys.publicKey, ...optionsFor(signer.algorithm) }, one)), 'many at once too')
    })
  }

  await t.test('a key is found by its label as well, if only one has it', async (t) => {
    await signerFromPkcs11(settings(), identity(rsa)).sign(DATA)
    t.match(await away(signerFromPkcs11(settings({ key: { label: 'ec' } }), identity(p256)).sign(DATA)), { code: 'KEY_ABSENT' })
    t.match(await away(signerFromPkcs11(settings({ key: { label: 'không có' } }), identity(rsa)).sign(DATA)), { code: 'KEY_ABSENT' })
  })

  await t.test('a token that was pulled out delays, and signs again when it is back', async (t) => {
    const signer = signerFromPkcs11(settings(), identity(rsa))
    await signer.sign(DATA)
    token.pull()
    t.match(await away(signer.sign(DATA)), { code: /^TOKEN_/ })
    t.match(await away(signer.sign(DATA)), { code: /^TOKEN_/ })
    token.plug()
    t.ok(await signer.sign(DATA))
  })

  await t.test('a key that does not belong to the certificate gives no signature away', async (t) => {
    t.match(await away(signerFromPkcs11(settings({ key: { id: 'a2' } }), identity(makeLeaf(sub, { keys: ecKeys('prime256v1') }))).sign(DATA)), { code: 'SIGNATURE_WRONG' })
  })

  await t.test('a wrong PIN is tried once, and no word of it is told', async (t) => {
    const wrong = signerFromPkcs11(settings({ token: { label: 'riêng' }, pin: 'bí-mật-sai' }), identity(rsa))
    createToken(folder, 'riêng')
    const errors = [await away(wrong.sign(DATA)), await away(wrong.sign(DATA)), await away(wrong.sign(DATA))]
    t.match(errors, [{ code: 'PIN_WRONG' }, { code: 'PIN_WRONG' }, { code: 'PIN_WRONG' }])
    for (const error of errors) t.notMatch(`${error?.message} ${error?.vietnamese} ${error?.stack} ${JSON.stringify(error)}`, /bí-mật-sai/)
  })

  await t.test('a module that is not there, or is none, delays', async (t) => {
    t.match(await away(signerFromPkcs11(settings({ module: join(folder, 'none.so') }), identity(rsa)).sign(DATA)), { code: 'MODULE_ABSENT' })
    copyFileSync(import.meta.filename, join(folder, 'text.so'))
    t.match(await away(signerFromPkcs11(settings({ module: join(folder, 'text.so') }), identity(rsa)).sign(DATA)), { code: 'MODULE_ABSENT' })
    t.match(await away(signerFromPkcs11(settings({ token: { label: 'không có' } }), identity(rsa)).sign(DATA)), { code: 'TOKEN_ABSENT' })
  })

  await t.test('a token that makes the digest itself signs too', async (t) => {
    const other = join(folder, 'digesting.so')
    copyFileSync(MODULE, other) // another file is another module, which reads its settings anew
    allowMechanisms(folder, 'CKM_SHA256_RSA_PKCS,CKM_SHA256_RSA_PKCS_PSS,CKM_ECDSA_SHA384')
    t.ok(await signerFromPkcs11(settings({ module: other }), identity(rsa)).sign(DATA))
    t.ok(await signerFromPkcs11(settings({ module: other }), identity(rsa, 'pss')).sign(DATA))
    t.match(await away(signerFromPkcs11(settings({ module: other, key: { id: 'a2' } }), identity(p256)).sign(DATA)), { code: 'MECHANISM_ABSENT' })
    allowMechanisms(folder, 'ALL')
  })

  await t.test('a last try of a PIN is left to a person', async (t) => {
    const { default: pkcs11js } = await import('pkcs11js')
    let flag = pkcs11js.CKF_USER_PIN_FINAL_TRY
    class LastTry extends pkcs11js.PKCS11 {
      override C_GetTokenInfo (slot: Buffer) {
        const info = super.C_GetTokenInfo(slot)
        return { ...info, flags: info.flags | flag }
      }
    }
    const other = join(folder, 'last-try.so')
    copyFileSync(MODULE, other)
    const tokens = createTokens({ ...pkcs11js, PKCS11: LastTry }, other)
    const request: SignRequest = { settings: settings({ module: other }), algorithm: SIGNATURE_ALGORITHM.rsaSha256, digest: 'sha256', data: DATA }
    t.strictSame(tokens.sign(request), { away: 'PIN_LAST_TRY' })
    flag = 0
    t.match(tokens.sign(request), { signature: Buffer })
  })

  await t.test('whoever waits for a module waits only so long, and it is not asked again before it answered', async (t) => {
    const other = join(folder, 'slow.so')
    copyFileSync(MODULE, other)
    const signer = signerFromPkcs11(settings({ module: other }), identity(rsa), { answerWithin: 20 }) // its thread alone takes longer to start
    const first = [away(signer.sign(DATA)), away(signer.sign(DATA))]
    t.match(await Promise.all(first), [{ code: 'TOO_SLOW' }, { code: 'TOO_SLOW' }])
    t.match(await away(signer.sign(DATA)), { code: 'TOO_SLOW' })
    t.ok(await until(() => signer.sign(DATA).catch(() => false as const)))
  })

  await t.test('a wrong PIN is told though another key has logged in to its token, and is not tried; once no key has the old PIN, the new one counts', async (t) => {
    const other = join(folder, 'two-keys.so')
    copyFileSync(MODULE, other)
    const { default: pkcs11js } = await import('pkcs11js')
    const tried: string[] = []
    class Watched extends pkcs11js.PKCS11 {
      override C_Login (session: Buffer, user: number, pin?: string) {
        tried.push(String(pin))
        super.C_Login(session, user, pin)
      }
    }
    const tokens = createTokens({ ...pkcs11js, PKCS11: Watched }, other)
    const api = new pkcs11js.PKCS11()
    api.load(other)
    tokens.sign({ settings: settings({ module: other, token: { label: 'không có' } }), ...RSA }) // initialises the module
    const slot = api.C_GetSlotList(true).find((one) => api.C_GetTokenInfo(one).label.trim() === token.label)!
    const slotNumber = slot.readUInt32LE(0)
    const sign = (id: string, pin: string, slot?: number) => tokens.sign({
      settings: settings({ module: other, key: { id }, pin, ...slot !== undefined && { token: { slot } } }),
      ...id === 'a1' ? RSA : { ...RSA, algorithm: SIGNATURE_ALGORITHM.ecdsaSha256 },
    })
    t.match(sign('a1', token.pin), { signature: Buffer })
    t.match(sign('a2', token.pin), { signature: Buffer }, 'the same PIN serves every key')
    const before = tried.length
    t.match([sign('a2', 'bí-mật-sai'), sign('a2', 'bí-mật-sai')], [{ away: 'PIN_WRONG' }, { away: 'PIN_WRONG' }])
    t.match(sign('a2', 'bí-mật-sai', slotNumber), { away: 'PIN_WRONG' }, 'however the token is named')
    t.equal(tried.length, before)
    t.match([sign('a1', token.pin), sign('a2', token.pin)], [{ signature: Buffer }, { signature: Buffer }], 'the others sign on')
    const session = api.C_OpenSession(slot, pkcs11js.CKF_SERIAL_SESSION | pkcs11js.CKF_RW_SESSION)
    api.C_SetPIN(session, token.pin, 'mã-pin-mới')
    api.C_CloseSession(session)
    t.match(sign('a1', 'mã-pin-mới'), { away: 'PIN_WRONG' }, 'as long as the other key is logged in with the old one')
    t.match([sign('a2', 'mã-pin-mới'), sign('a1', 'mã-pin-mới')], [{ signature: Buffer }, { signature: Buffer }])
  })
})
