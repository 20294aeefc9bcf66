/** `lienthong certificates test` and `lienthong certificates compromised`: the keys the gateway signs with. */
import { createVault } from '../access/secrets.ts'
import { testKeys, type KeyTest } from '../admin/test-keys.ts'
import { momentIn } from '../agencies/mapping.ts'
import { listKeys } from '../agencies/signers.ts'
import type { Config } from '../config.ts'
import type { Database } from '../database/database.ts'
import { Refusal } from '../errors.ts'
import { createHttpClient } from '../http/client.ts'
import { isMet, listAccepted, type Accepted } from '../inbound/accepted.ts'
import { ACCEPTED_REMEDIES } from '../inbound/accepted-remedy.ts'
import { handleCompromise, type CompromiseReport } from '../outbound/compromise.ts'
import { REMEDIES } from '../outbound/remedy.ts'
import { tlsTrust } from '../trust/tls.ts'
import { detailsOf } from '../trust/verdict.ts'
import { minute } from './dates.ts'
import { rowsOf } from './table.ts'
import { loadTrustOf, readTrustOf } from './trust.ts'

/** What a command prints, and how it ends. */
export type Outcome = { lines: readonly string[], exitCode: number }

/** Signs a sample with the present and the next key of an agency, or of all. Exit code 1 when one could not sign, or would not be believed. */
export async function testCommand (database: Database, config: Config, [code]: string[], { json }: { json: boolean }): Promise<Outcome> {
  const trusted = loadTrustOf(config)
  const trust = await readTrustOf(database, trusted)
  const now = new Date()
  await using http = createHttpClient({ tls: tlsTrust(trusted, () => now) })
  const intermediates = trusted.domains.flatMap((domain) => domain.intermediates)
  const tests = await testKeys({ database, vault: createVault(config.masterKey), http, intermediates, trust, now }, code)
  if (tests.length === 0) throw new Refusal('SETUP_INVALID', { detail: code === undefined ? 'the gateway has no keys' : `the gateway has no key for ${code}` })
  return { lines: json ? [JSON.stringify(tests.map(asJson), null, 2)] : tableOf(tests), exitCode: tests.some(({ faults }) => faults.length > 0) ? 1 : 0 }
}

function asJson ({ key, standing, at, algorithm, milliseconds, revocation, faults }: KeyTest) {
  return { agency: key.agency, certificate: detailsOf(key.certificate), kind: key.kind, standing, at: at.toISOString(), algorithm, milliseconds, revocation, faults: faults.map(({ code, vi, en }) => ({ code, vi, en })) }
}

function tableOf (tests: readonly KeyTest[]): string[] {
  return rowsOf(['cơ quan · agency', 'khóa · key', 'từ · from', 'loại · kind', 'thuật toán · algorithm', 'ms', 'thu hồi · revocation', 'kết quả · result', 'chứng thư · certificate'], tests.map(({ key, standing, at, algorithm, milliseconds, revocation, faults }) => [
    key.agency, standing === 'next' ? 'tiếp theo · next' : 'hiện tại · current', standing === 'next' ? minute(at) : '', key.kind, algorithm?.split('#')[1] ?? '', String(milliseconds), revocation,
    faults.length === 0 ? 'tốt · good' : faults.map(({ vi, en }) => `${vi} · ${en}`).join('; '), `${key.fingerprint} ${detailsOf(key.certificate).subject}`,
  ]))
}

/** Retires a key of ours for good, and lists what it signed; of another certificate lists what was accepted on its word. With what to do about each. */
export async function compromisedCommand (database: Database, _config: Config, [given]: string[], { since, revoked, json }: { since?: string, revoked?: string, json: boolean }): Promise<Outcome> {
  const fingerprint = (given ?? '').replaceAll(':', '').toLowerCase()
  if (!/^[0-9a-f]{64}$/.test(fingerprint)) throw new Refusal('SETUP_INVALID', { detail: 'which certificate? its SHA-256, as certificates test or an alarm shows it' })
  const compromise = { fingerprint, since: momentOf('--since', since), ...(revoked !== undefined && { revokedAt: momentOf('--revoked', revoked) }) }
  if ((await listKeys(database)).some((key) => key.fingerprint === fingerprint)) {
    const report = await handleCompromise({ ...compromise, database, now: new Date(), actor: 'lienthong certificates' })
    return { lines: json ? [JSON.stringify(report, null, 2)] : tableOfSigned(report), exitCode: 0 }
  }
  if (!await isMet(database, fingerprint)) throw new Refusal('SETUP_INVALID', { detail: `the gateway has never met the certificate ${fingerprint}` })
  const accepted = await listAccepted(database, compromise)
  return { lines: json ? [JSON.stringify({ fingerprint, accepted }, null, 2)] : tableOfAccepted(fingerprint, accepted), exitCode: 0 }
}

function tableOfSigned ({ fingerprint, agencies, hasOtherKey, signedAgain, filesSignedAgain, dispatches }: CompromiseReport): string[] {
  const listed = rowsOf(['ký lúc · signed', 'dấu thời gian · time-stamp', 'văn bản · document', 'trạng thái · state', 'nơi nhận · recipients', 'việc cần làm · what to do'], dispatches.map(({ signedAt, stampedAt, kind, documentId, code, state, recipients, remedy }) => [
    minute(signedAt), stampedAt ? minute(stampedAt) : '', kind === 'document' ? `${code} (${documentId})` : `status ${code}`, state,
    recipients.map(({ code, state, status }) => `${code}: ${status ?? state}`).join(', '), REMEDIES[remedy].join(' · '),
  ]))
  return [
    `Khóa đã ngừng dùng · The key is retired: ${fingerprint} (${agencies.join(', ')})`,
    `Sẽ ký lại bằng khóa đang dùng · Signed again with the key in use: ${signedAgain}`,
    ...filesSignedAgain > 0 ? [`Tệp PDF sẽ ký lại · PDFs signed again: ${filesSignedAgain}`] : [],
    ...hasOtherKey ? [] : ['! Không còn khóa nào khác: văn bản chờ tới khi có khóa mới · There is no other key: documents wait until there is one'],
    ...dispatches.length === 0 ? ['Khóa này chưa ký gì từ ngày đó · It has signed nothing since'] : listed,
  ]
}

function tableOfAccepted (fingerprint: string, accepted: readonly Accepted[]): string[] {
  const title = `Đã chấp nhận dựa vào chứng thư · Accepted on the word of the certificate ${fingerprint}: ${accepted.length}`
  if (accepted.length === 0) return [title]
  const headings = ['nhận lúc · accepted', 'dấu thời gian · time-stamp', 'nơi gửi · sender', 'văn bản · document', 'ngày văn bản · its date', 'hộp thư · mailboxes', 'việc cần làm · what to do']
  return [title, ...rowsOf(headings, accepted.map(({ id, kind, acceptedAt, stampedAt, sender, number, notation, promulgatedOn, items, remedy }) => [
    minute(acceptedAt), stampedAt ? minute(stampedAt) : '', sender, `${kind === 'status' ? 'status' : `${number ?? ''}/${notation ?? ''}`} (${id})`, promulgatedOn ?? '',
    items.map(({ id, agency, state, status }) => `${agency}: ${status ?? state} (${id})`).join(', '), ACCEPTED_REMEDIES[remedy].join(' · '),
  ]))]
}

function momentOf (option: string, text: string | undefined): Date {
  const moment = momentIn(text ?? '')
  if (Number.isNaN(moment.getTime())) throw new Refusal('REQUEST_INVALID', { field: option, detail: 'a date, as 2026-12-31, or a moment, as 2026-12-31T08:00:00+07:00' })
  return moment
}
