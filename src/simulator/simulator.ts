/**
 * An axis to try things on: it speaks VXP as a server over real HTTP, hands packets from system to system, rewrites them on
 * the way as the real one does, and misbehaves when told to. It knows nothing of the gateway, and keeps its own log.
 */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import type { ListedAgency } from '../axis/connection.ts'
import { ERROR, isOperation } from '../axis/vxp/operations.ts'
import { answerFail, readCall, type VxpAnswer } from '../axis/vxp/server.ts'
import { DEFAULT_LIMITS } from '../edxml/limits.ts'
import { createDesk } from './desk.ts'
import type { SimulatorEvent } from './events.ts'
import { takeFault, type Fault, type FaultRule } from './faults.ts'
import { createLedger, type SimulatedSystem } from './ledger.ts'
import { createRewrite } from './rewrite.ts'
import { openStore } from './store.ts'

export type SimulatorOptions = {
  systems: readonly SimulatedSystem[]
  /** The catalogue. Codes of systems that are missing in it are added. */
  agencies?: readonly ListedAgency[]
  now: () => Date
  /** Whether packets are parsed and built anew on their way (default), which costs time. */
  rewrite?: boolean
  /** The code under which the axis writes itself into a packet's trace. */
  centreCode?: string
  /** Keeps the log and the packets here: a new simulator on the same folder goes on where this one stopped. */
  folder?: string
  faults?: FaultRule[]
  /** The largest packet taken, in bytes. */
  maxPacket?: number
  /** Hears of everything that happens, as it happens. */
  onEvent?: (event: SimulatorEvent) => void
}

export interface Simulator extends AsyncDisposable {
  /** Starts to answer. The URL is what a connection takes as its `baseUrl`. */
  listen (at?: { port?: number, host?: string }): Promise<{ url: string, port: number }>
  /** Ends every connection and stops. */
  close (): Promise<void>
  /** All that happened, oldest first; with a folder, also before this process. */
  readonly events: readonly SimulatorEvent[]
  /** The rules of misbehaviour in force. Rules may be added and taken away at any time. */
  readonly faults: FaultRule[]
}

/** Many codes in the header `to` stand there twice; node:http takes 16 KiB by itself. */
const MAX_HEADERS = 1 << 18
const MAX_PACKET = 512 << 20

/** Makes an axis that does not listen yet. */
export function createSimulator (options: SimulatorOptions): Simulator {
  const { systems, agencies = [], now, rewrite = true, centreCode = '001.00.20.TT2', faults = [], maxPacket = MAX_PACKET, onEvent } = options
  const secrets = new Map(systems.map(({ systemId, secret }) => [systemId, secret]))
  /** The axis names no limit of its own: what fits into `maxPacket` is taken. */
  const limits = { ...DEFAULT_LIMITS, packetBytes: maxPacket, unpackedBytes: maxPacket }
  const store = openStore(options.folder)
  const ledger = createLedger({ systems, agencies })
  const events: SimulatorEvent[] = []
  for (const event of store.history) {
    ledger.apply(event)
    events.push(event)
  }
  const desk = createDesk({ ledger, store, record, now, limits, rewrite: rewrite ? createRewrite({ centreCode }) : undefined })
  const stopping = new AbortController()

  function record (event: SimulatorEvent) {
    store.append(event)
    ledger.apply(event)
    events.push(event)
    onEvent?.(event)
  }

  const server = createServer({ maxHeaderSize: MAX_HEADERS }, (request, response) => {
    handle(request, response).catch((error: Error) => {
      if (stopping.signal.aborted) response.destroy()
      else write(response, answerFail(ERROR.internal, `Loi he thong: ${error.message}`, 500))
    })
  })

  async function handle (request: IncomingMessage, response: ServerResponse) {
    const operation = new URL(request.url ?? '/', 'http://axis').pathname.split('/').at(-1)!
    const body = await readBody(request, maxPacket)
    if (!body) return write(response, answerFail(ERROR.fileInvalid, 'Goi tin qua lon', 413))
    const fault = isOperation(operation) ? takeFault(faults, operation) : undefined
    if (fault && await misbehave(fault, 'before', response)) return
    const read = await readCall({ method: request.method!, operation, headers: request.headers, body }, (systemId) => secrets.get(systemId))
    const answer = read.kind === 'denied' ? read.answer : await desk.answer(read.systemId, read.call, { copies: fault?.kind === 'duplicate' ? 2 : 1 })
    if (fault && await misbehave(fault, 'after', response)) return
    write(response, answer)
  }

  /** Plays a fault out, if its time is now. True: the caller gets no more than that. */
  async function misbehave (fault: Fault, when: 'before' | 'after', response: ServerResponse): Promise<boolean> {
    switch (fault.kind) {
      case 'duplicate': return false
      case 'delay':
        if (when === 'before') await pause(fault.ms, undefined, { signal: stopping.signal })
        return false
      case 'refuse':
        if (when === 'before') write(response, answerFail(fault.code, fault.reason))
        return when === 'before'
      case 'drop':
        if (fault.when === when) response.socket?.resetAndDestroy()
        return fault.when === when
      case 'html':
        if (fault.when === when) write(response, { status: fault.status, contentType: 'text/html', body: Buffer.from(`<html><body><h1>${fault.status}</h1></body></html>`) })
        return fault.when === when
      case 'empty':
        if (fault.when === when) write(response, { status: 200, contentType: 'application/json', body: Buffer.alloc(0) })
        return fault.when === when
    }
  }

  async function close () {
    stopping.abort()
    if (!server.listening) return
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  }

  return {
    async listen ({ port = 0, host = '127.0.0.1' } = {}) {
      server.listen(port, host)
      await once(server, 'listening')
      const address = server.address() as AddressInfo
      return { url: `http://${host}:${address.port}/XrdAdapter/adapter`, port: address.port }
    },
    close,
    events,
    faults,
    [Symbol.asyncDispose]: close,
  }
}

/** A simulator that answers already: for a process of its own, or for a demo. */
export async function runSimulator ({ port, host, ...options }: SimulatorOptions & { port?: number, host?: string }): Promise<{ url: string, simulator: Simulator }> {
  const simulator = createSimulator(options)
  const { url } = await simulator.listen({ ...port !== undefined && { port }, ...host !== undefined && { host } })
  return { url, simulator }
}

/** The whole body, or nothing if it is too large. */
async function readBody (request: IncomingMessage, most: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size <= most) chunks.push(chunk) // the rest is read too: who is cut off in the middle does not hear the answer
  }
  return size <= most ? Buffer.concat(chunks) : undefined
}

function write (response: ServerResponse, { status, contentType, body }: VxpAnswer) {
  response.writeHead(status, { 'Content-Type': contentType, 'Content-Length': body.length }).end(body)
}
