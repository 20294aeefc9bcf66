/** What the demo plays in: a database, a simulated axis, and a gateway in a process of its own that is started again when it dies. */
import { spawn, type ChildProcess } from 'node:child_process'
import { createWriteStream, mkdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createSystemKey, revokeKey } from '../access/keys.ts'
import { createVault } from '../access/secrets.ts'
import { applySetup } from '../admin/apply.ts'
import { parseSetup } from '../admin/setup.ts'
import { environment, loadConfig } from '../config.ts'
import { openDatabase } from '../database/database.ts'
import { startEmbedded } from '../database/embedded.ts'
import { prepareDatabase } from '../queue/prepare.ts'
import type { SimulatorEvent } from '../simulator/events.ts'
import { runSimulator } from '../simulator/simulator.ts'

const ORGANISATIONS = resolve(import.meta.dirname, '../../certs-example/organisations')
const SYSTEM_ID = 'H90.W01'
/** Only ever used between the demo and its own simulator, on loopback. */
const SECRET = 'demo-secret-not-real'
const FAVOURITE_PORT = 8080

/** A given packet is played to its end, whatever its PDFs are worth; each verdict is told. */
const PDF_POLICY = { in: { invalid: 'mark', undecided: 'mark' }, out: { invalid: 'mark' } }

export type Party = { codes: string[], name: string }
export type World = AsyncDisposable & {
  url: string, keys: { sender: string, receiver: string },
  /** What the sending system signs its packets with. */
  senderKey: { key: string, certificates: string }
}

type Options = { data: string, sender: Party, receivers: Party[], onRestart: () => void, onAxis: (event: SimulatorEvent) => void }

/** The files of an example organisation. */
function organisation (name: string) {
  return {
    key: readFileSync(join(ORGANISATIONS, `${name}.key.pem`), 'utf8'),
    certificates: readFileSync(join(ORGANISATIONS, `${name}.crt.pem`), 'utf8'),
  }
}

/** Builds the world and returns when the gateway is ready for work. */
export async function buildWorld ({ data, sender, receivers, onRestart, onAxis }: Options): Promise<World> {
  await using opened = new AsyncDisposableStack()
  mkdirSync(data, { recursive: true })
  const embedded = await startEmbedded({ folder: data })
  opened.defer(embedded.stop)
  const { gatewayUrl } = await prepareDatabase({ kind: 'external', url: embedded.gatewayUrl, ownerUrl: embedded.ownerUrl })

  const parties = [sender, ...receivers]
  const { url: axisUrl, simulator } = await runSimulator({
    systems: [{ systemId: SYSTEM_ID, secret: SECRET, codes: parties.flatMap(({ codes }) => codes) }],
    agencies: parties.map(({ codes: [code, oldCode], name }) => ({ code: code!, name, ...oldCode !== undefined && { oldCode } })),
    now: () => new Date(),
    folder: join(data, 'axis'),
    onEvent: onAxis,
  })
  opened.use(simulator)

  const senderKey = organisation('van-phong-ubnd-tinh-vi-du')
  const receiverKey = organisation('ubnd-phuong-vi-du')
  const others = receivers.filter(({ codes }) => !codes.some((code) => sender.codes.includes(code)))
  const signer = ({ codes: [agency] }: Party, { key: keyPem, certificates: certificatePem }: typeof senderKey) => ({ agency, keyPem, certificatePem })
  const setup = {
    agencies: parties.map(({ codes, name }) => ({ codes, name })),
    connections: [{ id: 'axis', protocol: 'vxp', baseUrl: axisUrl, systemId: SYSTEM_ID, secret: SECRET, policy: { sealing: true, pollSeconds: 0.5, sendTimeoutSeconds: 5, pdf: PDF_POLICY } }],
    systems: [
      { id: 'dms-a', name: `Hệ thống QLVB của ${sender.name}`, agencies: sender.codes },
      ...others.length > 0 ? [{ id: 'dms-b', name: `Hệ thống QLVB của ${others[0]!.name}`, agencies: others.flatMap(({ codes }) => codes) }] : [],
    ],
    signers: [signer(sender, senderKey), ...others.map((receiver) => signer(receiver, receiverKey))],
  }
  const keys = await setUp(gatewayUrl, JSON.stringify(setup), others.length > 0)

  const gateway = superviseGateway({ data, onRestart, database: { DATABASE_URL: gatewayUrl, DATABASE_OWNER_URL: embedded.ownerUrl } })
  opened.use(gateway)
  const url = await gateway.url
  const parts = opened.move()
  return { url, keys, senderKey, [Symbol.asyncDispose]: () => parts.disposeAsync() }
}

/** Applies the set-up and gives each system a new key; keys of earlier runs stop working. */
async function setUp (gatewayUrl: string, setup: string, hasReceiver: boolean): Promise<World['keys']> {
  const { masterKey } = loadConfig({ LIENTHONG_MODE: 'demo' })
  await using database = openDatabase(gatewayUrl, 2, () => {})
  const made = { at: new Date(), actor: 'demo' }
  await applySetup(parseSetup(setup), { database, vault: createVault(masterKey), now: made.at, actor: made.actor })
  // awaited here: the database is closed when this function ends
  return await database.transaction(async (tx) => {
    const { rows } = await tx.query<{ id: string }>(`select id from api_key where system_id in ('dms-a', 'dms-b') and revoked_at is null`)
    for (const { id } of rows) await revokeKey(tx, { ...made, keyId: id })
    const sender = await createSystemKey(tx, { ...made, systemId: 'dms-a' })
    const receiver = hasReceiver ? await createSystemKey(tx, { ...made, systemId: 'dms-b' }) : sender
    return { sender: sender.text, receiver: receiver.text }
  })
}

/** Runs the gateway as a child process, and again at the same address whenever it ends without having been asked to. */
function superviseGateway ({ data, database, onRestart }: { data: string, database: Record<string, string>, onRestart: () => void }) {
  const log = createWriteStream(join(data, 'gateway.log'), { flags: 'a' })
  const { promise: url, resolve: resolveUrl, reject } = Promise.withResolvers<string>()
  let stopping = false
  let child: ChildProcess
  let port = String(FAVOURITE_PORT)
  let address: string | undefined

  function start () {
    child = spawn(process.execPath, [resolve(import.meta.dirname, '../main.ts')], {
      env: { PATH: environment['PATH'], LIENTHONG_MODE: 'demo', PORT: port, ...database },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    child.stdout!.pipe(log, { end: false })
    child.stderr!.pipe(log, { end: false })
    // The child says itself where it listens: whoever else answers at the usual port is not ours.
    child.once('message', (message) => {
      address = String(message)
      port = new URL(address).port
      resolveUrl(address)
    })
    child.once('exit', () => {
      if (stopping) return
      if (address !== undefined) onRestart()
      else if (port === '0') return reject(new Error(`the gateway does not start; see ${join(data, 'gateway.log')}`))
      else port = '0' // somebody has the usual port
      setTimeout(start, 200)
    })
  }
  start()

  return {
    url,
    async [Symbol.asyncDispose] () {
      stopping = true
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGTERM')
        await new Promise((resolve) => { child.once('exit', resolve) })
      }
      log.end()
    },
  }
}
