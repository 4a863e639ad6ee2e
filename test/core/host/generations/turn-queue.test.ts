import { expect, test } from 'vitest'
import { EVERYTHING, TurnQueue } from '../../../../core/host/generations/turn-queue.ts'
import { ManualClock } from '../manual-clock.ts'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const claiming =
  (...things: unknown[]) =>
  (): ReadonlySet<unknown> =>
    new Set(things)

/** A queue in which each task ends when it is told to. */
function scene() {
  const clock = new ManualClock()
  const queue = new TurnQueue(clock)
  const log: string[] = []
  const ends = new Map<string, () => void>()
  const enqueue = (name: string, ...things: unknown[]): Promise<string> =>
    queue.enqueue(name, claiming(...things), async () => {
      log.push(`${name} begins`)
      await new Promise<void>((resolve) => ends.set(name, resolve))
      log.push(`${name} ends`)
      return name
    })
  const end = async (name: string): Promise<void> => {
    ends.get(name)?.()
    await turn()
  }
  return { clock, queue, log, enqueue, end }
}

test('quick turns run one at a time, in order, whatever they claim', async () => {
  const { log, enqueue, end } = scene()
  const both = Promise.all([enqueue('a', 1), enqueue('b', 2)])
  await turn()
  await end('a')
  await end('b')
  expect(await both).toEqual(['a', 'b'])
  expect(log).toEqual(['a begins', 'a ends', 'b begins', 'b ends'])
})

test('one that is not quick holds up no turn of other things', async () => {
  const { clock, log, enqueue, end } = scene()
  void enqueue('slow', 1)
  void enqueue('other', 2)
  await turn()
  expect(log).toEqual(['slow begins'])
  clock.move(200)
  await turn()
  expect(log).toEqual(['slow begins', 'other begins'])
  await end('other')
  // Whoever comes now does not have to wait at all.
  void enqueue('third', 3)
  await turn()
  expect(log.slice(2)).toEqual(['other ends', 'third begins'])
})

test('what claims the same waits, and lets others pass meanwhile', async () => {
  const { clock, log, enqueue, end } = scene()
  void enqueue('slow', 1)
  void enqueue('both', 1, 2)
  void enqueue('two', 2)
  await turn()
  clock.move(200)
  await turn()
  await end('two')
  expect(log).toEqual(['slow begins', 'two begins', 'two ends'])
  await end('slow')
  expect(log.slice(3)).toEqual(['slow ends', 'both begins'])
})

test('who claims everything runs alone', async () => {
  const { clock, log, enqueue, end } = scene()
  void enqueue('slow', 1)
  void enqueue('all', EVERYTHING)
  await turn()
  clock.move(200)
  await turn()
  expect(log).toEqual(['slow begins'])
  await end('slow')
  void enqueue('later', 2)
  clock.move(200)
  await turn()
  expect(log.slice(1)).toEqual(['slow ends', 'all begins'])
  await end('all')
  expect(log.slice(3)).toEqual(['all ends', 'later begins'])
})

test('of the waiting tasks of one key only the newest runs, for all who wait', async () => {
  const queue = new TurnQueue(new ManualClock())
  const ran: number[] = []
  const wish = (n: number) => queue.enqueue('a', claiming(1), async () => (ran.push(n), n))
  const running = queue.enqueue('first', claiming(1), async () => 0)
  expect(await Promise.all([running, wish(1), wish(2), wish(3)])).toEqual([0, 3, 3, 3])
  expect(ran).toEqual([3])
})

test('a task that fails does not keep the next one from running', async () => {
  const queue = new TurnQueue(new ManualClock())
  const failing = queue.enqueue('a', claiming(1), async () => {
    throw new Error('no')
  })
  const next = queue.enqueue('b', claiming(1), async () => 'yes')
  await expect(failing).rejects.toThrow('no')
  expect(await next).toBe('yes')
  await queue.idle()
})

test('it is idle when nothing runs and nothing waits', async () => {
  const { queue, enqueue, end } = scene()
  await queue.idle()
  void enqueue('a', 1)
  void enqueue('b', 1)
  let isIdle = false
  const idle = queue.idle().then(() => (isIdle = true))
  await turn()
  await end('a')
  expect(isIdle).toBe(false)
  await end('b')
  await idle
})
