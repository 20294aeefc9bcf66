/** The operations of the VXP protocol, for both ends: what each is called, how it is asked, what it is about. */
import type { PacketKind } from '../connection.ts'

/** `changes`: a repeated request may do its work twice, so an unanswered one has an unknown outcome. `{}` is what the SDK sends. */
export const OPERATIONS = {
  sendEdoc: { method: 'POST', changes: true },
  getReceivedEdocList: { method: 'POST', changes: false },
  getSentEdocList: { method: 'POST', changes: false },
  getEdoc: { method: 'POST', changes: false, body: '{}' },
  downloadEdoc: { method: 'GET', changes: false },
  updateStatus: { method: 'POST', changes: true, body: '{}' },
  countReceiveEdoc: { method: 'POST', changes: false, body: '{}' },
  countReceiveStatus: { method: 'POST', changes: false, body: '{}' },
  getAgenciesList: { method: 'POST', changes: false },
  getAgenciesListQD20: { method: 'POST', changes: false },
  getSynchronizeUnit: { method: 'POST', changes: false },
  registerAgency: { method: 'POST', changes: true },
  deleteAgency: { method: 'POST', changes: true, body: '{}' },
} as const satisfies Record<string, { method: 'GET' | 'POST', changes: boolean, body?: string }>

export type Operation = keyof typeof OPERATIONS

export function isOperation (name: string): name is Operation {
  return Object.hasOwn(OPERATIONS, name)
}

/** An agency as registerAgency takes it. `pcode` is the code of the agency above. */
export type NewAgency = { id: string, pcode: string, code: string, name: string, mail: string, mobile: string, fax: string }

/** What a request asks for, once it is known who asks. */
export type VxpCall =
  /** `to` narrows whom the packet goes to, if the caller names them apart from the packet. */
  | { operation: 'sendEdoc', kind: PacketKind, from: string, to?: string[], bytes: Buffer }
  | { operation: 'getReceivedEdocList', kind: PacketKind, since?: Date, until?: Date }
  | { operation: 'getSentEdocList', kind: PacketKind, docId?: string }
  | { operation: 'getEdoc' | 'downloadEdoc', docId: string }
  | { operation: 'updateStatus', docId: string, status: TransportStatus, description?: string }
  | { operation: 'countReceiveEdoc' | 'countReceiveStatus' | 'getAgenciesList' | 'getAgenciesListQD20' | 'getSynchronizeUnit' }
  | { operation: 'registerAgency', agency: NewAgency }
  | { operation: 'deleteAgency', code: string }

/** How far the caller is with a listed packet; `done` and `fail` take it off the list. */
export type TransportStatus = 'processing' | 'done' | 'fail'

/** VXP's own error codes are not public: these are the numbers that a provincial axis (LGSP) gives to the same faults. */
export const ERROR = {
  fileInvalid: '10',
  credentials: '15',
  receiverUnknown: '18',
  senderNotRegistered: '19',
  internal: '20',
  packetInvalid: '22',
} as const
