/**
 * The elements of edXML, once: in the order in which the SDK writes them, each with the field of `packet.ts` that holds it.
 * Reader, writer and identity walk these tables, so that none of them can forget what another knows.
 */

type Named = { element: string, key: string }

export type Field =
  | Named & {
    kind: 'text' | 'day' | 'moment' | 'integer' | 'flag',
    required?: true,
    /** What a missing value is read as. */
    absent?: string | number,
    /** Values outside this form are unusual, but kept. */
    usual?: RegExp,
    /** Values outside this form are refused. */
    only?: RegExp,
    /** The axis drops, adds or defaults this one (axis.md 1.9, 1.10): no identity may rest on it. */
    volatile?: true,
  }
  /** One element with fields of its own. Without any value it is absent, unless it is always there. */
  | Named & { kind: 'group', fields: readonly Field[], required?: true, always?: true, volatile?: true }
  /** The same, any number of times, perhaps inside a container. */
  | Named & { kind: 'groups', fields: readonly Field[], within?: string, required?: true, volatile?: true }
  | Named & { kind: 'texts', within?: string, volatile?: true }
  /** Known, but of no meaning to anybody. */
  | { kind: 'ignored', element: string }

/** Path of the field below `path`, by the names of its elements. */
export function pathOf (field: Field, path: string): string {
  const within = 'within' in field && field.within !== undefined ? `${field.within}.` : ''
  return `${path}.${within}${field.element}`
}

const text = (element: string, key: string) => ({ kind: 'text', element, key }) as const
const integer = (element: string, key: string) => ({ kind: 'integer', element, key }) as const
const day = (element: string, key: string) => ({ kind: 'day', element, key }) as const

const ORGAN: readonly Field[] = [
  { ...text('OrganId', 'organId'), required: true },
  text('OrganizationInCharge', 'organizationInCharge'),
  text('OrganName', 'organName'),
  text('OrganAdd', 'organAdd'),
  text('Email', 'email'),
  text('Telephone', 'telephone'),
  text('Fax', 'fax'),
  text('Website', 'website'),
]

const RESPONSE_FOR: readonly Field[] = [
  text('OrganId', 'organId'),
  text('Code', 'code'),
  text('DocumentId', 'documentId'),
  day('PromulgationDate', 'promulgationDate'),
]

const STAFF_INFO: readonly Field[] = [
  text('Department', 'department'),
  text('DepartmentId', 'departmentId'),
  text('Staff', 'staff'),
  text('StaffId', 'staffId'),
  text('Email', 'email'),
  text('Mobile', 'mobile'),
]

const OTHER_INFO: readonly Field[] = [
  { ...integer('Priority', 'priority'), usual: /^[0-4]$/ },
  text('SphereOfPromulgation', 'sphereOfPromulgation'),
  text('TyperNotation', 'typerNotation'),
  { ...integer('PromulgationAmount', 'promulgationAmount'), volatile: true },
  { ...integer('PageAmount', 'pageAmount'), volatile: true },
  text('ReplyFors', 'replyFors'),
  { kind: 'flag', element: 'Direction', key: 'direction', volatile: true },
  text('ReferenceCodes', 'referenceCodes'),
  { kind: 'texts', element: 'Appendix', key: 'appendixes', within: 'Appendixes' },
]

/** MessageHeader of a document packet. */
export const DOCUMENT_HEADER: readonly Field[] = [
  { kind: 'group', element: 'From', key: 'from', fields: ORGAN, required: true },
  { kind: 'groups', element: 'To', key: 'to', fields: ORGAN, required: true },
  { ...text('DocumentId', 'documentId'), required: true },
  { kind: 'group', element: 'Code', key: 'code', required: true, fields: [
    { ...text('CodeNumber', 'codeNumber'), required: true, usual: /^\d+$/ },
    { ...text('CodeNotation', 'codeNotation'), absent: '' },
  ] },
  { kind: 'group', element: 'PromulgationInfo', key: 'promulgationInfo', always: true, fields: [text('Place', 'place'), day('PromulgationDate', 'promulgationDate')] },
  { kind: 'group', element: 'DocumentType', key: 'documentType', always: true, fields: [integer('Type', 'type'), integer('TypeDetail', 'typeDetail'), text('TypeName', 'typeName')] },
  { ...text('Subject', 'subject'), required: true },
  text('Content', 'content'),
  { kind: 'group', element: 'SignerInfo', key: 'signerInfo', fields: [text('Competence', 'competence'), text('Position', 'position'), text('FullName', 'fullName')] },
  day('DueDate', 'dueDate'),
  { kind: 'group', element: 'OtherInfo', key: 'otherInfo', fields: OTHER_INFO },
  { kind: 'groups', element: 'ResponseFor', key: 'responseFor', fields: RESPONSE_FOR },
  integer('SteeringType', 'steeringType'),
  { kind: 'texts', element: 'TaskCode', key: 'responseForTask', within: 'ResponseForTask' },
  text('ApplicationType', 'applicationType'),
  { kind: 'texts', element: 'Place', key: 'toPlaces', within: 'ToPlaces' },
]

const RECEIVER: readonly Field[] = [{ ...text('OrganId', 'organId'), required: true }, { ...integer('ReceiverType', 'receiverType'), usual: /^[01]$/ }]

const BUSSINESS: readonly Field[] = [
  text('DocumentId', 'documentId'),
  // To take an unknown kind for a new document could bring back what was recalled.
  { ...integer('BussinessDocType', 'bussinessDocType'), absent: 0, only: /^0*[0-3]$/ },
  text('BussinessDocReason', 'bussinessDocReason'),
  { ...integer('Paper', 'paper'), usual: /^[01]$/ },
  { kind: 'group', element: 'BussinessDocumentInfo', key: 'bussinessDocumentInfo', fields: [
    { ...integer('DocumentInfo', 'documentInfo'), usual: /^[01]$/ },
    { ...integer('DocumentReceiver', 'documentReceiver'), usual: /^[01]$/ },
    { kind: 'groups', element: 'Receiver', key: 'receivers', fields: RECEIVER, within: 'ReceiverList' },
  ] },
  { kind: 'groups', element: 'ReplacementInfo', key: 'replacementInfos', within: 'ReplacementInfoList', fields: [
    { ...text('DocumentId', 'documentId'), required: true },
    { kind: 'texts', element: 'OrganId', key: 'organIds', within: 'OrganIdList' },
  ] },
  { kind: 'group', element: 'StaffInfo', key: 'staffInfo', fields: STAFF_INFO },
]

/** TraceHeaderList. The SDK writes Bussiness before the trace headers. */
export const TRACE_HEADER_LIST: readonly Field[] = [
  { kind: 'group', element: 'Bussiness', key: 'bussiness', fields: BUSSINESS },
  { kind: 'groups', element: 'TraceHeader', key: 'traceHeaders', volatile: true, fields: [
    text('OrganId', 'organId'),
    { kind: 'moment', element: 'Timestamp', key: 'timestamp' },
  ] },
]

/** MessageHeader of a status packet. */
export const STATUS_HEADER: readonly Field[] = [
  { kind: 'group', element: 'From', key: 'from', fields: ORGAN, required: true },
  { kind: 'group', element: 'ResponseFor', key: 'responseFor', required: true, fields: RESPONSE_FOR.map((field) => field.element === 'OrganId' ? { ...field, required: true } as Field : field) },
  { kind: 'group', element: 'StaffInfo', key: 'staffInfo', fields: STAFF_INFO },
  { ...text('StatusCode', 'statusCode'), required: true, usual: /^(0[1-6]|13|15|16)$/ },
  text('Description', 'description'),
  { kind: 'moment', element: 'Timestamp', key: 'timestamp' },
]

/** An entry of the manifest. */
export const REFERENCE: readonly Field[] = [
  { ...text('ContentId', 'contentId'), required: true },
  text('ContentType', 'contentType'),
  text('Description', 'description'),
  text('AttachmentName', 'attachmentName'),
]

/** An attachment, but for its bytes. */
export const ATTACHMENT: readonly Field[] = [
  { ...text('ContentId', 'contentId'), required: true },
  text('AttachmentName', 'attachmentName'),
  text('Description', 'description'),
  text('ContentType', 'contentType'),
  { ...text('ContentTransferEncoded', 'encoded'), absent: '' },
  { kind: 'ignored', element: 'FieldName' },
  { kind: 'ignored', element: 'MimeType' },
]

/** The root. */
export const ROOT = 'edXML'

/** The root's children, and what is in the envelope. */
export const FRAME = {
  edXML: ['edXMLEnvelope', 'AttachmentEncoded'],
  edXMLEnvelope: ['edXMLHeader', 'edXMLBody'],
  // The .NET library writes an empty DigitalSignature. Of Signatures, the one that counts has been taken out before.
  edXMLHeader: ['MessageHeader', 'Status', 'TraceHeaderList', 'DigitalSignature', 'Signature'],
  edXMLBody: ['edXMLManifest'],
} as const
