import { createVault } from './access/secrets.ts'
import { addAccess } from './access/http.ts'
import { createCertificateChanges } from './admin/certificate-changes.ts'
import { addCertificates } from './admin/certificates.ts'
import { addHeld } from './admin/held.ts'
import { createTellOwnKeys } from './agencies/revoked-keys.ts'
import { createSigners } from './agencies/signers.ts'
import { createExpiries } from './agencies/expiries.ts'
import { createSync } from './agencies/sync.ts'
import { linkAudit } from './audit/audit.ts'
import type { AxisConnection } from './axis/connection.ts'
import { createConnections, type ConnectionSettings } from './axis/connections.ts'
import { createVxpConnection } from './axis/vxp/client.ts'
import type { Config } from './config.ts'
import { openDatabase } from './database/database.ts'
import { DEFAULT_LIMITS } from './edxml/limits.ts'
import { createKeepEvidence } from './evidence/keep.ts'
import { createHttpClient } from './http/client.ts'
import { addHealth } from './http/health.ts'
import { addMetrics, createMetrics } from './http/metrics.ts'
import { addOpenApi } from './http/openapi.ts'
import { createHttpServer, type HttpServer } from './http/server.ts'
import { createInbound } from './inbound/inbound.ts'
import type { JobHandlers, JobName } from './jobs.ts'
import { applyStatus } from './lifecycle/apply.ts'
import { createReport } from './lifecycle/report.ts'
import { createOutbound } from './outbound/outbound.ts'
import { createJudgePdfs } from './pdf/attachments.ts'
import { createPdfWorkers } from './pdf/workers.ts'
import { createLooker } from './queue/looker.ts'
import { prepareDatabase } from './queue/prepare.ts'
import { openQueue } from './queue/queue.ts'
import { addRest } from './systems/rest/rest.ts'
import { EXAMPLE_TRUST_DIR, refuseExample } from './trust/example.ts'
import type { Trust } from './trust/judge.ts'
import { openRevocation } from './trust/revocation/revocation.ts'
import { certificatesFromPem, loadTrust, storesOf } from './trust/store.ts'
import { askForTimeStamp } from './trust/time/client.ts'
import { createTimeStamping } from './trust/time/stamp.ts'
import { tlsTrust } from './trust/tls.ts'

/** The world outside the process, which tests replace. */
export type Edges = { now?: () => Date, connect?: (settings: ConnectionSettings) => AxisConnection }

/** How often whatever lies idle is looked for: the price of a lost wake-up, and of noticing a new connection. */
const RESCUE_SECONDS = 5

/** Every morning at seven, Vietnamese time: the day's first look at what expires. */
const EXPIRY_CRON = '0 0 * * *'

export type Gateway = Awaited<ReturnType<typeof createGateway>>

/** Builds the whole gateway. The only file that knows every part; read it to see how they fit. */
export async function createGateway (config: Config, version: string, edges: Edges = {}) {
  await using opened = new AsyncDisposableStack() // closes in reverse what was opened, also if a later step fails
  const now = edges.now ?? (() => new Date())

  const http = await createHttpServer({ log: { level: config.logLevel } })
  const { log } = http
  const onError = (err: Error) => log.error({ err }, 'a part of the gateway failed')

  const urls = await prepareDatabase(config.database)
  opened.defer(urls.stop)
  const database = opened.use(openDatabase(urls.gatewayUrl, config.databaseConnections, onError))
  const queue = opened.use(await openQueue({ database, onError }))

  const trusted = loadTrust(config.trustDir ?? EXAMPLE_TRUST_DIR)
  const stopping = new AbortController()
  const revocation = opened.use(await openRevocation({
    database, queue, stores: storesOf(trusted), crls: trusted.crls, now, log, stopping: stopping.signal,
    nudge: { refresh: () => background.refresh.nudge('all'), ask: () => background.ask.nudge('all') },
    async onNews (news) {
      signers.hear()
      for (const connectionId of await inbound.recheck.hear(news)) nudge.verify(connectionId)
      background.recheck.nudge('all')
    },
  }))
  const trust: Trust = { domains: trusted.domains, timeStamping: trusted.timeStamping, revocation: revocation.known, get policy () { return revocation.policy() } }
  const limits = { ...DEFAULT_LIMITS, packetBytes: config.maxPacketBytes }
  const vault = createVault(config.masterKey)
  const tls = tlsTrust(trusted, now)
  const client = opened.use(createHttpClient({ tls }))
  const signers = createSigners({ database, vault, http: client, intermediates: trust.domains.flatMap(({ intermediates }) => intermediates), trust, now, log })
  const tellOwnKeys = createTellOwnKeys({ database, log, now })

  const pdfWorkers = opened.use(createPdfWorkers({ onError }))

  const connect = edges.connect ?? (({ clientCertificate, ...settings }) => {
    const axisHttp = createHttpClient({ tls: { ...tls, ...(clientCertificate && { identity: clientCertificate }) } })
    const axis = createVxpConnection({
      ...settings, hashFile: settings.policy.hashFile, sendWithin: settings.policy.sendTimeoutSeconds * 1000, maxPacket: config.maxPacketBytes, http: axisHttp, now,
    })
    return { ...axis, [Symbol.asyncDispose]: () => axisHttp[Symbol.asyncDispose]() }
  })
  const connections = opened.use(createConnections({ database, vault, connect }))
  if (config.mode === 'production') {
    const shown = (await connections.clientCertificates()).flatMap(({ certificatePem }) => certificatesFromPem(certificatePem))
    refuseExample({ stores: storesOf(trusted), signers: [...await signers.certificates(), ...shown].map((certificate) => ({ certificate, chain: [] })) })
  }

  const nudge = Object.fromEntries((['send', 'reconcile', 'fetch', 'verify', 'sync'] as const)
    .map((step) => [step, (connectionId: string) => lookers[step].nudge(connectionId)])) as Record<'send' | 'reconcile' | 'fetch' | 'verify' | 'sync', (connectionId: string) => void>
  const timeStamping = createTimeStamping({ database, queue, http: client, store: trusted.timeStamping, now, log, stopping: stopping.signal })
  const judgePdfs = createJudgePdfs({ workers: pdfWorkers })
  const needs = {
    database, queue, connections, limits, judgePdfs, meet: revocation.meet, keepEvidence: createKeepEvidence({ database }), noteForStamping: timeStamping.note, now, log, stopping: stopping.signal,
    nudge: { ...nudge, signPdf: () => background.signPdf.nudge('all'), completePdf: () => background.completePdf.nudge('all') },
  }
  const outbound = createOutbound({
    ...needs, signers, trust, workers: pdfWorkers, askForTimeStamp: (hash, authority) => askForTimeStamp(hash, authority, { http: client, now, stopping: stopping.signal }),
  })
  const report = createReport({ dispatchStatus: outbound.dispatchStatus, now })
  const inbound = createInbound({
    ...needs, trust: (own) => ({ ...trust, policy: revocation.policy(own) }), revokedBy: (news) => tellOwnKeys(revocation.revokedBy(news)), applyStatus,
    reportRefused: (tx, handOverId, description) => report(tx, { handOverId, code: '02', description, reportedBy: { keyId: 'gateway', name: 'gateway' }, automatic: true }),
    reportRefusedBy: (tx, handOverId, description, reportedBy) => report(tx, { handOverId, code: '02', description, reportedBy, automatic: false }),
    reportArrived: (tx, handOverId, reportedBy) => report(tx, { handOverId, code: '01', reportedBy, automatic: true }),
  })
  const sync = createSync({ database, connections, now, log })
  const expiries = createExpiries({ database, trusted, clientCertificates: connections.clientCertificates, log, now })

  const looker = (name: JobName | 'inbound.recheck', look: (key: string) => Promise<Date | null>) =>
    createLooker({ look, now, onError: (err, key) => log.error({ err, key }, `${name} failed, and will look again`) })
  const lookers = {
    send: looker('outbound.send', outbound.send),
    reconcile: looker('outbound.reconcile', outbound.reconcile),
    fetch: looker('inbound.fetch', inbound.fetch),
    verify: looker('inbound.verify', inbound.verify),
    sync: looker('agencies.sync', sync),
  }
  const background = {
    refresh: looker('trust.revocation', revocation.refresh), ask: looker('trust.revocation', revocation.ask), recheck: looker('inbound.recheck', inbound.recheck.look), stamp: looker('trust.time-stamp', timeStamping.stamp),
    signPdf: looker('outbound.sign-pdf', outbound.files.sign), completePdf: looker('outbound.sign-pdf', outbound.files.complete),
  }
  opened.defer(async () => {
    stopping.abort()
    await Promise.all([...Object.values(lookers), ...Object.values(background)].map((looker) => looker.stop()))
  })

  /** Tables are the truth: whatever lies idle is found here, though every wake-up were lost. */
  async function rescue () {
    for (const connectionId of await connections.ids()) for (const looker of Object.values(lookers)) looker.nudge(connectionId)
    for (const looker of Object.values(background)) looker.nudge('all')
    await linkAudit(database)
  }
  const handlers: JobHandlers = {
    'outbound.send': async ({ connectionId }) => nudge.send(connectionId),
    'outbound.reconcile': async ({ connectionId }) => nudge.reconcile(connectionId),
    'outbound.sign-pdf': async () => { for (const step of ['signPdf', 'completePdf'] as const) background[step].nudge('all') },
    'inbound.fetch': async ({ connectionId }) => nudge.fetch(connectionId),
    'inbound.verify': async ({ connectionId }) => nudge.verify(connectionId),
    'agencies.sync': async ({ connectionId }) => nudge.sync(connectionId),
    'certificates.expiry': expiries.watch,
    'audit.link': async () => { await linkAudit(database) },
    'trust.revocation': async () => background.ask.nudge('all'),
    'trust.time-stamp': async () => background.stamp.nudge('all'),
    'rescue': rescue,
  }

  const requireRole = addAccess(http, { database, now })
  const metrics = createMetrics()
  await addOpenApi(http, { version, open: config.mode === 'demo', guard: requireRole('system', 'administrator', 'operator', 'monitor') })
  addMetrics(http, metrics, requireRole('monitor', 'administrator'))
  addHealth(http, { database: () => database.query('select 1') })
  await http.register(addRest, { prefix: '/v1', database, requireRole, trust, meet: revocation.meet, limits, submit: outbound.submit, mailbox: inbound.mailbox, report, onReported: nudge.send, now })
  await http.register(addCertificates, {
    prefix: '/v1/admin', database, requireRole, changes: createCertificateChanges({ database, trust, log, now }), expiries: expiries.calendar, onJudgeAgain: nudge.verify,
  })
  await http.register(async (admin: HttpServer) => addHeld(admin, { requireRole, held: inbound.held }), { prefix: '/v1/admin' })
  opened.defer(() => http.close())

  const parts = opened.move()
  async function dispose () {
    stopping.abort()
    await pdfWorkers[Symbol.asyncDispose]() // nobody waits for a stranger's file to be read; who comes next reads it again
    await parts.disposeAsync()
  }
  return {
    http,
    database,
    /** Once this resolves, the gateway listens at the address it gives, and works in the background. When it cannot, it is closed. */
    async start (): Promise<string> {
      try {
        await timeStamping.refresh()
        const address = await http.listen({ host: config.host, port: config.port })
        await queue.start(handlers)
        await queue.every('certificates.expiry', EXPIRY_CRON)
        await expiries.watch()
        await linkAudit(database, { thorough: true }) // entries that committed very late, in an earlier run
        await revocation.refresh()
        await rescue()
        const timer = setInterval(() => { rescue().catch(onError) }, RESCUE_SECONDS * 1000)
        parts.defer(() => clearInterval(timer))
        return address
      } catch (error) {
        await dispose()
        throw error
      }
    },
    [Symbol.asyncDispose]: dispose,
  }
}
