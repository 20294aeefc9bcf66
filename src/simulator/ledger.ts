/**
 * What the simulated axis knows: who owns which code, what waits for whom, what was sent. Decides, and does nothing: the state
 * changes by events alone, so that it can be read back from a log of them.
 *
 *   accepted ─→ listed for its recipient ─→ acknowledged: done | fail
 */
import type { ListedAgency, PacketKind } from '../axis/connection.ts'
import type { TransportStatus } from '../axis/vxp/operations.ts'
import type { Accepted, SimulatorEvent } from './events.ts'

/** A connected system, and the codes of the agencies it speaks for. */
export type SimulatedSystem = { systemId: string, secret: string, codes: string[] }

/** One copy of a packet and where it is. */
export type Copy = { docId: string, toCode: string, sent: Accepted, order: number, status: 'waiting' | TransportStatus, description?: string, changedAt: string }

export function createLedger ({ systems, agencies }: { systems: readonly SimulatedSystem[], agencies: readonly ListedAgency[] }) {
  const catalogue = new Map<string, ListedAgency>()
  /** Either spelling of a code → the catalogue's. */
  const canonical = new Map<string, string>()
  const owners = new Map<string, string>()
  const copies = new Map<string, Copy>()
  /** By recipient, what is not yet done with, oldest first. */
  const boxes = new Map<string, Map<string, Copy>>()
  const sentBy = new Map<string, Map<string, Copy[]>>()

  const nameOf = (code: string) => canonical.get(code) ?? code

  function list (agency: ListedAgency) {
    catalogue.set(agency.code, agency)
    canonical.set(agency.code, agency.code)
    if (agency.oldCode) canonical.set(agency.oldCode, agency.code)
  }

  function connect (systemId: string, code: string) {
    if (!canonical.has(code)) list({ code, name: code })
    const owner = owners.get(nameOf(code))
    if (owner !== undefined && owner !== systemId) throw new Error(`${code} belongs to ${owner} already`)
    owners.set(nameOf(code), systemId)
  }

  for (const agency of agencies) list(agency)
  for (const { systemId, codes } of systems) for (const code of codes) connect(systemId, code)

  function accept (event: Accepted) {
    const bySystem = sentBy.get(event.systemId) ?? new Map<string, Copy[]>()
    sentBy.set(event.systemId, bySystem)
    bySystem.set(event.docId, event.deliveries.map(({ docId, toCode }) => {
      const copy: Copy = { docId, toCode, sent: event, order: copies.size, status: 'waiting', changedAt: event.at }
      const box = boxes.get(nameOf(toCode)) ?? new Map<string, Copy>()
      boxes.set(nameOf(toCode), box.set(docId, copy))
      copies.set(docId, copy)
      return copy
    }))
  }

  return {
    apply (event: SimulatorEvent): void {
      switch (event.kind) {
        case 'accepted': return accept(event)
        case 'refused':
        case 'fetched': return
        case 'acknowledged': {
          const copy = copies.get(event.docId)
          if (!copy) return
          copy.status = event.status
          copy.changedAt = event.at
          if (event.description !== undefined) copy.description = event.description
          if (event.status !== 'processing') boxes.get(nameOf(copy.toCode))?.delete(event.docId)
          return
        }
        case 'registered': {
          const { code, name, mail } = event.agency
          list({ ...catalogue.get(nameOf(code)), code, name, ...mail && { mail } })
          return connect(event.systemId, code)
        }
        case 'deleted': {
          owners.delete(nameOf(event.code))
          catalogue.delete(nameOf(event.code))
          return
        }
      }
    },

    agencies: (): ListedAgency[] => [...catalogue.values()],
    isListed: (code: string): boolean => catalogue.has(nameOf(code)),
    ownerOf: (code: string): string | undefined => owners.get(nameOf(code)),

    /** What waits for a system, oldest first. */
    waiting (systemId: string, kind: PacketKind): Copy[] {
      const found: Copy[] = []
      for (const [code, box] of boxes) {
        if (owners.get(code) !== systemId) continue
        for (const copy of box.values()) if (copy.sent.packet === kind) found.push(copy)
      }
      return found.sort((one, other) => one.order - other.order)
    },

    /** A copy, if it is for this system. */
    copyFor (systemId: string, docId: string): Copy | undefined {
      const copy = copies.get(docId)
      return copy && owners.get(nameOf(copy.toCode)) === systemId ? copy : undefined
    },

    /** A system's sent packets, a row for each recipient; with a `docId`, of that packet only. */
    sent (systemId: string, kind: PacketKind, docId?: string): Copy[] {
      const packets = sentBy.get(systemId) ?? new Map<string, Copy[]>()
      const rows = docId === undefined ? [...packets.values()].flat() : packets.get(docId) ?? []
      return rows.filter(({ sent }) => sent.packet === kind)
    },

    /** Whether every recipient is done with a sent packet. */
    isOver: ({ systemId, docId }: Accepted): boolean =>
      (sentBy.get(systemId)?.get(docId) ?? []).every(({ status }) => status === 'done' || status === 'fail'),
  }
}

export type Ledger = ReturnType<typeof createLedger>
