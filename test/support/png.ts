/** PNG files of 8 bits a channel, as they should be or not. */
import { crc32, deflateSync } from 'node:zlib'

/** `pixels` are the rows, each behind the octet of its filter; `packed` stands in the file instead of their deflated form. */
type Png = { width: number, height: number, colourType?: 2 | 6, interlaced?: number, pixels: Buffer, packed?: Buffer }

export function writePng ({ width, height, colourType = 6, interlaced = 0, pixels, packed = deflateSync(pixels) }: Png): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, colourType, 0, 0, interlaced], 8)
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), chunk('IHDR', header), chunk('IDAT', packed), chunk('IEND', Buffer.alloc(0))])
}

function chunk (type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(data.length)
  sum.writeUInt32BE(crc32(body))
  return Buffer.concat([length, body, sum])
}
