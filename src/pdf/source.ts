/** Where a PDF's bytes lie: in memory, or in a file of which only windows are ever read. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

/**
 * Bytes that can be read anywhere, synchronously. What `read` gives may be a view: nobody writes into it. It may stand in `scratch`, where one is
 * given, until that is given again: whoever reads a whole file then takes no memory for it.
 */
export type PdfSource = { size: number, read (from: number, to: number, scratch?: Buffer): Buffer }

/** A file in memory. */
export function bytesSource (bytes: Uint8Array): PdfSource {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return { size: buffer.length, read: (from, to) => buffer.subarray(Math.max(0, from), Math.max(0, to)) }
}

/** A whole PDF in memory, or a file that is only read in pieces. */
export type PdfInput = { bytes: Uint8Array } | { path: string }

/** The same bytes with more behind them. */
export function joinedSource (first: PdfSource, more: Uint8Array): PdfSource {
  const second = bytesSource(more)
  return {
    size: first.size + second.size,
    read (from, to, scratch) {
      if (to <= first.size) return first.read(from, to, scratch)
      if (from >= first.size) return second.read(from - first.size, to - first.size)
      return Buffer.concat([first.read(from, first.size), second.read(0, to - first.size)])
    },
  }
}

/** Whether this is a PDF, by its bytes: viewers open what has the header within the first 1,024, whatever stands before it. */
export function isPdf (bytes: Uint8Array): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, 1024)).includes('%PDF-')
}

/** Large enough that a file's tail, or a page's objects, come with one call; small enough that what stands between pages is not read for nothing. */
const WINDOW = 16 * 1024
const WINDOWS = 64

/** A file on disk, through a few windows. It stays open until it is disposed of, and must not change meanwhile. */
export function fileSource (path: string): PdfSource & Disposable {
  const file = openSync(path, 'r')
  const { size } = fstatSync(file)
  const windows = new Map<number, Buffer>() // the one used last stands last

  function windowAt (index: number): Buffer {
    const known = windows.get(index)
    windows.delete(index)
    const window = known ?? readFully(file, index * WINDOW, Math.min(size, (index + 1) * WINDOW))
    windows.set(index, window)
    for (const [oldest] of windows) {
      if (windows.size <= WINDOWS) break
      windows.delete(oldest)
    }
    return window
  }

  return {
    size,
    read (from, to, scratch) {
      const [first, end] = [Math.max(0, from), Math.min(size, to)]
      if (end <= first) return Buffer.alloc(0)
      const index = Math.floor(first / WINDOW)
      if (end > (index + 1) * WINDOW) return readFully(file, first, end, scratch)
      return windowAt(index).subarray(first - index * WINDOW, end - index * WINDOW)
    },
    [Symbol.dispose]: () => closeSync(file),
  }
}

function readFully (file: number, from: number, to: number, scratch?: Buffer): Buffer {
  const bytes = scratch && scratch.length >= to - from ? scratch.subarray(0, to - from) : Buffer.allocUnsafe(to - from)
  let length = 0
  while (length < bytes.length) {
    const read = readSync(file, bytes, length, bytes.length - length, from + length)
    if (read === 0) break
    length += read
  }
  return bytes.subarray(0, length)
}
