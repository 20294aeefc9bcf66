/**
 * Threads in which strangers' PDFs are read: one that takes too long, or too much memory, ends its thread and nothing else.
 * The way there and back costs some 0.5 ms, and 1 ms for each megabyte that is copied; a thread takes some 100 ms to start.
 */
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { Piscina } from 'piscina'
import type { PdfExamination } from './examination.ts'
import type { PreparedSignature, PreparedUpdate } from './sign/request.ts'
import type { SigningWorkers } from './sign/sign.ts'
import type { PdfInput } from './source.ts'

/** What is done with a PDF in a thread. Over its time or memory, a file is PDF_TOO_COMPLEX, and cannot be signed. */
export type PdfWorkers = AsyncDisposable & SigningWorkers & {
  /** Takes the time that it spends from `allowance`, and no more than that */
  examine (input: PdfInput, allowance?: Allowance): Promise<PdfExamination>
}

/** Time in a thread that several files have together. */
export type Allowance = { leftMs: number }

/** Each thread may hold a file of 100 MB. */
const MOST_THREADS = 4
/** A file of 200 MB with 5,000 pages and two signatures takes 1 s; what spends all that the reader admits, some ten. */
const LIMIT_MS = 30_000
/** A thread that has to be started is given this time in any case. */
const STARTING_MS = 1000
/** A thread that is needed again soon need not start again. */
const IDLE_MS = 30_000
/** Objects that were read; the bytes themselves lie outside. */
const HEAP_MB = 1024

const TASKS = join(import.meta.dirname, 'worker.ts')

/** `onError` hears of a thread that ends without a file, `tasks` is what the threads load. */
type Options = { threads?: number, limitMs?: number, tasks?: string, onError?: (error: Error) => void }

/** Starts a thread when there is work for it. Those that wait for a thread wait with their bytes where they are: only what is examined is copied. */
export function createPdfWorkers ({ threads = Math.min(MOST_THREADS, availableParallelism()), limitMs = LIMIT_MS, tasks = TASKS, onError = () => {} }: Options = {}): PdfWorkers {
  // What a test runner, or a debugger, gives its own process is not for the threads
  const pool = new Piscina({ filename: tasks, minThreads: 0, maxThreads: threads, idleTimeout: IDLE_MS, execArgv: [], resourceLimits: { maxOldGenerationSizeMb: HEAP_MB } })
  const turns = createTurns(threads)
  const running = new Set<{ begun: Int32Array, noThread: AbortController }>()
  // A thread that could not start is nobody's: what has not begun yet would wait for it in vain
  pool.on('error', (error: Error) => {
    onError(error)
    for (const { begun, noThread } of running) if (!hasBegun(begun)) noThread.abort(error)
  })

  /** The time counts from when a thread is free. */
  async function run<Result> (name: string, input: PdfInput, more: object, tooMuch: (detail: string) => Result, allowance: Allowance = { leftMs: limitMs }): Promise<Result> {
    await turns.take()
    const [startedAt, mostMs] = [performance.now(), Math.min(limitMs, Math.max(STARTING_MS, Math.ceil(allowance.leftMs)))]
    const isOver = AbortSignal.timeout(mostMs)
    const mine = { begun: new Int32Array(new SharedArrayBuffer(4)), noThread: new AbortController() }
    running.add(mine)
    try {
      const { task, transferList } = taskOf(input, { ...more, begun: mine.begun })
      return await pool.run(task, { name, transferList, signal: AbortSignal.any([isOver, mine.noThread.signal]) }) as Result
    } catch (error) {
      if (turns.isClosed()) throw new Error(CLOSED, { cause: error })
      if (!hasBegun(mine.begun)) throw new Error('no thread for PDFs could be started', { cause: error })
      if (isOver.aborted) return tooMuch(`more than ${mostMs} ms`)
      if ((error as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY') return tooMuch(`more than ${HEAP_MB} MiB of memory`)
      throw error
    } finally {
      running.delete(mine)
      allowance.leftMs -= performance.now() - startedAt
      turns.give()
    }
  }

  const unsignable = (detail: string) => ({ kind: 'refused' as const, code: 'PDF_SIGN_UNREADABLE' as const, detail: `PDF_TOO_COMPLEX: ${detail}` })
  return {
    examine: (input, allowance) => run<PdfExamination>('examine', input, {}, (detail) => ({ kind: 'unreadable', findings: [{ code: 'PDF_TOO_COMPLEX', detail }] }), allowance),
    prepareSignature: (input, request) => run<PreparedSignature>('prepareSignature', input, { request }, unsignable),
    prepareValidationData: (input, signed, request) => run<PreparedUpdate>('prepareValidationData', input, { signed, request }, unsignable),
    async [Symbol.asyncDispose] () {
      turns.close()
      await pool.destroy()
    },
  }
}

/** The bytes go over in one copy of their own: the caller keeps his, and a view does not take what it is a view of along. */
function taskOf (input: PdfInput, more: object): { task: object, transferList: ArrayBuffer[] } {
  if ('path' in input) return { task: { input, ...more }, transferList: [] }
  const bytes = new Uint8Array(input.bytes)
  return { task: { input: { bytes }, ...more }, transferList: [bytes.buffer] }
}

/** Whether a thread has taken a task up: whatever ends it from then on is the file's doing. */
function hasBegun (begun: Int32Array): boolean {
  return Atomics.load(begun, 0) === 1
}

/** As many at once as there are turns; the others in the order in which they came. */
function createTurns (count: number) {
  const waiting: { go: () => void, stop: (error: Error) => void }[] = []
  let left = count
  let isClosed = false
  return {
    isClosed: () => isClosed,
    async take (): Promise<void> {
      if (isClosed) throw new Error(CLOSED)
      if (left > 0) left--
      else await new Promise<void>((go, stop) => { waiting.push({ go, stop }) })
    },
    give (): void {
      const next = waiting.shift()
      if (next) next.go()
      else left++
    },
    close (): void {
      isClosed = true
      for (const { stop } of waiting.splice(0)) stop(new Error(CLOSED))
    },
  }
}

const CLOSED = 'the PDF workers are closed'
