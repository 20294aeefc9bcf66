/** The exams there are, and what each must show. */
import { OCSP_FILES, runOcsp } from './ocsp.ts'
import { judgePathAndRevocation, PKITS_FILES, runPkits } from './pkits.ts'
import { runXmlCrypto, XML_CRYPTO_FILES } from './xml-crypto.ts'
import type { SignatureTable } from './xml-signatures.ts'
import { runXmlsec, XMLSEC_FILES } from './xmlsec.ts'

/** An exam. No false accept is ever forgiven; `mostRejects` is how many right cases may be refused, `explained` that each of them needs its explanation. */
export type Exam = { files: readonly string[], run: () => SignatureTable, mostRejects: number, explained?: true }

export const EXAMS: readonly Exam[] = [
  { files: PKITS_FILES, run: () => runPkits(), mostRejects: 5 },
  { files: PKITS_FILES, run: () => runPkits(judgePathAndRevocation), mostRejects: 5 },
  { files: OCSP_FILES, run: () => runOcsp('historical'), mostRejects: 0 },
  { files: OCSP_FILES, run: () => runOcsp('product'), mostRejects: 0 },
  { files: XMLSEC_FILES, run: () => runXmlsec('product'), mostRejects: Infinity, explained: true },
  { files: XMLSEC_FILES, run: () => runXmlsec('historical'), mostRejects: Infinity, explained: true },
  { files: XML_CRYPTO_FILES, run: () => runXmlCrypto('product'), mostRejects: Infinity, explained: true },
  { files: XML_CRYPTO_FILES, run: () => runXmlCrypto('historical'), mostRejects: Infinity, explained: true },
]

/** What a table holds against us, and the demands it does not meet. */
export function faultsOf ({ mostRejects, explained }: Exam, { rows }: SignatureTable) {
  const accepts = rows.filter(({ expected, got }) => expected === 'refused' && got === 'accepted')
  const rejects = rows.filter(({ expected, got }) => expected === 'accepted' && got === 'refused')
  const differing = rows.filter(({ got, xmlsec1 }) => xmlsec1 !== undefined && xmlsec1 !== got)
  const silent = rows.filter(({ got, reason }) => got === 'refused' && !/^[A-Z0-9_]{3,}/.test(reason ?? ''))
  const unexplained = [...differing, ...(explained ? rejects : [])].filter(({ why }) => why === undefined)
  const unmet = [
    ...(accepts.length > 0 ? ['no false accepts'] : []),
    ...(rejects.length > mostRejects ? [`at most ${mostRejects} false rejects`] : []),
    ...(unexplained.length > 0 ? [`every disagreement is explained: ${unexplained.map(({ name }) => name).join(', ')}`] : []),
    ...(silent.length > 0 ? [`everything refused has a named reason: ${silent.map(({ name }) => name).join(', ')}`] : []),
  ]
  return { accepts, rejects, differing, unmet }
}
