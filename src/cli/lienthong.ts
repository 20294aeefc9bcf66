#!/usr/bin/env node
/** `lienthong`: the gateway's commands. */
import { parseArgs } from 'node:util'
import { ConfigError } from '../config.ts'
import { Refusal } from '../errors.ts'
import { inWords } from './refusal.ts'
import { usageFault } from './usage.ts'

const USAGE = `lienthong <command>

  demo [--exit] [--packet FILE] [--data DIR]   the whole main job, on this machine, before your eyes
  apply FILE                                   bring the gateway to what a set-up file (JSON) says
  key system ID                                make an API key for a system, and show it once
  key person ID ROLE                           the same for a person: administrator, operator or monitor
  certificates COMMAND                         which certificate speaks for whom; certificates alone lists its commands
  held COMMAND                                 documents that wait for a person, for their PDFs; held alone lists its commands
  audit                                        check the audit chain
  revocation import FILE...                    take in CRLs (DER, PEM) and OCSP answers (DER) from files
  revocation list                              where revocation is asked for, and the newest CRLs
  evidence ID --out DIR                        all that a verdict rests on, of an arrival, an item of a mailbox, or a document
  sign FILE.pdf --output SIGNED.pdf ...        add the agency's signature to a PDF; sign alone lists its options
  verify FILE                                  judge a packet, an XML signature, a PDF or a certificate; verify alone lists its options
`

/** Faults that a person at the terminal can mend are said in one sentence; the rest is ours, and shows where it is. */
const MENDABLE = ['ENOENT', 'EISDIR', 'EACCES']

/** Commands with options of their own. No fault in those of `verify` may look like a verdict. */
const READ_THEIR_OWN = ['certificates', 'held', 'sign', 'verify']

const given = process.argv.slice(2)

try {
  const { values, positionals: [command, ...rest] } = parseArgs({
    args: READ_THEIR_OWN.includes(given[0] ?? '') ? given.slice(0, 1) : given,
    allowPositionals: true,
    options: { exit: { type: 'boolean', default: false }, packet: { type: 'string' }, data: { type: 'string', default: 'data/demo' }, out: { type: 'string' } },
  })
  switch (command) {
    case 'demo': {
      const { runDemo } = await import('./demo.ts')
      process.exitCode = await runDemo({ exit: values.exit, data: values.data, ...(values.packet !== undefined && { packet: values.packet }) })
      break
    }
    case 'apply': {
      const { apply } = await import('./apply.ts')
      await apply(rest)
      break
    }
    case 'key': {
      const { makeKey } = await import('./key.ts')
      await makeKey(rest)
      break
    }
    case 'audit': {
      const { checkAudit } = await import('./audit.ts')
      process.exitCode = await checkAudit()
      break
    }
    case 'revocation': {
      const { revocation } = await import('./revocation.ts')
      process.exitCode = await revocation(rest)
      break
    }
    case 'evidence': {
      const { exportEvidence } = await import('./evidence.ts')
      process.exitCode = await exportEvidence(rest, values.out)
      break
    }
    case 'certificates': {
      const { certificates } = await import('./certificates.ts')
      process.exitCode = await certificates(given.slice(1))
      break
    }
    case 'held': {
      const { held } = await import('./held.ts')
      process.exitCode = await held(given.slice(1))
      break
    }
    case 'sign': {
      const { sign } = await import('./sign.ts')
      process.exitCode = await sign(given.slice(1))
      break
    }
    case 'verify': {
      const { verify } = await import('./verify.ts')
      process.exitCode = await verify(given.slice(1))
      break
    }
    default:
      console.error(USAGE)
      process.exitCode = 2
  }
} catch (error) {
  if (error instanceof Refusal) console.error(inWords(error.toProblem()))
  else if (error instanceof ConfigError || MENDABLE.includes(codeOf(error))) console.error((error as Error).message)
  else {
    const fault = usageFault(error, READ_THEIR_OWN.find((command) => command === given[0]) ?? '')
    if (fault === null) throw error
    console.error(fault)
  }
  process.exitCode = 1
}

function codeOf (error: unknown): string {
  return String((error as { code?: unknown } | null)?.code ?? '')
}
