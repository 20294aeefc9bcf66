/** How openssl checks the chain of a verdict and its revocation, with nothing but what is in the folder. */
import type { Crl } from '../trust/revocation/crl.ts'
import type { OcspAnswer } from '../trust/revocation/ocsp.ts'
import type { SignatureVerdict } from '../trust/verdict.ts'

/** What a folder holds of revocation, as it was read. */
export type KeptAnswer = { crl: Crl } | { ocsp: OcspAnswer }

/** The CRLs and OCSP answers of a folder, by their SHA-256. */
export type KeptAnswers = ReadonlyMap<string, KeptAnswer>

/** openssl holds the age of an OCSP answer against today's clock: a hundred years of it are let pass, since its time is not what is in question. */
const ANY_AGE = 100 * 366 * 24 * 3600

/**
 * The commands, in the folder, for the signer whose certificate is `part`-signer.pem. -crl_check_all wants a CRL of that very time for every certificate: where one has another answer, each certificate is
 * asked about by what there is for it. A CRL that looks back from later can only be read.
 */
export function opensslChecks (part: string, { chain, revocation, proofTime }: SignatureVerdict, kept: KeptAnswers): string[] {
  const at = new Date(proofTime.at)
  const fileOf = (index: number) => index === 0 ? `${part}-signer.pem` : `${index === chain.length - 1 ? 'anchors' : 'intermediates'}/${chain[index]!.fingerprint}.pem`
  const verify = (index: number, revoked = '') => `openssl verify -attime ${secondsOf(at)} -CAfile anchors.pem ${chain.length > 2 ? '-untrusted intermediates.pem ' : ''}${revoked}${fileOf(index)}`
  const answers = chain.slice(0, -1).map(({ fingerprint }) => revocation.flatMap(({ certificate, evidence = '' }) => {
    const answer = certificate === fingerprint ? kept.get(evidence) : undefined
    return answer ? [answer] : []
  }))
  const hasCrl = answers.map((all) => all.some((answer) => 'crl' in answer && stands(answer.crl, at)))
  if (hasCrl.length > 0 && hasCrl.every(Boolean)) return [verify(0, '-CRLfile crls.pem -crl_check_all ')]
  return [verify(0), ...answers.flatMap((all, index) => hasCrl[index]
    ? [verify(index, '-CRLfile crls.pem -crl_check ')]
    : all.map((answer) => 'crl' in answer ? crlCommand(answer.crl) : ocspCommand(answer.ocsp, fileOf(index), fileOf(index + 1), chain.length > 2)))]
}

/** Whether openssl takes it at that moment: complete, and of that time. */
function stands ({ baseNumber, thisUpdate, nextUpdate }: Crl, at: Date): boolean {
  return baseNumber === undefined && thisUpdate <= at && (nextUpdate === undefined || at <= nextUpdate)
}

/** RFC 6960, 4.1.1: the certificate is found by the digest that the answer names it by. The responder is judged for when it answered. */
function ocspCommand ({ sha256, producedAt, responses }: OcspAnswer, certificate: string, issuer: string, hasIntermediates: boolean): string {
  const digest = responses[0]?.digest ?? 'sha1'
  return `openssl ocsp -respin revocation/${sha256}.ocsp -no_nonce -validity_period ${ANY_AGE} -attime ${secondsOf(producedAt)} -CAfile anchors.pem ` +
    `${hasIntermediates ? '-verify_other intermediates.pem ' : ''}-issuer ${issuer} ${digest === 'sha1' ? '' : `-${digest} `}-cert ${certificate}`
}

function crlCommand ({ sha256 }: Crl): string {
  return `openssl crl -inform DER -in revocation/${sha256}.crl -noout -text`
}

function secondsOf (moment: Date): number {
  return Math.floor(moment.getTime() / 1000)
}
