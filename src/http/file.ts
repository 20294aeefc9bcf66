/** Files as answers: streamed, and never more than a download. */
import type { FastifyReply } from 'fastify'
import { Readable } from 'node:stream'

/** A file as it is read from somewhere. */
export type FileToSend = { name: string, mediaType: string, size: number, sha256: string, bytes: AsyncIterable<Buffer> }

/** Sends a file: its name cannot break out of the header, its type cannot run in a browser. */
export function sendFile (reply: FastifyReply, { name, mediaType, size, sha256, bytes }: FileToSend) {
  return reply
    .header('content-type', /^[\w.+-]+\/[\w.+-]+$/.test(mediaType) ? mediaType : 'application/octet-stream')
    .header('content-disposition', `attachment; filename="${asciiName(name)}"; filename*=UTF-8''${encodeURIComponent(name).replace(/['()*]/g, (character) => `%${character.charCodeAt(0).toString(16)}`)}`)
    .header('content-length', size)
    .header('etag', `"${sha256}"`)
    .send(Readable.from(bytes))
}

/** For clients that know only RFC 6266's plain form: no accents, nothing that ends the quotes. */
function asciiName (name: string): string {
  return name.normalize('NFD').replace(/\p{M}/gu, '').replaceAll('đ', 'd').replaceAll('Đ', 'D').replace(/[^\x20-\x7e]|["\\]/g, '_')
}
