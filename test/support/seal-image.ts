/** PNG files as seals are drawn: a red ring on a transparent ground; or as they should not be. */
import { writePng } from './png.ts'

type Drawn = { width?: number, height?: number, colourType?: 2 | 6, ground?: number }

/** A PNG of 8 bits with a red ring; `ground` is the opacity of what is around it. */
export function sealImage ({ width = 120, height = 120, colourType = 6, ground = 0 }: Drawn = {}): Buffer {
  const octets = colourType === 6 ? 4 : 3
  const pixels = Buffer.alloc(height * (1 + width * octets))
  const isRing = (x: number, y: number) => Math.abs(Math.hypot(x - width / 2, y - height / 2) - width * 0.42) < width * 0.05
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = y * (1 + width * octets) + 1 + x * octets
      pixels.set([220, 20, 20], at)
      if (octets === 4) pixels[at + 3] = isRing(x, y) ? 255 : ground
    }
  }
  return writePng({ width, height, colourType, pixels })
}
