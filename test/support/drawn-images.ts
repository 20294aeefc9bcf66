/** Pictures that signatures show, drawn by lines: a leader's signature in blue and an agency's seal in red, both on a transparent ground. */
import { writePng } from './png.ts'

type Colour = readonly [red: number, green: number, blue: number]
type Point = readonly [number, number]

const BLUE: Colour = [20, 60, 190]
const RED: Colour = [215, 20, 30]

/** A PNG of 8 bits a channel with alpha; `opacity` is 0 to 1 at the middle of each pixel. */
function drawPng (width: number, height: number, colour: Colour, opacity: (x: number, y: number) => number): Buffer {
  const rows = Buffer.alloc(height * (1 + width * 4))
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) rows.set([...colour, Math.round(255 * opacity(x + 0.5, y + 0.5))], y * (1 + width * 4) + 1 + x * 4)
  }
  return writePng({ width, height, pixels: rows })
}

/** Five centimetres by two, of somebody's name in one stroke and a line below it. */
export function leaderSignature (): Buffer {
  const [width, height] = [500, 200]
  const stroke = Array.from({ length: 240 }, (_, index): Point => {
    const at = index / 239
    return [20 + 460 * at + 26 * Math.sin(31 * at), 95 + (60 - 35 * at) * Math.sin(37 * at) * Math.cos(5 * at)]
  })
  return drawPng(width, height, BLUE, lines([...stroke, [40, 180], [470, 165]], 5))
}

/** A round seal: two rings, a star, and what stands for the writing between them. */
export function agencySeal (): Buffer {
  const size = 480
  const middle = size / 2
  const star = Array.from({ length: 11 }, (_, index): Point => {
    const [radius, angle] = [index % 2 === 0 ? 90 : 38, Math.PI * (index / 5 - 0.5)]
    return [middle + radius * Math.cos(angle), middle + radius * Math.sin(angle)]
  })
  const outline = lines(star, 10)
  return drawPng(size, size, RED, (x, y) => {
    const distance = Math.hypot(x - middle, y - middle)
    const ring = (radius: number, half: number) => soft(half - Math.abs(distance - radius))
    const letters = Math.abs(distance - 180) < 22 && Math.sin(48 * Math.atan2(y - middle, x - middle)) > 0.2 ? 1 : 0
    return Math.max(ring(232, 6), ring(140, 3), letters, outline(x, y))
  })
}

/** How far a point is inside of a stroke along these points. */
function lines (points: readonly Point[], half: number): (x: number, y: number) => number {
  return (x, y) => soft(half - Math.min(...points.slice(1).map((to, index) => distanceTo(points[index]!, to, x, y))))
}

function distanceTo ([fromX, fromY]: Point, [toX, toY]: Point, x: number, y: number): number {
  const [alongX, alongY] = [toX - fromX, toY - fromY]
  const at = Math.max(0, Math.min(1, ((x - fromX) * alongX + (y - fromY) * alongY) / (alongX ** 2 + alongY ** 2)))
  return Math.hypot(x - fromX - at * alongX, y - fromY - at * alongY)
}

function soft (inside: number): number {
  return Math.max(0, Math.min(1, inside + 0.5))
}
