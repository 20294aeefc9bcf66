/** `npm run demo`: one signed document goes from one agency to another, and every step is told as it happens. */
import { createHash } from 'node:crypto'
import { resolve } from 'node:path'
import type { SimulatorEvent } from '../simulator/events.ts'
import type { PdfVerdict } from '../pdf/verdict.ts'
import type { SignatureVerdict } from '../trust/verdict.ts'
import { STATUSES, isKnown } from '../lifecycle/status.ts'
import { packetFromFile, RECEIVER, SENDER, shippedPacket } from './demo-packet.ts'
import { createSystemClient, Refused, type SystemClient } from './demo-systems.ts'
import { buildWorld } from './demo-world.ts'

export type DemoOptions = { exit: boolean, data: string, packet?: string }

/** What `--exit` prints last. */
type Result = { sent: number, delivered: number, verified: number, statuses: string[], ms: number }

const EXPECTED = ['01', '03', '04', '05', '06']
/** The receiving agency's work, after 01 went by itself. */
const WORK: [code: string, description: string][] = [
  ['03', 'Văn thư đã tiếp nhận, vào sổ văn bản đến'], ['04', 'Lãnh đạo đã phân công xử lý'], ['05', 'Đang xử lý'], ['06', 'Đã xử lý xong'],
]
const LOOK_MS = 100
/** A gateway killed in the middle is back within seconds, and asks the axis before it sends again. */
const PATIENCE_MS = 120_000

/** Plays the whole main job. Gives the exit code: 0 when the document is completed and everything was proved. */
export async function runDemo ({ exit, data, packet }: DemoOptions): Promise<number> {
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
  const began = Date.now()
  const say = (vi: string, en: string) => console.log(`${((Date.now() - began) / 1000).toFixed(1).padStart(5)}s  ${vi}\n        ${en}`)

  const given = packet === undefined ? null : await packetFromFile(packet)
  say('Khởi động cơ sở dữ liệu, trục liên thông mô phỏng và gateway…', 'Starting the database, a simulated axis and the gateway…')
  await using world = await buildWorld({
    data: resolve(data), sender: given?.sender ?? SENDER, receivers: given?.receivers ?? [RECEIVER],
    onAxis: createAxisTeller(say),
    onRestart: () => { if (!stop.signal.aborted) say('Gateway bị dừng đột ngột; đang khởi động lại', 'The gateway died; it is being started again') },
  })
  say(`Gateway chạy tại ${world.url}`, `The gateway runs at ${world.url}`)
  const sender = createSystemClient(world.url, world.keys.sender)
  const receiver = createSystemClient(world.url, world.keys.receiver)

  const bytes = given?.bytes ?? await shippedPacket(world.senderKey, new Date())
  let result: Result
  try {
    result = await play({ sender, receiver, bytes, isGiven: given !== null, say, began, signal: stop.signal })
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    console.error(error.message)
    return 1
  }
  const isComplete = result.sent === 1 && result.delivered === 1 && result.verified === 1 && EXPECTED.every((code, index) => result.statuses[index] === code)
  if (exit) {
    console.log(JSON.stringify(result))
    return isComplete ? 0 : 1
  }
  say(`Xem tiếp: tài liệu API tại ${world.url}/docs`, `Where to look next: the API page at ${world.url}/docs; stop with Ctrl-C`)
  console.log(`\n        curl -H 'Authorization: Bearer ${world.keys.receiver}' '${world.url}/v1/mailbox?state=all'\n`)
  if (!stop.signal.aborted) await new Promise((resolve) => { stop.signal.addEventListener('abort', resolve) })
  return isComplete ? 0 : 1
}

type Play = { sender: SystemClient, receiver: SystemClient, bytes: Buffer, isGiven: boolean, say: (vi: string, en: string) => void, began: number, signal: AbortSignal }

async function play ({ sender, receiver, bytes, isGiven, say, began, signal }: Play): Promise<Result> {
  say('Hệ thống QLVB bên gửi ký gói tin edXML và nộp cho gateway', 'The sender\'s system hands its edXML packet to the gateway')
  const { id, documentId } = await sender.submit(bytes, createHash('sha256').update(bytes).digest('hex'))
  const submitted = await sender.document(id)
  say(`Gateway đã lưu an toàn văn bản ${documentId}`, `The gateway has durably stored document ${documentId} (202 Accepted)`)
  say(`Chữ ký gói tin (QLVB → gateway): ${inVietnamese(submitted.signature)}`, `Packet signature (system → gateway): ${inEnglish(submitted.signature)}`)

  let told = 0
  const deadline = Date.now() + PATIENCE_MS
  for (;;) {
    const document = await sender.document(id)
    const history = document.deliveries.flatMap(({ recipient, history }) => history.map((event) => ({ ...event, recipient }))).toSorted((a, b) => a.at < b.at ? -1 : a.at > b.at ? 1 : 0)
    for (const event of history.slice(told)) tell(event, say)
    told = history.length
    for (const entry of await receiver.mailbox('waiting')) await takeOver(receiver, entry.id, say)
    if (document.deliveries.every(({ status }) => status === '06') || document.deliveries.some(({ state }) => state === 'refused' || state === 'parked') || Date.now() > deadline || signal.aborted) break
    await new Promise((resolve) => { setTimeout(resolve, LOOK_MS) })
  }

  const final = await sender.document(id)
  // Updates and recalls share the DocumentId, so all that tells documents apart is compared.
  const items = (await receiver.mailbox('all')).filter((entry) => (['documentId', 'bussinessDocType', 'number', 'notation', 'subject'] as const).every((field) => entry[field] === final[field]))
  const seals = await Promise.all(items.map(async (entry) => (await receiver.item(entry.id)).seal))
  const isVerified = seals.length > 0 && seals.every((seal) => seal?.result === 'valid') && (isGiven || submitted.signature.result === 'valid')
  const statuses = final.deliveries.map(({ history }) => history.filter(({ kind }) => kind === 'status').map(({ detail }) => String(detail['code'])))
  return {
    sent: final.deliveries.every(({ state }) => state === 'sent') ? 1 : 0,
    delivered: items.length === final.deliveries.length ? 1 : 0,
    verified: isVerified ? 1 : 0,
    statuses: [...new Set(statuses.toSorted((a, b) => a.length - b.length)[0])], // of the recipient who told least, in the order they came
    ms: Date.now() - began,
  }
}

/** The receiving system takes a document over and works on it. */
async function takeOver (receiver: SystemClient, id: string, say: Play['say']): Promise<void> {
  const item = await receiver.item(id)
  say(`Hộp đến của bên nhận có văn bản ${item.number}/${item.notation}: ${item.subject}`, `The receiver's mailbox holds document ${item.number}/${item.notation}`)
  if (item.seal) say(`Con dấu điện tử (đầu cuối, sau khi qua trục): ${inVietnamese(item.seal)}`, `Seal (end to end, after the axis rewrote the packet): ${inEnglish(item.seal)}`)
  for (const { number, name, size, sha256, pdf } of item.attachments) {
    const isIntact = createHash('sha256').update(await receiver.attachment(id, number)).digest('hex') === sha256
    say(`Tải tệp ${name}: ${size} byte, ${isIntact ? 'nguyên vẹn' : 'SAI MÃ BĂM'}`, `Downloaded ${name}: ${size} bytes, ${isIntact ? 'intact' : 'WRONG HASH'}`)
    if (pdf) say(`Chữ ký trong tệp ${name}: ${inVietnamese({ ...pdf, ...signerOf(pdf) })}`, `Signatures inside ${name}: ${inEnglish({ ...pdf, ...signerOf(pdf) })}`)
  }
  await receiver.acknowledge(id)
  say('Bên nhận xác nhận đã lấy văn bản; trạng thái 01 tự động gửi về', 'The receiver acknowledges; status 01 goes back by itself')
  for (const [code, description] of WORK) await receiver.report(id, code, description)
  say('Bên nhận tiếp nhận, phân công, xử lý, hoàn thành (03, 04, 05, 06)', 'The receiver registers, assigns, works on and completes it (03, 04, 05, 06)')
}

/** Tells what the gateway takes from the axis: the half of the way that the sender's history does not show. */
function createAxisTeller (say: Play['say']) {
  const documents = new Set<string>()
  return (event: SimulatorEvent): void => {
    if (event.kind === 'accepted' && event.packet === 'document') for (const { docId } of event.deliveries) documents.add(docId)
    if (event.kind === 'fetched' && documents.has(event.docId)) say('Phía nhận: gateway tải gói tin từ trục và lưu lại trước khi kiểm tra', 'Receiving side: the gateway fetches the packet from the axis, and stores it before it judges it')
    if (event.kind === 'acknowledged' && documents.has(event.docId)) say('Phía nhận: gateway báo trục đã nhận xong (done)', 'Receiving side: the gateway tells the axis that it has it (done)')
  }
}

type Event = { kind: string, recipient: string, detail: Record<string, unknown> }

function tell ({ kind, recipient, detail }: Event, say: Play['say']): void {
  switch (kind) {
    case 'signed': return say(`Gateway đã ${detail['sealed'] ? 'đóng con dấu điện tử và ' : ''}ký gói tin gửi ${recipient}`, `The gateway has ${detail['sealed'] ? 'sealed and ' : ''}signed the packet for ${recipient}`)
    case 'sent': return say(`Trục liên thông đã nhận gói tin (mã ${detail['axisDocId']})`, `The axis has accepted the packet (its id: ${detail['axisDocId']})`)
    case 'status': {
      const code = String(detail['code'])
      const name = isKnown(code) ? STATUSES[code] : { vi: 'không rõ', en: 'unknown' }
      return say(`${recipient} báo trạng thái ${code}: ${name.vi}`, `${recipient} reports status ${code}: ${name.en}`)
    }
    case 'unknown': return say('Chưa rõ trục đã nhận hay chưa; gateway sẽ hỏi lại trục trước khi gửi lại', 'It is not clear whether the axis took it; the gateway asks before it sends again')
    case 'waiting': return say('Gói tin chờ gửi lại', 'The packet waits to be sent again')
    case 'refused':
    case 'parked': return say(`Dừng gửi tới ${recipient}: ${detail['reason']}`, `Sending to ${recipient} stopped: ${detail['reason']}`)
  }
}

const VI = { valid: 'HỢP LỆ', invalid: 'KHÔNG HỢP LỆ', indeterminate: 'CHƯA XÁC ĐỊNH' }
const EN = { valid: 'VALID', invalid: 'INVALID', indeterminate: 'INDETERMINATE' }

type Told = Pick<SignatureVerdict, 'result' | 'reasons' | 'signer'>

/** Who has signed it last. */
function signerOf ({ signatures }: PdfVerdict): Pick<Told, 'signer'> {
  const signer = signatures.findLast((signature) => signature.signer)?.signer
  return signer ? { signer } : {}
}

function inVietnamese ({ result, reasons, signer }: Told): string {
  return [VI[result], signer && `ký bởi ${signer.subject}`, ...reasons.map(({ vi }) => vi)].filter(Boolean).join('; ')
}
function inEnglish ({ result, reasons, signer }: Told): string {
  return [EN[result], signer && `signed by ${signer.subject}`, ...reasons.map(({ en }) => en)].filter(Boolean).join('; ')
}
