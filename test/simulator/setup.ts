import type { Test } from 'tap'
import { createVxpConnection } from '../../src/axis/vxp/client.ts'
import { createHttpClient } from '../../src/http/client.ts'
import { createSimulator, type SimulatorOptions } from '../../src/simulator/simulator.ts'

/** `north` speaks for H41.01, `south` for H14.02 (old code 000.02.14.H14) and H14.03. H26.01 is listed, and connected to neither. */
export const WORLD = {
  systems: [
    { systemId: 'north', secret: 'north-secret', codes: ['H41.01'] },
    { systemId: 'south', secret: 'south-secret', codes: ['H14.02', 'H14.03'] },
  ],
  agencies: [
    { code: 'H41.01', name: 'Văn phòng UBND' },
    { code: 'H14.02', name: 'Sở Nội vụ', oldCode: '000.02.14.H14', mail: 'sonoivu@example.vn' },
    { code: 'H26.01', name: 'Sở Tài chính' },
  ],
  now: () => new Date('2026-11-21T02:00:00Z'),
}

/** A simulated axis over real HTTP, and a connection to it for each of its two systems. */
export async function setup (t: Test, options: Partial<SimulatorOptions> = {}) {
  const simulator = createSimulator({ ...WORLD, ...options })
  const { url } = await simulator.listen()
  const http = createHttpClient()
  t.teardown(async () => {
    await simulator.close()
    await http[Symbol.asyncDispose]()
  })
  const connect = (systemId: string, secret = `${systemId}-secret`) =>
    createVxpConnection({ baseUrl: url, systemId, secret, hashFile: 'sdk', http, now: WORLD.now, sendWithin: 2_000, askWithin: 2_000 })
  return { simulator, url, http, connect, north: connect('north'), south: connect('south') }
}
