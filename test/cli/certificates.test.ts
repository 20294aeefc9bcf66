/** The registry from a shell: the same differences, approval and rollback as over HTTP. */
import t from 'tap'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pem } from '../../certs-example/issue.ts'
import { issueCrl } from '../../certs-example/revocation.ts'
import { certificatesOf } from '../../src/agencies/certificates.ts'
import { openAlarms } from '../../src/alarms/alarms.ts'
import type { Config } from '../../src/config.ts'
import { signPacket } from '../../src/signing/packet-signature.ts'
import { contentOf } from '../../src/trust/asn1/certificate.ts'
import { signerFromPem } from '../../src/trust/signers/pem.ts'
import { fingerprintOf } from '../../src/trust/verdict.ts'
import { writePacket } from '../../src/edxml/write.ts'
import { createOddAxis } from '../support/axis.ts'
import { inDays, issueLeaf, pemOf, trustFolder } from '../support/certificates.ts'
import { A, B, documentPacket, startWorld } from '../support/gateway.ts'
import { until } from '../support/until.ts'
import { makeCa } from '../trust/world.ts'

const PROGRAM = resolve(import.meta.dirname, '../../src/cli/lienthong.ts')

/** Runs the program on the world's database, and writes files for it; gone with the test. */
function shellFor (t: { teardown (end: () => void): void }, { database }: Config, trustDir: string) {
  const { url, ownerUrl } = database as { url: string, ownerUrl: string }
  const files = mkdtempSync(join(tmpdir(), 'lienthong-files-'))
  t.teardown(() => { rmSync(files, { recursive: true }) })
  return {
    files,
    file: (name: string, content: string | Buffer) => { writeFileSync(join(files, name), content); return join(files, name) },
    run: (...args: string[]) => new Promise<{ code: number, out: string, err: string }>((done) => {
      const env = { LIENTHONG_MODE: 'test', DATABASE_URL: url, DATABASE_OWNER_URL: ownerUrl, TRUST_DIR: trustDir }
      execFile(process.execPath, [PROGRAM, ...args], { env, timeout: 60_000 }, (error, out, err) => { done({ code: error === null ? 0 : Number(error.code), out, err }) })
    }),
  }
}

t.test('certificates are uploaded, listed, approved and rolled back from a shell, beside a gateway that runs', async (t) => {
  const { folder, root } = trustFolder(t)
  const axis = createOddAxis()
  const { gateway, database, config, b } = await startWorld(t, { env: { TRUST_DIR: folder }, edges: { connect: axis.connect }, policy: { packetSignature: 'required', seals: 'ignored' } })
  const shell = shellFor(t, config, folder)
  const { file, files } = shell
  const run = (...args: string[]) => shell.run('certificates', ...args)

  const fresh = issueLeaf(root, { CN: 'Văn phòng mới', notAfter: inDays(20) })
  const fingerprint = fingerprintOf(fresh.certificate)
  axis.put('document', await signPacket(await writePacket(documentPacket()), signerFromPem(pemOf(fresh))), B.codes[0])
  await gateway.start()
  await until(async () => (await openAlarms(database)).some(({ kind }) => kind === 'arrival.quarantined'))

  const uploaded = await run('upload', file('mới.cer', pem('CERTIFICATE', fresh.certificate.raw)), file('thư.txt', 'xin chào'), '--mapping', file('danh sách.csv', `certificate;agency\r\nmới.cer;${A.codes[0]}\r\n`))
  t.equal(uploaded.code, 0, uploaded.err)
  t.match(uploaded.out, new RegExp(`^thêm · added  H90\\.01 .*\\n  .*CN=Văn phòng mới.*\\n  SHA-256 ${fingerprint}  mới\\.cer\\n  sắp hết hạn · expiring `))
  t.match(uploaded.out, /không đọc được · not readable: thư\.txt: NOT_CERTIFICATES: .* · /)
  const id = /approve (\S+)/.exec(uploaded.out)![1]!
  t.equal((await run('list')).out.includes(fingerprint), false, 'nothing is changed yet')

  t.match(await run('approve', id), { code: 0, out: /rollback/ })
  t.match((await run('list', '--agency', A.codes[1]!)).out, new RegExp(`^  cơ quan · agency +SHA-256 [^]*^  H90\\.01 +${fingerprint} .*upload, lienthong certificates`, 'm'))
  t.match((await run('expiries')).out, / ! 30 +đối tác · partner H90\.01 .*Văn phòng mới/)
  await until(async () => (await b.mailbox()).items.length === 1)

  t.match(await run('rollback', id), { code: 0 })
  t.equal((await certificatesOf(database, A.codes[0]!, new Date())).get(fingerprint), 'unknown')
  t.equal((await run('list')).out.includes(fingerprint), false, 'what was taken back is not the registry any more')
  t.match((await run('list', '--history')).out, new RegExp(`${fingerprint} .*rollback, `))
  t.match(await run('rollback', id), { code: 1, err: /CERTIFICATE_CHANGE_SETTLED/ })
  t.match(await run('approve', 'x'), { code: 1, err: /CERTIFICATE_CHANGE_NOT_FOUND/ })
  t.match(await run('upload', join(files, 'không có')), { code: 1, err: /FILE_UNREADABLE: Không đọc được tệp · .*không có: không tìm thấy · not found/ })
  t.match(await run('list', '--agency', 'H99'), { code: 1, err: /RECIPIENT_UNKNOWN/ })
  t.match(await run('upload', '--overlap-until', 'mai'), { code: 1, err: /REQUEST_INVALID/ })
  t.match(await run('nothing'), { code: 2, err: /lienthong certificates COMMAND/ })
})

t.test('the shell judges by the CRLs that were imported, when it proposes and again when it approves', async (t) => {
  const { folder, root } = trustFolder(t)
  const sub = makeCa('CA kiểm thử', root, { notBefore: inDays(-900), notAfter: inDays(2900) })
  writeFileSync(join(folder, 'intermediates', 'sub.pem'), pem('CERTIFICATE', sub.certificate.raw))
  const { config, database } = await startWorld(t, { env: { TRUST_DIR: folder } })
  const { run, file } = shellFor(t, config, folder)
  const importCrl = async (number: number, ...revoked: (typeof early)[]) => {
    const bytes = issueCrl({ issuer: sub, thisUpdate: inDays(-1), nextUpdate: inDays(30), serials: revoked.map(({ certificate }) => Buffer.from(contentOf(certificate).serial, 'hex')), number })
    t.match(await run('revocation', 'import', file(`${number}.crl`, bytes)), { code: 0 })
  }
  const [early, late] = [issueLeaf(sub, { CN: 'Bị thu hồi sớm' }), issueLeaf(sub, { CN: 'Bị thu hồi muộn' })]
  await importCrl(1, early)

  const upload = async (issued: typeof early) => (await run('certificates', 'upload', file('moi.cer', pem('CERTIFICATE', issued.certificate.raw)), '--mapping', file('m.csv', `certificate,agency\nmoi.cer,${A.codes[0]}`))).out
  t.match(await upload(early), /CERTIFICATE_REVOKED/)
  const proposed = await upload(late)
  t.notMatch(proposed, /CERTIFICATE_REVOKED/)
  const id = /approve (\S+)/.exec(proposed)![1]!
  await importCrl(2, early, late)
  t.match(await run('certificates', 'approve', id), { code: 1, err: new RegExp(`CERTIFICATE_CHANGE_DISTRUSTED: .*${fingerprintOf(late.certificate)}: CERTIFICATE_REVOKED: .*thu hồi`) })
  t.equal((await certificatesOf(database, A.codes[0]!, new Date())).get(fingerprintOf(late.certificate)), undefined, 'nothing was registered')
})

t.test('a certificate below a CA that came with it is judged below it when it is approved as well', async (t) => {
  const { folder, root } = trustFolder(t)
  const sub = makeCa('CA đi kèm', root, { notBefore: inDays(-900), notAfter: inDays(2900) })
  const { config, database } = await startWorld(t, { env: { TRUST_DIR: folder } })
  const { run, file } = shellFor(t, config, folder)
  const fresh = issueLeaf(sub, { CN: 'Dưới CA đi kèm' })
  const both = [sub, fresh].map(({ certificate }) => pem('CERTIFICATE', certificate.raw)).join('')
  const { out } = await run('certificates', 'upload', file('moi.pem', both), '--mapping', file('m.csv', `certificate,agency\nmoi.pem,${A.codes[0]}`))
  t.match(await run('certificates', 'approve', /approve (\S+)/.exec(out)![1]!), { code: 0 })
  t.equal((await certificatesOf(database, A.codes[0]!, new Date())).get(fingerprintOf(fresh.certificate)), true)
})

t.test('a day that is typed is the day that is shown: that of Vietnam', async (t) => {
  const { folder, root } = trustFolder(t)
  const { config } = await startWorld(t, { env: { TRUST_DIR: folder } })
  const { run, file } = shellFor(t, config, folder)
  const [old, fresh] = [issueLeaf(root, { CN: 'Văn phòng' }), issueLeaf(root, { CN: 'Văn phòng', notBefore: inDays(-1) })]
  const mapping = ['--mapping', file('m.csv', `certificate,agency\ntep.cer,${A.codes[0]}`)]
  const change = async (issued: typeof old, ...more: string[]) => {
    const { out } = await run('certificates', 'upload', file('tep.cer', pem('CERTIFICATE', issued.certificate.raw)), ...mapping, ...more)
    await run('certificates', 'approve', /approve (\S+)/.exec(out)![1]!)
    return out
  }
  await change(old)
  const overlap = inDays(100).toISOString().slice(0, 10)
  t.match(await change(fresh, '--overlap-until', overlap), `thay · replaces SHA-256 ${fingerprintOf(old.certificate)} từ · from ${overlap}`)
  t.match((await run('certificates', 'list')).out, new RegExp(`${fingerprintOf(old.certificate)} +\\S+ +${overlap} `))
})
