/** Where the simulated axis keeps its log and its packets: in memory, or in a folder that outlives the process. */
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { SimulatorEvent } from './events.ts'

export interface Store {
  /** What happened before this process. */
  history: readonly SimulatorEvent[]
  /** Once this returns, the event is in the log. */
  append (event: SimulatorEvent): void
  /** Once this resolves, the packet outlives the process, if there is a folder. */
  keep (docId: string, bytes: Buffer): Promise<void>
  packet (docId: string): Promise<Buffer | undefined>
  /** All recipients are done with the packet. */
  release (docId: string): void
}

/** In memory, this many packets that everyone is done with can still be fetched: enough for a late look, little for a long bench. */
const KEPT_WHEN_DONE = 1_000

export function openStore (folder?: string): Store {
  return folder === undefined ? inMemory() : inFolder(folder)
}

function inMemory (): Store {
  const packets = new Map<string, Buffer>()
  const done: string[] = []
  return {
    history: [],
    append () {},
    async keep (docId, bytes) { packets.set(docId, bytes) },
    packet: async (docId) => packets.get(docId),
    release (docId) {
      if (done.push(docId) > KEPT_WHEN_DONE) packets.delete(done.shift()!)
    },
  }
}

function inFolder (folder: string): Store {
  mkdirSync(path.join(folder, 'packets'), { recursive: true })
  const log = path.join(folder, 'events.jsonl')
  const fileOf = (docId: string) => path.join(folder, 'packets', `${docId}.edxml`)
  const text = existsSync(log) ? readFileSync(log, 'utf8') : ''
  // A process killed in the middle of a line had not answered yet: the half line never happened, and is ended here.
  const lines = text.split('\n')
  if (lines.at(-1) !== '') appendFileSync(log, '\n')
  return {
    history: lines.flatMap(parseLine),
    append (event) { appendFileSync(log, JSON.stringify(event) + '\n') },
    keep: (docId, bytes) => writeFile(fileOf(docId), bytes),
    packet: (docId) => readFile(fileOf(docId)).catch(() => undefined),
    release () {},
  }
}

function parseLine (line: string): SimulatorEvent[] {
  try {
    return [JSON.parse(line) as SimulatorEvent]
  } catch {
    return []
  }
}
