/** Undoes the predictors of FlateDecode and LZWDecode (ISO 32000-2, 7.4.4.4). */
import { broken } from './broken.ts'

/** The data without their prediction; `parameter` looks an entry of DecodeParms up. */
export function unpredict (data: Buffer, parameter: (name: string, fallback: number) => number): Buffer {
  const predictor = parameter('Predictor', 1)
  if (predictor === 1) return data
  const [colors, bits, columns] = [parameter('Colors', 1), parameter('BitsPerComponent', 8), parameter('Columns', 1)]
  if (colors < 1 || colors > 32 || ![1, 2, 4, 8, 16].includes(bits) || columns < 1 || columns > 1_000_000) broken('a predictor with parameters out of range')
  const pixel = Math.max(1, (colors * bits) >> 3)
  const row = (colors * bits * columns + 7) >> 3
  if (predictor === 2) return bits === 8 ? undoTiff(Buffer.from(data), colors, row) : broken('a TIFF predictor that is not read')
  if (predictor < 10 || predictor > 15) broken('a predictor that does not exist')
  return undoPng(data, pixel, row)
}

function undoTiff (data: Buffer, colors: number, row: number): Buffer {
  for (let at = 0; at < data.length; at++) if (at % row >= colors) data[at] = data[at]! + data[at - colors]!
  return data
}

/** Each row says its own way before its bytes; the last row may be short. */
function undoPng (data: Buffer, pixel: number, row: number): Buffer {
  const rows = Math.ceil(data.length / (row + 1))
  const out = Buffer.alloc(Math.max(0, data.length - rows))
  for (let index = 0; index < rows; index++) {
    const from = index * (row + 1)
    const way = data[from]!
    if (way > 4) broken('a PNG predictor that does not exist')
    const start = index * row
    const length = Math.min(row, data.length - from - 1)
    for (let at = 0; at < length; at++) {
      const left = at >= pixel ? out[start + at - pixel]! : 0
      const up = index > 0 ? out[start + at - row]! : 0
      const upLeft = index > 0 && at >= pixel ? out[start + at - row - pixel]! : 0
      out[start + at] = data[from + 1 + at]! + predicted(way, left, up, upLeft)
    }
  }
  return out
}

function predicted (way: number, left: number, up: number, upLeft: number): number {
  if (way === 0) return 0
  if (way === 1) return left
  if (way === 2) return up
  if (way === 3) return (left + up) >> 1
  const [toLeft, toUp, toUpLeft] = [Math.abs(up - upLeft), Math.abs(left - upLeft), Math.abs(left + up - 2 * upLeft)]
  return toLeft <= toUp && toLeft <= toUpLeft ? left : toUp <= toUpLeft ? up : upLeft
}
