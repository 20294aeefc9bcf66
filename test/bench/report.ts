/** The figures as a page for people. */
import { NEEDS } from './floor.ts'
import type { Compared, Figures } from './figures.ts'
import type { Limit } from './limits.ts'

export function describe (figures: Figures): string {
  const { machine, given, limits, perSecond, acceptMs, handedOverMs, cpuMs, busy, perDocument, documents } = figures
  const { gateway, floor } = cpuMs
  const beyond = (name: string, ms: number) => row(name, `${digits(ms)} ms`)
  return [
    `${machine.cores} × ${machine.processor}, Node ${machine.node}, PostgreSQL embedded with fsync`,
    `${given.rounds} rounds of ${given.documents} packets of ${digits(given.packetBytes / 1024)} KiB (PDF of ${given.attachmentBytes / 1024} KiB), ${given.concurrency} at once; the axis is asked every ${given.pollSeconds * 1000} ms`,
    'A percentage says how much of the limit is reached; at 100 % this machine could not do better.',
    '',
    'LIMITS, measured in this run',
    limit('RSA-2048 signatures', limits.sign),
    limit('RSA-2048 verifications, one core', limits.verify),
    limit('SHA-256 of a packet', limits.hash),
    limit('libxml2 parse and C14N, one core', limits.xml),
    limit('durable commits of one row', limits.commit),
    limit('POSTs to a Fastify that does nothing', limits.post),
    '',
    'THROUGHPUT, submitted → in the recipient\'s mailbox',
    row('documents per second', `${digits(perSecond.value)}   (rounds: ${perSecond.rounds.map(digits).join(', ')})`, perSecond),
    row('accepted per second', digits(perSecond.accepted)),
    row('cores in use', `${digits(busy.ours)}   (the gateway's main thread ${digits(busy.mainThread)}; all programs on the machine ${digits(busy.machine)})`),
    ...busy.machine > busy.ours * 1.1 ? ['  Other programs took part of the machine: rates are too low and times too long, CPU a little too high. Measure again when it is quiet.'] : [],
    '',
    'ACCEPT, POST → 202',
    row('under load, p50', ms(acceptMs.load.p50), acceptMs.load.p50),
    row('under load, p99', ms(acceptMs.load.p99), acceptMs.load.p99),
    row('one at a time, p50', ms(acceptMs.idle.p50), acceptMs.idle.p50),
    row('one at a time, p99', ms(acceptMs.idle.p99), acceptMs.idle.p99),
    '',
    'POST → MAILBOX, one at a time',
    row('p50', ms(handedOverMs.p50), handedOverMs.p50),
    row('p99', ms(handedOverMs.p99), handedOverMs.p99),
    row('p50 without the wait for the poll', ms(handedOverMs.withoutWait), handedOverMs.withoutWait),
    `  of it (medians): until signed ${digits(handedOverMs.steps.sign)}, sent ${digits(handedOverMs.steps.send)}, waited for the poll and fetched ${digits(handedOverMs.steps.waitAndFetch)}, judged ${digits(handedOverMs.steps.verify)} ms`,
    '',
    'CPU PER DOCUMENT, all cores',
    part('gateway: sign', gateway.sign, floor.sign, `${digits(gateway.signPool)} ms of it on the thread pool, with zip`),
    part('gateway: verify', gateway.verify, floor.verify),
    part('gateway: XML', gateway.xml, floor.xml),
    part('gateway: database + PostgreSQL', gateway.database + cpuMs.server, floor.database, `${digits(cpuMs.server)} ms of it PostgreSQL`),
    part('gateway: HTTP', gateway.http, floor.http),
    beyond('gateway: garbage, main thread', gateway.gc),
    beyond('gateway: garbage and compiling, V8\'s threads', gateway.engine),
    beyond('gateway: native, unassigned', gateway.native),
    beyond('gateway: other', gateway.other),
    part('gateway + PostgreSQL', gateway.total + cpuMs.server, floor.total),
    beyond('simulated axis', cpuMs.axis),
    beyond('load generator', cpuMs.load),
    `  The floor is ${NEEDS.sign} signatures, ${NEEDS.verify} verifications, ${NEEDS.hash} digests, ${NEEDS.xml} × parse and C14N, ${NEEDS.commit} durable commits, ${NEEDS.postIn} POST in and ${NEEDS.postOut} out.`,
    `  The split comes from a run of its own under the profiler, scaled to the CPU of the runs without it.`,
    row('statements', `${digits(perDocument.statements)}; ${digits(perDocument.commits)} transactions that write, ${digits(perDocument.walBytes / 1024)} KiB of write-ahead log`),
    '',
    `${documents.submitted} documents submitted, ${documents.missing} missing, ${documents.doubled} doubled`,
  ].join('\n')
}

function row (name: string, text: string, compared?: Compared): string {
  return `  ${name.padEnd(46)}${text}${compared ? `   ${percent(compared.share)} of ${digits(compared.limit)}` : ''}`
}

function part (name: string, took: number, floor: number, more?: string): string {
  return row(name, `${digits(took)} ms`, { value: took, limit: floor, share: floor / took }) + (more ? `   (${more})` : '')
}

function limit (name: string, { perSecond, cpuMs, otherMs, aloneMs }: Limit): string {
  return row(name, `${Math.round(perSecond).toLocaleString('en')}/s; CPU ${digits(cpuMs)}${otherMs > 0 ? ` + ${digits(otherMs)}` : ''} ms; alone ${digits(aloneMs)} ms`)
}

const ms = ({ value }: Compared) => `${digits(value)} ms`
const percent = (share: number) => `${digits(share * 100)} %`

/** Three figures that count, since the fourth is chance. */
function digits (value: number): string {
  return value >= 100 ? String(Math.round(value)) : value.toPrecision(value >= 10 ? 3 : 2)
}
