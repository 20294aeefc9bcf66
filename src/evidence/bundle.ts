/**
 * The evidence of one judgement as a folder that stands for itself: `lienthong verify` gives the same verdict from it without a gateway, and
 * openssl and xmlsec1 can check its parts.
 *
 *     packet.edxml, lienthong-seal.xml        what came, byte for byte, and the seal out of it
 *     pdf/                                    its attachments that are PDFs, by their number, as they were judged
 *     sent/                                   the packets that were made for a document, one for each connection it went to
 *     anchors/ intermediates/ signers/        pinned roots, CAs, and the certificates that spoke for the sender (PEM), by their SHA-256
 *     revocation/                             the CRLs and OCSP answers that were looked at (DER), by their SHA-256
 *     anchors.pem, … crls.pem, …-signer.pem   the same in one file each, as openssl wants it
 *     stamps/, time-stamping/                 what a time-stamping authority proved, and the roots it is believed by
 *     verdict.json, policy.json, README.txt   the verdict as it was stored, its policy, and the commands that check it
 */
import { X509Certificate } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { readBlob, streamBlob } from '../blobs/blobs.ts'
import type { Db } from '../database/database.ts'
import { SEAL_NAME } from '../edxml/packet.ts'
import { openPacket, readPacket } from '../edxml/read.ts'
import { Refusal } from '../errors.ts'
import { ifReadable } from '../trust/asn1/der.ts'
import { DEFAULT_TRUST_POLICY } from '../trust/policy.ts'
import { readCrl } from '../trust/revocation/crl.ts'
import { readOcsp } from '../trust/revocation/ocsp.ts'
import type { TrustFolder } from '../trust/store.ts'
import { fingerprintOf, type RevocationAnswer, type SignatureVerdict } from '../trust/verdict.ts'
import type { KeptAnswer, KeptAnswers } from './bundle-checks.ts'
import { writeSent } from './bundle-sent.ts'
import { latestPdfs, signedParts, writePdfs } from './bundle-pdfs.ts'
import { decidedBy, hasIdentity, instructions } from './bundle-text.ts'
import { writeStamps, type Stamped } from './bundle-stamps.ts'
import { findBlobs, findJudged, type JudgedItem } from './store.ts'

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** What is pinned. */
type Trusted = Pick<TrustFolder, 'domains' | 'timeStamping'>

/** What was written, and what the verdicts name that is not kept (any more): by its SHA-256. */
export type Bundle = { item: JudgedItem, missing: string[] }

/**
 * Once this returns, the folder holds all that is kept of this judgement, and `missing` is what it should hold besides. `trusted` is what is
 * pinned now: without the roots nobody could see that a chain led to none of them. Throws a Refusal when there is no such item, or the folder is not empty.
 */
export async function writeBundle ({ database, trusted, id, folder }: { database: Db, trusted: Trusted, id: string, folder: string }): Promise<Bundle> {
  const item = UUID.test(id) ? await findJudged(database, id) : null
  if (!item) throw new Refusal('DOCUMENT_NOT_FOUND', { detail: id })
  await mkdir(folder, { recursive: true })
  if ((await readdir(folder)).length > 0) throw new Refusal('REQUEST_INVALID', { detail: `${folder} is not empty` })

  const rests = await collect(database, item)
  await writeCertificates(folder, { ...rests, item, trusted })
  const answers = await writeAnswers(database, rests.answers, folder)
  if (item.packet) await writePacket(database, item.packet, folder)
  await writePdfs(database, item.pdfs, folder)
  const sent = item.kind === 'document' ? await writeSent(database, item.id, folder) : []
  const stamps = await writeStamps(database, { subject: item.id, stamped: rests.stamped, folder })

  const verdict = decidedBy(item)
  const { kind, senderCode: sender, at: receivedAt, packet, signature, seal, pdfs, recheck } = item
  await writeFile(join(folder, 'verdict.json'), json({ kind, id: item.id, sender, receivedAt, packet: packet?.toString('hex') ?? null, verdict: verdict?.result ?? null, signature, seal, pdfs, recheck }))
  await writeFile(join(folder, 'policy.json'), json(verdict?.policy ?? DEFAULT_TRUST_POLICY))
  await writeFile(join(folder, 'README.txt'), instructions(item, { folder, answers, stamps, sent, hasAuthority: trusted.timeStamping !== null }))
  return { item, missing: rests.missing }
}

/** What the verdicts on an item rest on, as far as it is kept. */
type Rests = {
  verdicts: SignatureVerdict[], stamped: Stamped[], certificates: ReadonlyMap<string, X509Certificate>, missing: string[],
  /** SHA-256, and of which kind */
  answers: (readonly [hash: string, from: RevocationAnswer['from']])[],
}

async function collect (database: Db, { packet, signature, seal, pdfs, recheck }: JudgedItem): Promise<Rests> {
  const ofPacket = [signature, seal, recheck?.verdicts?.signature, recheck?.verdicts?.seal].filter((verdict) => verdict !== null && verdict !== undefined)
  const ofPdfs = [...pdfs, ...recheck?.verdicts?.pdfs ?? []]
  const verdicts = [...ofPacket, ...ofPdfs.flatMap(({ verdict }) => verdict.signatures)]
  const stamped = [...ofPacket.map((verdict) => ({ of: packet, verdict })), ...ofPdfs.map(({ sha256, verdict }) => ({ of: Buffer.from(sha256, 'hex'), verdict }))]
  const answers = new Map(verdicts.flatMap(({ revocation }) => revocation).flatMap(({ evidence, from }) => evidence === undefined ? [] : [[evidence, from] as const]))
  const chains = new Set(verdicts.flatMap(({ chain }) => chain.map(({ fingerprint }) => fingerprint)))
  const named = [...chains, ...answers.keys()]
  const kept = await findBlobs(database, named)
  const certificates = new Map<string, X509Certificate>()
  for (const hash of chains) if (kept.has(hash)) certificates.set(hash, new X509Certificate(await readBlob(database, Buffer.from(hash, 'hex'))))
  return { verdicts, stamped, certificates, answers: [...answers].filter(([hash]) => kept.has(hash)), missing: named.filter((hash) => !kept.has(hash)) }
}

async function writeAnswers (database: Db, answers: Rests['answers'], folder: string): Promise<KeptAnswers> {
  await mkdir(join(folder, 'revocation'))
  const crls: Buffer[] = []
  const kept = new Map<string, KeptAnswer>()
  for (const [hash, from] of answers) {
    const bytes = await readBlob(database, Buffer.from(hash, 'hex'))
    if (from === 'crl') crls.push(bytes)
    const answer = readAnswer(bytes, from)
    if (answer) kept.set(hash, answer)
    await writeFile(join(folder, 'revocation', `${hash}.${from}`), bytes)
  }
  await writeFile(join(folder, 'crls.pem'), crls.map((der) => pem('X509 CRL', der)).join(''))
  return kept
}

/** What a version that read less strictly took in goes along as it is; no command is written for it. */
function readAnswer (bytes: Buffer, from: RevocationAnswer['from']): KeptAnswer | null {
  return ifReadable((): KeptAnswer => from === 'crl' ? { crl: readCrl(bytes) } : { ocsp: readOcsp(bytes) }) ?? null
}

async function writePacket (database: Db, sha256: Buffer, folder: string): Promise<void> {
  const path = join(folder, 'packet.edxml')
  await pipeline(streamBlob(database, sha256), createWriteStream(path))
  try {
    const packet = await readPacket(openPacket(await readBlob(database, sha256)))
    const seal = packet.kind === 'document' ? packet.attachments.find(({ name }) => name === SEAL_NAME) : undefined
    if (seal) await writeFile(join(folder, SEAL_NAME), seal.bytes)
  } catch (error) {
    // One that could not be read is in quarantine, and is evidence as it is
    if (!(error instanceof Refusal)) throw error
  }
}

type Certificates = Pick<Rests, 'verdicts' | 'certificates'> & { item: JudgedItem, trusted: Trusted }

/** Each certificate in a file of its own, and all of a folder in one file beside it, which openssl wants. */
async function writeCertificates (folder: string, { item, verdicts: all, certificates, trusted: { domains, timeStamping } }: Certificates): Promise<void> {
  // A time-stamping authority's root says nothing of signers
  const verdicts = all.filter((verdict) => !('kind' in verdict && verdict.kind === 'document-time-stamp'))
  const of = (verdict: SignatureVerdict) => verdict.chain.map(({ fingerprint }) => certificates.get(fingerprint))
  const lists: Record<string, (X509Certificate | undefined)[]> = {
    // Only a valid chain is known to have ended at a root that was pinned; any other may end at a stranger's certificate
    anchors: [...domains.flatMap((store) => store.anchors), ...verdicts.filter(({ result }) => result === 'valid').map((verdict) => of(verdict).at(-1))],
    intermediates: [...[...domains, ...timeStamping ? [timeStamping] : []].flatMap((store) => store.intermediates), ...verdicts.flatMap((verdict) => of(verdict).slice(1, -1))],
    signers: verdicts.filter(hasIdentity).map((verdict) => of(verdict)[0]),
    ...timeStamping && { 'time-stamping': timeStamping.anchors },
  }
  for (const [name, list] of Object.entries(lists)) {
    await mkdir(join(folder, name))
    const distinct = new Map(list.flatMap((certificate) => certificate ?? []).map((certificate) => [fingerprintOf(certificate), pemOf(certificate)]))
    for (const [fingerprint, text] of distinct) await writeFile(join(folder, name, `${fingerprint}.pem`), text)
    if (name !== 'signers') await writeFile(join(folder, `${name}.pem`), [...distinct.values()].join(''))
  }
  const parts = [...(['signature', 'seal'] as const).map((part) => ({ part, verdict: item[part] })), ...signedParts(latestPdfs(item))]
  for (const { part, verdict } of parts) {
    const leaf = verdict?.chain[0] && certificates.get(verdict.chain[0].fingerprint)
    if (leaf) await writeFile(join(folder, `${part}-signer.pem`), pemOf(leaf))
  }
}

function pemOf ({ raw }: X509Certificate): string {
  return pem('CERTIFICATE', raw)
}

function pem (label: string, der: Buffer): string {
  return `-----BEGIN ${label}-----\n${der.toString('base64').replace(/.{1,64}/g, '$&\n')}-----END ${label}-----\n`
}

function json (value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}
