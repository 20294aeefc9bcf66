import t from 'tap'
import { createLooker } from '../../src/queue/looker.ts'

t.test('a nudge makes it look, at its key only', async (t) => {
  const world = setup()
  world.looker.nudge('a')
  world.looker.nudge('b')
  await world.turn()
  t.strictSame(world.looks, ['a', 'b'])
})

t.test('it looks again when the date comes, and not before', async (t) => {
  const world = setup()
  world.looker.nudge('a')
  await world.turn()
  world.end('a', world.in(5000))
  await world.turn()
  await world.pass(4999)
  t.strictSame(world.looks, ['a'])
  await world.pass(1)
  t.strictSame(world.looks, ['a', 'a'])
})

t.test('a nudge does not wait for the date, which then counts no more', async (t) => {
  const world = setup()
  world.looker.nudge('a')
  await world.turn()
  world.end('a', world.in(5000))
  await world.turn()
  world.looker.nudge('a')
  await world.turn()
  t.strictSame(world.looks, ['a', 'a'])
  world.end('a', null)
  await world.pass(10_000)
  t.strictSame(world.looks, ['a', 'a'])
})

t.test('nudges during a look make one more look, right after', async (t) => {
  const world = setup()
  world.looker.nudge('a')
  await world.turn()
  world.looker.nudge('a')
  world.looker.nudge('a')
  await world.turn()
  t.strictSame(world.looks, ['a'])
  world.end('a', null)
  await world.turn()
  t.strictSame(world.looks, ['a', 'a'])
  world.end('a', null)
  await world.turn()
  t.strictSame(world.looks, ['a', 'a'])
})

t.test('after failures it looks again after growing pauses, whatever nudges come', async (t) => {
  const world = setup()
  world.looker.nudge('a')
  await world.turn()
  for (const pause of [1000, 2000, 5000, 10_000, 20_000, 40_000, 60_000, 60_000]) {
    const before = world.looks.length
    world.looker.nudge('a')
    world.fail('a')
    await world.turn()
    world.looker.nudge('a')
    await world.pass(pause - 1)
    t.equal(world.looks.length, before)
    await world.pass(1)
    t.equal(world.looks.length, before + 1)
  }
  t.equal(world.errors.length, 8)
})

t.test('a look that ends well makes the pauses short again', async (t) => {
  const world = setup()
  world.looker.nudge('a')
  await world.turn()
  world.fail('a')
  await world.pass(1000)
  world.fail('a')
  await world.pass(2000)
  world.end('a', null)
  await world.turn()
  world.looker.nudge('a')
  await world.turn()
  world.fail('a')
  await world.pass(1000)
  t.strictSame(world.looks, ['a', 'a', 'a', 'a', 'a'])
})

t.test('stop waits for the look that runs, and starts none', async (t) => {
  const world = setup()
  world.looker.nudge('a')
  world.looker.nudge('b')
  await world.turn()
  world.end('b', world.in(1000))
  await world.turn()
  world.looker.nudge('a')
  let stopped = false
  const stopping = world.looker.stop().then(() => { stopped = true })
  await world.pass(5000)
  t.notOk(stopped)
  world.end('a', world.in(1))
  await stopping
  world.looker.nudge('a')
  await world.pass(5000)
  t.strictSame(world.looks, ['a', 'b'])
})

/** A looker whose time passes, and whose looks end, only when told to. */
function setup () {
  let time = 0
  const timers = new Set<{ at: number, run: () => void }>()
  const running = new Map<string, PromiseWithResolvers<Date | null>>()
  const looks: string[] = []
  const errors: unknown[] = []
  const turn = () => new Promise<void>((resolve) => { setImmediate(resolve) })
  const looker = createLooker<string>({
    look (key) {
      looks.push(key)
      const look = Promise.withResolvers<Date | null>()
      running.set(key, look)
      return look.promise
    },
    onError: (error) => { errors.push(error) },
    now: () => new Date(time),
    schedule (run, milliseconds) {
      const timer = { at: time + milliseconds, run }
      timers.add(timer)
      return () => { timers.delete(timer) }
    },
  })
  return {
    looker, looks, errors, turn,
    in: (milliseconds: number) => new Date(time + milliseconds),
    end: (key: string, due: Date | null) => running.get(key)!.resolve(due),
    fail: (key: string) => running.get(key)!.reject(new Error(`${key} cannot be looked at`)),
    async pass (milliseconds: number) {
      await turn()
      time += milliseconds
      for (const timer of [...timers].filter(({ at }) => at <= time)) {
        timers.delete(timer)
        timer.run()
      }
      await turn()
    },
  }
}
