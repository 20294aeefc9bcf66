/** What a packet says, as far as edXML (QCVN 102:2016) gives it a meaning. Field names are edXML's own, spelt as there. */

/** The only namespace of edXML. */
export const EDXML_NAMESPACE = 'http://www.mic.gov.vn/TBT/QCVN_102_2016'

/** The attachment under this name is not the sender's: it is the seal that proves the document end to end. */
export const SEAL_NAME = 'lienthong-seal.xml'

/** An agency as a packet names it. */
export type Organ = {
  organId: string,
  organizationInCharge?: string,
  organName?: string,
  organAdd?: string,
  email?: string,
  telephone?: string,
  fax?: string,
  website?: string,
}

/** A day, `yyyy-MM-dd`. */
export type Day = string

/** A moment in Vietnam time, `yyyy-MM-ddTHH:mm:ss+07:00`. */
export type Moment = string

/** The document that is answered, or that a status is about. */
export type ResponseFor = {
  organId?: string,
  /** `CodeNumber/CodeNotation`. */
  code?: string,
  documentId?: string,
  promulgationDate?: Day,
}

/** The document that a status is about. */
export type StatusResponseFor = ResponseFor & { organId: string }

export type StaffInfo = {
  department?: string,
  departmentId?: string,
  staff?: string,
  staffId?: string,
  email?: string,
  mobile?: string,
}

/** One station of the packet's way. */
export type TraceHeader = { organId?: string, timestamp?: Moment }

/** New, revoke (recall), update, replace. */
export type BussinessDocType = 0 | 1 | 2 | 3

export type Bussiness = {
  bussinessDocType: BussinessDocType,
  documentId?: string,
  bussinessDocReason?: string,
  /** 1: the document is sent on paper too. */
  paper?: number,
  bussinessDocumentInfo?: {
    /** 1: the content changed. */
    documentInfo?: number,
    /** 1: the list of recipients changed. */
    documentReceiver?: number,
    /** receiverType 0: removed, 1: added. */
    receivers: { organId: string, receiverType?: number }[],
  },
  /** Replaced documents, each with the agencies that had received it. */
  replacementInfos: { documentId: string, organIds: string[] }[],
  staffInfo?: StaffInfo,
}

export type OtherInfo = {
  /** 0 normal … 4 express at a set hour. */
  priority?: number,
  sphereOfPromulgation?: string,
  typerNotation?: string,
  promulgationAmount?: number,
  pageAmount?: number,
  replyFors?: string,
  direction?: boolean,
  referenceCodes?: string,
  appendixes: string[],
}

export type DocumentHeader = {
  from: Organ,
  to: Organ[],
  documentId: string,
  code: { codeNumber: string, codeNotation: string },
  promulgationInfo: { place?: string, promulgationDate?: Day },
  documentType: { type?: number, typeDetail?: number, typeName?: string },
  subject: string,
  content?: string,
  signerInfo?: { competence?: string, position?: string, fullName?: string },
  dueDate?: Day,
  otherInfo?: OtherInfo,
  responseFor: ResponseFor[],
  steeringType?: number,
  /** Codes of the tasks that are answered. */
  responseForTask: string[],
  applicationType?: string,
  toPlaces: string[],
  traceHeaders: TraceHeader[],
  /** Absent in packets really received: then the document is new. */
  bussiness?: Bussiness,
}

export type Attachment = {
  /** Without `cid:`. */
  contentId: string,
  /** Safe as a file name. */
  name: string,
  /** As the packet said it: may be a path, or worse. */
  originalName: string,
  contentType: string,
  description?: string,
  /** The file itself: base64 decoded, and taken out of its zip if the packet wrapped it in one. */
  bytes: Buffer,
}

/** Something a reader understood, but that was not as it should be. */
export type Warning = { code: WarningCode, field: string, line?: number, detail?: string }

export type WarningCode =
  /** An element edXML does not know; it is not read. */
  | 'ELEMENT_UNKNOWN'
  /** A known element under its proper English spelling `Business…`; it is read. */
  | 'ELEMENT_SPELLING'
  /** A date in another form than `yyyy/MM/dd`; it is read. */
  | 'DATE_FORM'
  /** A date or time that no form explains; it is left out. */
  | 'DATE_UNREADABLE'
  /** Text where a number or true/false belongs; it is left out. */
  | 'VALUE_UNREADABLE'
  /** A number or code outside the list of its meanings; it is kept. */
  | 'VALUE_UNUSUAL'
  /** The attachment's ContentType and its bytes disagree; the bytes count. */
  | 'ATTACHMENT_TYPE'
  /** The attachment's name was not safe as a file name. */
  | 'ATTACHMENT_NAME'

export type DocumentPacket = { kind: 'document', header: DocumentHeader, attachments: Attachment[], warnings: Warning[] }

export type StatusPacket = {
  kind: 'status',
  from: Organ,
  responseFor: StatusResponseFor,
  staffInfo?: StaffInfo,
  /** 01 … 16; others occur and are kept. */
  statusCode: string,
  description?: string,
  timestamp?: Moment,
  warnings: Warning[],
}

export type Packet = DocumentPacket | StatusPacket
