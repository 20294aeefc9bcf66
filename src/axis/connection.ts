/**
 * What every protocol towards an axis implements. What the world does comes back as an outcome, never as an exception:
 * whether a packet may be sent again depends on which one it is.
 */

/** Which of the axis' two lists a packet is in. */
export type PacketKind = 'document' | 'status'

/** Why nothing was done, or why it is not known whether it was. */
export type Failure =
  /** The axis understood and said no: the same packet will be refused again. */
  | { kind: 'refused', code: string, reason: string }
  /** Certain: nothing reached the axis. For what only reads: any failure at all. */
  | { kind: 'unreachable', reason: string }
  /** The request may have been taken: time-out, reset, 5xx, HTML or an empty answer after it was written. */
  | { kind: 'unknown', reason: string }
  /** The axis does not accept who we say we are: nothing will pass until a person has acted. */
  | { kind: 'credentials', reason: string }

/** A packet that waits for us on the axis, as its list shows it. `from` and `to` are shown by some axes only. */
export type Listed = { docId: string, from?: string, to?: string, createdTime?: string }

/** What the axis tells of one packet sent to one recipient: it never tells the DocumentId. */
export type SentRow = {
  senderDocId: string
  receiverDocId?: string
  fromCode: string
  toCode: string
  sentTime?: Date
  title?: string
  notation?: string
}

/** An agency in the axis' catalogue. `oldCode` is its code before Decision 20/2020. */
export type ListedAgency = { code: string, name: string, mail?: string, oldCode?: string }

/** A packet ready for the wire. `from` and `to` are the codes that its own header names. */
export type OutgoingPacket = { kind: PacketKind, from: string, to: string[], bytes: Uint8Array }

export type Accepted = { kind: 'accepted', docId: string }
export type ListedItems<Item> = { kind: 'listed', items: Item[] }
export type Fetched = { kind: 'fetched', bytes: Buffer }
export type Acknowledged = { kind: 'acknowledged' }

/** A way out to an axis. No method throws for what the axis or the network does, and none asks twice by itself. */
export interface AxisConnection extends AsyncDisposable {
  /** Sends one packet, once. `accepted` means that the axis gave it an id of its own. */
  send (packet: OutgoingPacket): Promise<Accepted | Failure>
  /** What waits for us. A packet stays listed until it is acknowledged. */
  listReceived (kind: PacketKind): Promise<ListedItems<Listed> | Failure>
  /** The packet's bytes as the axis gives them. It may be fetched any number of times. */
  fetch (docId: string): Promise<Fetched | Failure>
  /** Tells the axis that the packet is kept here (`done`) or cannot be (`fail`): either takes it off the list. */
  acknowledge (docId: string, result: 'done' | 'fail', description?: string): Promise<Acknowledged | Failure>
  /** What the axis has taken from us; with a `docId`, only what became of that packet. */
  listSent (kind: PacketKind, docId?: string): Promise<ListedItems<SentRow> | Failure>
  listAgencies (): Promise<ListedItems<ListedAgency> | Failure>
}
