/** Small packets, written out, for tests that only need some packet. */

type Parts = { from?: string, to?: readonly string[], documentId?: string, number?: string, subject?: string, file?: string, extra?: string }

const organ = (name: string, code: string) => `<edXML:${name}><edXML:OrganId>${code}</edXML:OrganId><edXML:OrganName>Cơ quan ${code}</edXML:OrganName></edXML:${name}>`

export function documentPacket ({ from = 'H41.01', to = ['H14.02'], documentId = `${from},2026/11/20,12/BC-VP`, number = '12', subject = 'Báo cáo <thử>', file = 'Nội dung', extra = '' }: Parts = {}): Buffer {
  return Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>
<edXML xmlns="http://www.mic.gov.vn/TBT/QCVN_102_2016">
  <edXML:edXMLEnvelope xmlns:edXML="http://www.mic.gov.vn/TBT/QCVN_102_2016">
    <edXML:edXMLHeader>
      <edXML:MessageHeader>
        ${organ('From', from)}
        ${to.map((code) => organ('To', code)).join('\n        ')}
        <edXML:DocumentId>${documentId}</edXML:DocumentId>
        <edXML:Code><edXML:CodeNumber>${number}</edXML:CodeNumber><edXML:CodeNotation>BC-VP</edXML:CodeNotation></edXML:Code>
        <edXML:PromulgationInfo><edXML:Place>Vinh</edXML:Place><edXML:PromulgationDate>2026/11/20</edXML:PromulgationDate></edXML:PromulgationInfo>
        <edXML:DocumentType><edXML:Type>2</edXML:Type><edXML:TypeDetail>14</edXML:TypeDetail><edXML:TypeName>Báo cáo</edXML:TypeName></edXML:DocumentType>
        <edXML:Subject>${subject.replace(/&/g, '&amp;').replace(/</g, '&lt;')}</edXML:Subject>
        <edXML:OtherInfo><edXML:Priority>1</edXML:Priority></edXML:OtherInfo>
      </edXML:MessageHeader>
      <edXML:TraceHeaderList><edXML:TraceHeader><edXML:OrganId>${from}</edXML:OrganId><edXML:Timestamp>2026/11/20 08:00:00</edXML:Timestamp></edXML:TraceHeader><edXML:Bussiness><edXML:BussinessDocType>0</edXML:BussinessDocType><edXML:BussinessDocReason>Văn bản điện tử mới</edXML:BussinessDocReason><edXML:Paper>0</edXML:Paper></edXML:Bussiness></edXML:TraceHeaderList>${extra}
    </edXML:edXMLHeader>
    <edXML:edXMLBody>
      <edXML:edXMLManifest version="1.0"><edXML:Reference><edXML:ContentId>cid:a1</edXML:ContentId><edXML:ContentType>application/pdf</edXML:ContentType><edXML:Description>Bản chính</edXML:Description><edXML:AttachmentName>bao-cao.pdf</edXML:AttachmentName></edXML:Reference></edXML:edXMLManifest>
    </edXML:edXMLBody>
  </edXML:edXMLEnvelope>
  <AttachmentEncoded><Attachment><ContentId>cid:a1</ContentId><AttachmentName>bao-cao.pdf</AttachmentName><Description>Bản chính</Description><ContentType>application/pdf</ContentType><edXML:ContentTransferEncoded xmlns:edXML="http://www.mic.gov.vn/TBT/QCVN_102_2016">${Buffer.from(file).toString('base64')}</edXML:ContentTransferEncoded></Attachment></AttachmentEncoded>
</edXML>
`)
}

export function statusPacket ({ from = 'H14.02', to = 'H41.01', documentId = `${to},2026/11/20,12/BC-VP`, code = '03' }: { from?: string, to?: string, documentId?: string, code?: string } = {}): Buffer {
  return Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>
<edXML xmlns="http://www.mic.gov.vn/TBT/QCVN_102_2016"><edXML:edXMLEnvelope xmlns:edXML="http://www.mic.gov.vn/TBT/QCVN_102_2016"><edXML:edXMLHeader><edXML:MessageHeader>${organ('From', from)}<edXML:ResponseFor><edXML:OrganId>${to}</edXML:OrganId><edXML:Code>12/BC-VP</edXML:Code><edXML:PromulgationDate>2026/11/20</edXML:PromulgationDate><edXML:DocumentId>${documentId}</edXML:DocumentId></edXML:ResponseFor><edXML:StatusCode>${code}</edXML:StatusCode><edXML:Description>Đã vào sổ</edXML:Description><edXML:Timestamp>2026/11/20 09:00:00</edXML:Timestamp></edXML:MessageHeader></edXML:edXMLHeader></edXML:edXMLEnvelope></edXML>
`)
}
