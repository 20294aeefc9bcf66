/** Pages as viewers draw them: poppler, and pdfium, the engine of Chromium. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PDFiumLibrary } from '@hyzyla/pdfium'

/** A picture, from its top left corner; `at` gives red, green and blue. */
export type Picture = { width: number, height: number, at (x: number, y: number): readonly [number, number, number] }

/** What poppler draws of a page. */
export function drawWithPoppler (pdf: Uint8Array, { page = 1, dpi = 72 }: { page?: number, dpi?: number } = {}): Picture {
  const folder = mkdtempSync(join(tmpdir(), 'lienthong-drawn-'))
  try {
    writeFileSync(join(folder, 'file.pdf'), pdf)
    const drawn = execFileSync('pdftoppm', ['-cropbox', '-f', String(page), '-l', String(page), '-r', String(dpi), join(folder, 'file.pdf')], { maxBuffer: 512 * 1024 * 1024, stdio: ['ignore', 'pipe', 'ignore'] })
    const [head, width, height] = /^P6\s(\d+) (\d+)\s255\s/.exec(drawn.toString('latin1', 0, 40))!
    return pictureOf(drawn.subarray(head.length), Number(width), Number(height), [0, 1, 2])
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** What pdfium draws of a page, with its form. */
export async function drawWithPdfium (pdf: Uint8Array, { page = 1, dpi = 72 }: { page?: number, dpi?: number } = {}): Promise<Picture> {
  const library = await PDFiumLibrary.init()
  try {
    const document = await library.loadDocument(Buffer.from(pdf))
    document.initializeFormFields()
    const { data, width, height } = await document.getPage(page - 1).render({ scale: dpi / 72, render: 'bitmap', renderFormFields: true })
    const picture = pictureOf(Buffer.from(data), width, height, [0, 1, 2, 3])
    document.destroy()
    return picture
  } finally {
    library.destroy()
  }
}

/** The bounds of the pixels that are of a kind, with their count; null when there are none. */
export function extentOf ({ width, height, at }: Picture, isOfKind: (red: number, green: number, blue: number) => boolean): { left: number, top: number, right: number, bottom: number, count: number } | null {
  let found: { left: number, top: number, right: number, bottom: number, count: number } | null = null
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (!isOfKind(...at(x, y))) continue
      found ??= { left: x, top: y, right: x + 1, bottom: y + 1, count: 0 }
      found = { left: Math.min(found.left, x), top: found.top, right: Math.max(found.right, x + 1), bottom: y + 1, count: found.count + 1 }
    }
  }
  return found
}

function pictureOf (data: Buffer, width: number, height: number, order: readonly number[]): Picture {
  const octets = order.length
  return {
    width,
    height,
    at: (x, y) => {
      const from = (y * width + x) * octets
      return [data[from + order[0]!]!, data[from + order[1]!]!, data[from + order[2]!]!]
    },
  }
}
