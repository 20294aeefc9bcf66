/** What a file is judged by, read from folders: roots, CAs, CRLs and OCSP answers, registered signers, a policy. */
import { Value } from 'typebox/value'
import { Refusal } from '../errors.ts'
import { DerError, ifReadable } from '../trust/asn1/der.ts'
import type { Trust } from '../trust/judge.ts'
import { crlsIn, readCrl, type Crl } from '../trust/revocation/crl.ts'
import { readOcsp, type OcspAnswer } from '../trust/revocation/ocsp.ts'
import { knownFrom, type KnownRevocation } from '../trust/revocation/known.ts'
import { DEFAULT_TRUST_SETTINGS, policyOf, TrustSettings } from '../trust/settings.ts'
import { loadTrust, type TrustStore } from '../trust/store.ts'
import { readCertificates, readFileUpTo, readFolder } from './files.ts'

/** Folders by what is in them. `folder` is a whole trust folder, which counts where no `anchors` are named. */
export type TrustFolders = {
  folder: string, anchors: string | undefined, intermediates: string | undefined, crls: string | undefined, timeStamping: string | undefined,
  /** A JSON file */
  policy: string | undefined,
}

/** What was read. `knowing` is the same trust, with answers that came meanwhile; those that cannot be read say nothing. */
export type GivenTrust = { trust: Trust, settings: TrustSettings, knowing (more: readonly Buffer[]): Trust }

/** Reads all of it. Throws a Refusal that names every file at fault. */
export async function readTrust ({ folder, anchors, intermediates, crls, timeStamping, policy: policyFile }: TrustFolders): Promise<GivenTrust> {
  const more = intermediates === undefined ? [] : await readCertificates(intermediates)
  const loaded = anchors === undefined ? loadTrust(folder) : { domains: [await storeOf('given', anchors)], timeStamping: null, crls: [] }
  const domains = loaded.domains.map((domain) => ({ ...domain, intermediates: [...domain.intermediates, ...more] }))
  const stamping = timeStamping === undefined ? loaded.timeStamping : { ...await storeOf('time-stamping', timeStamping), intermediates: more }
  const answers = [...loaded.crls.map(readAnswer), ...crls === undefined ? [] : (await readFolder(crls, (bytes) => crlsIn(bytes).map(readAnswer))).flat()]
  const settings = policyFile === undefined ? DEFAULT_TRUST_SETTINGS : await readSettings(policyFile)
  const trust = { domains, timeStamping: stamping, revocation: knownOf(answers), policy: policyOf(settings) }
  return { trust, settings, knowing: (more) => ({ ...trust, revocation: knownOf([...answers, ...more.flatMap((bytes) => ifReadable(() => readAnswer(bytes)) ?? [])]) }) }
}

type Answer = { crl: Crl } | { ocsp: OcspAnswer }

/** A CRL (DER, PEM), or an OCSP answer. Throws DerError for anything else. */
function readAnswer (bytes: Buffer): Answer {
  try {
    return { crl: readCrl(bytes) }
  } catch (error) {
    if (!(error instanceof DerError)) throw error
    return { ocsp: readOcsp(bytes) }
  }
}

/** Nothing tells beforehand which certificates an OCSP answer is asked about, so each looks at all of them. */
function knownOf (answers: readonly Answer[]): KnownRevocation {
  const ocsp = answers.flatMap((answer) => 'ocsp' in answer ? [answer.ocsp] : [])
  return { ...knownFrom(answers.flatMap((answer) => 'crl' in answer ? [answer.crl] : [])), ocsp: () => ocsp }
}

async function storeOf (label: string, folder: string): Promise<TrustStore> {
  const anchors = await readCertificates(folder)
  if (anchors.length === 0) throw new Refusal('FILE_UNREADABLE', { detail: `${folder}: no root certificate` })
  return { label, anchors, intermediates: [] }
}

/** A policy alone is one: whatever else settings have is their default. */
async function readSettings (path: string): Promise<TrustSettings> {
  const text = (await readFileUpTo(path, 1024 * 1024)).toString('utf8')
  try {
    const settings = Value.Default(TrustSettings, JSON.parse(text))
    if (Value.Check(TrustSettings, settings)) return settings
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  throw new Refusal('FILE_UNREADABLE', { detail: `${path}: no trust policy` })
}
