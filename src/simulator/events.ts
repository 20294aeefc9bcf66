/** All that happens on the simulated axis, as data: its state is what these add up to, and its log is what people audit. */
import type { PacketKind } from '../axis/connection.ts'
import type { NewAgency, TransportStatus } from '../axis/vxp/operations.ts'

/** One copy of a packet, for one recipient. `docId` is the receiver's own id for it. */
export type Delivery = { docId: string, toCode: string }

export type SimulatorEvent = { at: string } & (
  | {
    kind: 'accepted'
    /** The sender's id for the packet. */
    docId: string
    packet: PacketKind
    systemId: string
    fromCode: string
    deliveries: Delivery[]
    documentId: string
    title: string
    notation: string
    /** Of the bytes as they came, in hex. */
    sha256: string
    size: number
    /** The status code of a status packet. */
    statusCode?: string
  }
  | { kind: 'refused', systemId: string, operation: string, code: string, reason: string }
  | { kind: 'fetched', systemId: string, docId: string }
  | { kind: 'acknowledged', systemId: string, docId: string, status: TransportStatus, description?: string }
  | { kind: 'registered', systemId: string, agency: NewAgency }
  | { kind: 'deleted', systemId: string, code: string }
)

export type Accepted = Extract<SimulatorEvent, { kind: 'accepted' }>
