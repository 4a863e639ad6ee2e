// What holds of two engines on one store, whichever it is: a subscription ends when nobody on either engine is bound to it, and a job is run by the engine that has
// its function; and one that ends does not wait for what nobody has.
import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { QueueWorkerConfig } from '../../../plugins/queue/config.ts'
import { ManualClock } from '../../../testing/index.ts'
import { within } from '../../support/deadline.ts'
import { collecting, runQueuePlugin, type QueueRun } from './queue-run.ts'
import { runQueue } from './run-plugin.ts'

/** @param adapter the `adapter` block; asked when a test begins */
export function twoEngineCases(name: string, adapter: () => NonNullable<QueueWorkerConfig['adapter']>): void {
  const start = async (more: QueueWorkerConfig = {}): Promise<{ engines: [QueueRun, QueueRun]; queue: string }> => {
    const queue = `q-${randomUUID()}`
    const settings = { max_retries: 1, backoff_ms: 1, concurrency: 4, poll_interval_ms: 25 }
    const config = { adapter: adapter(), queue_configs: { [queue]: settings }, ...more }
    return { engines: [await runQueuePlugin(config), await runQueuePlugin(config)], queue }
  }

  describe(name, () => {
    test('an engine that stops waits for no job whose function nobody has', async () => {
      // Held: only what is told ends a wait.
      const queue = `q-${randomUUID()}`
      const run = await runQueue({ [queue]: {} }, { adapter: adapter() }, { clock: new ManualClock() })
      const topic = `t-${randomUUID()}`
      await run.bind({ id: 'the-binding', function_id: 'nobody::has', config: { topic } })
      await run.enqueue('nobody::has', 1, { queue })
      await run.call('iii::durable::publish', { topic, data: 2 })
      const status = (name: string): Promise<unknown> => run.call('iii::queue::status', { queue: name })
      for (const each of [queue, topic]) await expect.poll(() => status(each)).toMatchObject({ awaiting_function: 1 })
      await within(10_000, 'the stop', run.stop())
    })

    describe.each([
      [0, 1],
      [1, 0],
    ] as const)('engines %i and %i', (here, there) => {
      test('a function of the other engine gets its jobs, and uses up no attempt for it', async () => {
        const { engines, queue } = await start()
        const got = collecting(engines[there], 'there')
        const own = collecting(engines[here], 'here')
        const numbers = Array.from({ length: 30 }, (_, number) => number)
        for (const number of numbers) {
          await engines[here].enqueue(queue, 'there', number)
          await engines[here].enqueue(queue, 'here', number)
        }
        await Promise.all([got.take(30, 20_000), own.take(30, 20_000)])
        // Once each: with one attempt in all, nothing has failed.
        expect([got.items, own.items].map((items) => items.toSorted((one, other) => one - other))).toEqual([
          numbers,
          numbers,
        ])
        const stats = (): Promise<unknown> => engines[here].call('iii::queue::status', { queue })
        await expect.poll(stats).toMatchObject({ pending: 0, active: 0, dlq_count: 0 })
      })

      test('a job that waits for its function goes to the engine on which it appears', async () => {
        const { engines, queue } = await start()
        await engines[here].enqueue(queue, 'late', 1)
        await engines[there].enqueue(queue, 'late', 2)
        const status = (): Promise<unknown> => engines[here].call('iii::queue::status', { queue })
        await expect.poll(status).not.toMatchObject({ active: 0, pending: 2 })
        const got = collecting(engines[there], 'late')
        expect((await got.take(2, 20_000)).toSorted()).toEqual([1, 2])
        await expect.poll(status).toMatchObject({ pending: 0, active: 0, dlq_count: 0 })
      })

      test('whoever unregisters at one engine takes nothing from those who are bound at the other', async () => {
        const { engines } = await start()
        const topic = `t-${randomUUID()}`
        const got = collecting(engines[there], 'f')
        for (const run of engines) await run.bind({ id: 'the-binding', function_id: 'f', config: { topic } })
        engines[here].unbind('the-binding')
        await expect.poll(() => boundAt(engines[here], topic)).toBe(0)
        for (let number = 0; number < 5; number++) await engines[number % 2]!.publish(topic, number)
        expect((await got.take(5, 20_000)).toSorted()).toEqual([0, 1, 2, 3, 4])
        const ending = engines[here].call('iii::queue::unsubscribe', { topic, function_id: 'f' })
        expect(await ending.catch((error: unknown) => error)).not.toMatchObject({ removed: true })
        await engines[here].publish(topic, 'still')
        expect(await got.take(6, 20_000)).toContain('still')
      })

      test('when the last one unregisters, at whichever engine, the subscription ends', async () => {
        const { engines } = await start()
        const topic = `t-${randomUUID()}`
        for (const run of engines) {
          collecting(run, 'f')
          await run.bind({ id: 'the-binding', function_id: 'f', config: { topic } })
        }
        engines[here].unbind('the-binding')
        await expect.poll(() => boundAt(engines[here], topic)).toBe(0)
        engines[there].unbind('the-binding')
        await expect.poll(() => boundAt(engines[there], topic)).toBe(0)
        // Its own publishers wait for what becomes of its bindings.
        await engines[there].publish(topic, 'for whoever comes')
        const late = collecting(engines[there], 'g')
        await engines[there].bind({ id: 'another', function_id: 'g', config: { topic } })
        expect(await late.take(1, 20_000)).toEqual(['for whoever comes'])
      })
    })
  })
}

/** Live bindings, as one engine knows them. */
async function boundAt(run: QueueRun, topic: string): Promise<number> {
  const { consumer_count } = (await run.call('engine::queue::topic_stats', { topic })) as { consumer_count: number }
  return consumer_count
}
