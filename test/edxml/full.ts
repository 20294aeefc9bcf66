import type { DocumentPacket, StatusPacket } from '../../src/edxml/packet.ts'
import { PDF } from './packets.ts'

/** Packets with every field that edXML has, typed so that a new one is missed here. */

type All<T> = T extends Buffer | string | number | boolean ? T : T extends (infer Item)[] ? All<Item>[] : { [Key in keyof T]-?: All<T[Key]> }

const ORGAN = { organId: '000.00.00.H41', organizationInCharge: 'UBND tỉnh', organName: 'UBND tỉnh Nghệ An', organAdd: 'Số 3, Trường Thi', email: 'a@nghean.gov.vn', telephone: '0383 840418', fax: '0383 843049', website: 'nghean.gov.vn' }
const STAFF = { department: 'Văn thư', departmentId: 'VT', staff: 'Nguyễn Thị A', staffId: '7', email: 'vt@nghean.gov.vn', mobile: '84912000001' }
const ANSWERED = { organId: '000.00.00.H14', code: '267/VPCP-TTĐT', documentId: '000.00.04.G14,2012/08/06,267/VPCP-TTĐT', promulgationDate: '2018-09-28' }

export const FULL_DOCUMENT: All<Omit<DocumentPacket, 'warnings'>> & { warnings: [] } = {
  kind: 'document',
  header: {
    from: ORGAN,
    to: [{ ...ORGAN, organId: '000.00.00.H14' }, { ...ORGAN, organId: '000.00.00.G22' }],
    documentId: '000.00.00.H41,2026/11/20,12/UBND-VX',
    code: { codeNumber: '12', codeNotation: 'UBND-VX' },
    promulgationInfo: { place: 'Nghệ An', promulgationDate: '2026-11-20' },
    documentType: { type: 2, typeDetail: 1, typeName: 'Công văn' },
    subject: 'Về "A & B" <gấp> \'x\' ]]>\r\nhai dòng',
    content: 'Nội dung',
    signerInfo: { competence: 'TM.', position: 'Chủ tịch', fullName: 'Nguyễn Văn B' },
    dueDate: '2026-12-01',
    otherInfo: {
      priority: 3, sphereOfPromulgation: 'Nội bộ', typerNotation: 'TVC', promulgationAmount: 2, pageAmount: 22,
      replyFors: '1/A', direction: true, referenceCodes: '2/B', appendixes: ['Phụ lục 1', 'Phụ lục 2'],
    },
    responseFor: [ANSWERED, { ...ANSWERED, organId: '000.00.00.G22' }],
    steeringType: 1,
    responseForTask: ['T1', 'T2'],
    applicationType: '1',
    toPlaces: ['Các bộ', 'Các tỉnh'],
    traceHeaders: [{ organId: '000.00.00.H41', timestamp: '2026-11-20T08:30:00+07:00' }],
    bussiness: {
      bussinessDocType: 3,
      documentId: '000.00.00.H41,2026/11/20,12/UBND-VX',
      bussinessDocReason: 'Văn bản thay thế',
      paper: 1,
      bussinessDocumentInfo: { documentInfo: 1, documentReceiver: 0, receivers: [{ organId: '000.00.00.H14', receiverType: 0 }, { organId: '000.00.00.G22', receiverType: 1 }] },
      replacementInfos: [{ documentId: 'a', organIds: ['000.00.00.H14', '000.00.00.G22'] }, { documentId: 'b', organIds: [] }],
      staffInfo: STAFF,
    },
  },
  attachments: [
    { contentId: 'a1', name: 'công văn.pdf', originalName: 'công văn.pdf', contentType: 'application/pdf', description: 'Bản chính', bytes: PDF },
    { contentId: 'a2', name: 'so lieu.xlsx', originalName: 'so lieu.xlsx', contentType: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet', description: 'Số liệu', bytes: Buffer.from('PK\x03\x04 not really') },
  ],
  warnings: [],
}

export const FULL_STATUS: All<Omit<StatusPacket, 'warnings'>> & { warnings: [] } = {
  kind: 'status',
  from: ORGAN,
  responseFor: ANSWERED,
  staffInfo: STAFF,
  statusCode: '02',
  description: 'Sai nơi nhận',
  timestamp: '2026-11-20T09:00:00+07:00',
  warnings: [],
}
