/** Chance that can be repeated: everything a round does follows from its seed and its number. */

export type Random = {
  /** A whole number from 0 up to, but not including, this. */
  below (limit: number): number,
  pick<T> (choices: readonly T[]): T,
  bytes (length: number): Buffer,
}

/** The chance of one round (mulberry32). */
export function createRandom (seed: number, round: number): Random {
  let state = (seed ^ Math.imul(round + 1, 0x9e3779b9)) >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
  const below = (limit: number): number => next() % limit
  return {
    below,
    pick: (choices) => {
      if (choices.length === 0) throw new Error('nothing to pick from')
      return choices[below(choices.length)] as typeof choices[number]
    },
    bytes: (length) => Buffer.from(Array.from({ length }, () => below(256))),
  }
}
