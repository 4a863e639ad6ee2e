// What docs/reference/queue.md guarantees, where workers are several, slow or gone. Beside it: `restart.test.ts` and `test/long/queue/kill.test.ts` for what
// outlives `kill -9`, `named-queues.test.ts` for order, `redis-shared.test.ts` for engines that share a store, `admin/dead-letters.test.ts` for dead letters.
import { expect, test } from 'vitest'
import { ManualClock, settled } from '../../../testing/index.ts'
import { Collector } from '../../support/deadline.ts'
import { runQueue, type RunningQueue } from './run-plugin.ts'

/** Replicas of the function `f`; each call waits until the test lets it go. */
function replicas({ engine }: RunningQueue, count: number) {
  const begun = new Collector<{ readonly payload: unknown; readonly replica: number; readonly end: () => void }>()
  const workers = Array.from({ length: count }, (_, replica) => {
    const worker = engine.connect()
    worker.registerFunction('f', (payload) => {
      const { promise, resolve } = Promise.withResolvers<void>()
      begun.add({ payload, replica, end: resolve })
      return promise
    })
    return worker
  })
  return { begun, workers }
}

test('the concurrency of a queue holds over all replicas together', async () => {
  const run = await runQueue({ q: { concurrency: 2 } })
  const { begun } = replicas(run, 3)
  for (let n = 0; n < 6; n++) await run.enqueue('f', n, { queue: 'q' })
  const both = await begun.take(2)
  await settled()
  expect(begun.items).toHaveLength(2)
  expect(new Set(both.map(({ replica }) => replica)).size).toBe(2)
  for (let n = 0; n < 6; n++) {
    const each = (await begun.take(n + 1))[n]!
    each.end()
    await settled()
    expect(begun.items.length).toBeLessThanOrEqual(n + 3)
  }
  expect(begun.items.map(({ payload }) => payload)).toEqual([0, 1, 2, 3, 4, 5])
})

test('the concurrency of a subscriber holds over the replicas of its worker, which share one binding', async () => {
  const run = await runQueue()
  const { begun, workers } = replicas(run, 3)
  const config = { topic: 't', queue_config: { concurrency: 2 } }
  for (const worker of workers) worker.registerTrigger({ type: 'durable:subscriber', function_id: 'f', config })
  for (let n = 0; n < 5; n++) await run.call('iii::durable::publish', { topic: 't', data: n })
  await begun.take(2)
  await settled()
  expect(begun.items).toHaveLength(2)
  for (let n = 0; n < 5; n++) (await begun.take(n + 1))[n]!.end()
})

test('a slow handler is not called twice, however long it takes', async () => {
  const clock = new ManualClock()
  const run = await runQueue({ q: { concurrency: 4, max_retries: 3 } }, {}, { clock })
  const { begun } = replicas(run, 2)
  await run.enqueue('f', 'slow', { queue: 'q' })
  const [slow] = await begun.take(1)
  await clock.pass(3 * 3_600_000)
  expect(begun.items).toHaveLength(1)
  slow!.end()
  await settled()
  expect(await run.call('iii::queue::status', { queue: 'q' })).toMatchObject({ pending: 0, active: 0, delayed: 0 })
})

test('the jobs of a worker that dies come to another one at once, each with one attempt used up', async () => {
  const run = await runQueue({ q: { concurrency: 4, backoff_ms: 0 } })
  const { begun, workers } = replicas(run, 2)
  for (let n = 0; n < 4; n++) await run.enqueue('f', n, { queue: 'q' })
  const running = await begun.take(4)
  const lost = running.filter(({ replica }) => replica === 0).map(({ payload }) => payload)
  expect(lost).toHaveLength(2)
  workers[0]!.close()
  const again = (await begun.take(6)).slice(4)
  expect(again.map(({ payload, replica }) => [payload, replica])).toEqual(lost.map((payload) => [payload, 1]))
  for (const each of begun.items) each.end()
  await settled()
  expect(begun.items).toHaveLength(6)
  const attempts = run.engine.calls.filter(({ function_id: id }) => id === 'f').map(({ metadata }) => metadata)
  expect(attempts.slice(-2)).toMatchObject([{ attempt: 1 }, { attempt: 1 }])
})
