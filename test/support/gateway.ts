/** A gateway as in production, on a database of its own, with a simulated axis behind real HTTP and two systems with keys. */
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createPersonKey, createSystemKey } from '../../src/access/keys.ts'
import { createVault } from '../../src/access/secrets.ts'
import { applySetup } from '../../src/admin/apply.ts'
import { parseSetup } from '../../src/admin/setup.ts'
import { loadConfig, type Environment } from '../../src/config.ts'
import type { DocumentPacket } from '../../src/edxml/packet.ts'
import { writePacket } from '../../src/edxml/write.ts'
import { createGateway, type Edges } from '../../src/gateway.ts'
import type { MailboxEntry, MailboxItem } from '../../src/inbound/mailbox.ts'
import { signPacket } from '../../src/signing/packet-signature.ts'
import { createSimulator, type SimulatorOptions } from '../../src/simulator/simulator.ts'
import { signerFromPem } from '../../src/trust/signers/pem.ts'
import { createTestDatabase } from './database.ts'
import { makePdf, pagesOf } from './pdf.ts'

export const SYSTEM_ID = 'H90.W01'
export const SECRET = 'test-secret-not-real'
/** Two agencies, each under both of its codes. */
export const A = { codes: ['H90.01', '000.00.01.H90'], name: 'Văn phòng UBND tỉnh Ví Dụ', key: 'van-phong-ubnd-tinh-vi-du' }
export const B = { codes: ['H90.27', '000.00.27.H90'], name: 'UBND phường Ví Dụ', key: 'ubnd-phuong-vi-du' }

const ORGANISATIONS = resolve(import.meta.dirname, '../../certs-example/organisations')

/** Key and certificates of an example organisation. */
export function organisation (name: string): { key: string, certificates: string } {
  return { key: readFileSync(join(ORGANISATIONS, `${name}.key.pem`), 'utf8'), certificates: readFileSync(join(ORGANISATIONS, `${name}.crt.pem`), 'utf8') }
}

export type WorldOptions = {
  simulator?: Partial<SimulatorOptions>
  /** Of the connection. */
  policy?: object
  /** Of system a. */
  systemPolicy?: object
  /** More codes that system b speaks for. */
  more?: { codes: string[], name: string }[]
  edges?: Edges
  env?: Environment
}

/** The set-up of the two systems, for a gateway in this process or in another. */
export function setupFor (axisUrl: string, { policy = {}, systemPolicy = {}, more = [] }: Pick<WorldOptions, 'policy' | 'systemPolicy' | 'more'> = {}) {
  const signer = ({ codes, key }: typeof A) => ({ agency: codes[0], keyPem: organisation(key).key, certificatePem: organisation(key).certificates })
  return {
    agencies: [A, B, ...more].map(({ codes, name }) => ({ codes, name })),
    connections: [{ id: 'axis', protocol: 'vxp', baseUrl: axisUrl, systemId: SYSTEM_ID, secret: SECRET, policy: { sealing: true, pollSeconds: 0.1, sendTimeoutSeconds: 2, ...policy } }],
    systems: [
      { id: 'dms-a', name: 'Hệ thống A', agencies: [A.codes[0]], policy: systemPolicy },
      { id: 'dms-b', name: 'Hệ thống B', agencies: [B.codes[0], ...more.map(({ codes }) => codes[0])] },
    ],
    signers: [signer(A), signer(B)],
    persons: [{ id: 'quan-tri', name: 'Người quản trị' }],
  }
}

/** A simulated axis that knows the two agencies. */
export function simulatorFor (options: Partial<SimulatorOptions> = {}, more: { codes: string[], name: string }[] = []) {
  const parties = [A, B, ...more]
  return createSimulator({
    systems: [{ systemId: SYSTEM_ID, secret: SECRET, codes: parties.flatMap(({ codes }) => codes) }],
    agencies: parties.map(({ codes: [code, oldCode], name }) => ({ code: code!, name, ...(oldCode && { oldCode }) })),
    now: () => new Date(),
    ...options,
  })
}

/** Everything a flow test needs; gone with the test. */
export async function startWorld (t: { teardown (end: () => Promise<void>): void }, options: WorldOptions = {}) {
  const test = await createTestDatabase()
  const simulator = simulatorFor(options.simulator, options.more)
  const { url: axisUrl } = await simulator.listen()
  const config = loadConfig({ LIENTHONG_MODE: 'test', DATABASE_URL: test.gatewayUrl, DATABASE_OWNER_URL: test.ownerUrl, PORT: '0', LOG_LEVEL: 'silent', ...options.env })
  const gateway = await createGateway(config, '0.0.0', options.edges)
  t.teardown(async () => {
    await gateway[Symbol.asyncDispose]()
    await simulator.close()
    await test.drop()
  })
  const { database } = test
  const made = { at: new Date(), actor: 'test' }
  const apply = (setup: object) => applySetup(parseSetup(JSON.stringify(setup)), { database, vault: createVault(config.masterKey), now: made.at, actor: made.actor })
  await apply(setupFor(axisUrl, options))
  const keys = await database.transaction(async (tx) => ({
    a: (await createSystemKey(tx, { ...made, systemId: 'dms-a' })).text,
    b: (await createSystemKey(tx, { ...made, systemId: 'dms-b' })).text,
    administrator: (await createPersonKey(tx, { ...made, personId: 'quan-tri', role: 'administrator' })).text,
  }))

  const client = (key: string) => {
    const ask = (method: 'GET' | 'POST', path: string, body?: Buffer | object, headers: Record<string, string> = {}) => gateway.http.inject({
      method, url: `/v1${path}`,
      headers: { authorization: `Bearer ${key}`, ...(Buffer.isBuffer(body) && { 'content-type': 'application/xml' }), ...headers },
      ...(body && { payload: body }),
    })
    return {
      ask,
      submit: (packet: Buffer, headers: Record<string, string> = {}) => ask('POST', '/documents', packet, headers),
      document: async (id: string) => (await ask('GET', `/documents/${id}`)).json(),
      mailbox: async (query = '') => (await ask('GET', `/mailbox${query}`)).json<{ items: MailboxEntry[], next: string | null }>(),
      item: async (id: string) => (await ask('GET', `/mailbox/${id}`)).json<MailboxItem>(),
    }
  }
  return { gateway, database, simulator, config, keys, a: client(keys.a), b: client(keys.b), client, apply }
}

/** A document from A to B, as its system would write it. */
export function documentPacket (changes: Partial<DocumentPacket['header']> = {}, files: { name: string, bytes: Buffer }[] = [{ name: 'Công văn.pdf', bytes: makePdf(pagesOf('Vi du')) }]): DocumentPacket {
  return {
    kind: 'document',
    header: {
      from: { organId: A.codes[0]!, organName: A.name },
      to: [{ organId: B.codes[0]!, organName: B.name }],
      documentId: 'H90.01,2026/01/05,12/VP-KSTT',
      code: { codeNumber: '12', codeNotation: 'VP-KSTT' },
      promulgationInfo: { place: 'Ví Dụ', promulgationDate: '2026-01-05' },
      documentType: { type: 18, typeName: 'Công văn' },
      subject: 'V/v rà soát mã định danh',
      responseFor: [], responseForTask: [], toPlaces: [], traceHeaders: [],
      ...changes,
    },
    attachments: files.map(({ name, bytes }, index) => ({ contentId: `${index + 1}`, name, originalName: name, contentType: 'application/pdf', bytes })),
    warnings: [],
  }
}

/** The same, signed by its agency: the bytes a system sends. */
export async function signedPacket (packet = documentPacket(), by = A.key): Promise<Buffer> {
  return signPacket(await writePacket(packet), signerFromPem(organisation(by)))
}
