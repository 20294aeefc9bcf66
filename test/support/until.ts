import { setTimeout as pause } from 'node:timers/promises'

/** Waits until `look` gives something other than undefined, null or false, and gives it back; throws after `timeout` ms. */
export async function until<Found> (
  look: () => Found | Promise<Found>,
  { timeout = 10_000, every = 20 }: { timeout?: number, every?: number } = {},
): Promise<Exclude<Found, undefined | null | false>> {
  const deadline = performance.now() + timeout
  for (;;) {
    const found = await look()
    if (found !== undefined && found !== null && found !== false) return found as Exclude<Found, undefined | null | false>
    if (performance.now() > deadline) throw new Error(`Not within ${timeout} ms: ${look}`)
    await pause(every)
  }
}
