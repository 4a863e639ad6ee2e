// What waits for Redis is limited, and what goes to it in one step.
import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { EnqueueTurns } from '../../../plugins/queue/adapters/redis/enqueue-turns.ts'
import { MAX_TAKEN } from '../../../plugins/queue/adapters/redis/redis-line.ts'
import type { QueueServer } from '../../../plugins/queue/adapters/redis/queue-server.ts'
import { lacks } from '../../support/needs.ts'
import { DONE, FAILED, job, queueRun } from './backend-run.ts'
import { redisEngine, sharedServer } from './redis-engines.ts'

/** A server that answers when the test says so. */
function heldServer() {
  const steps: { readonly jobs: number; readonly answer: () => void }[] = []
  const run = (_name: string, _keys: unknown, args: readonly unknown[]): Promise<unknown> =>
    new Promise((resolve) => steps.push({ jobs: Number(args[2]), answer: () => resolve(1) }))
  return { server: { run } as unknown as QueueServer, steps }
}

const entry = (payload: unknown) => ({ key: 'queue:n:q', queue: 'q', job: job(payload) })
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('jobs beyond those that may wait are refused, and taken again when there is room', async () => {
  const { server, steps } = heldServer()
  const turns = new EnqueueTurns(server, () => 0, { maxWaiting: 2, maxWaitingBytes: 1_000 })
  const first = [turns.run([entry(1)], false), turns.run([entry(2)], false)]
  await expect(turns.run([entry(3)], false)).rejects.toMatchObject({
    code: 'overloaded',
    message: 'More than 2 jobs wait for Redis. Nothing was stored; try again.',
  })
  await turn()
  steps[0]!.answer()
  await Promise.all(first)
  const again = turns.run([entry('x'.repeat(990))], false)
  await expect(turns.run([entry('x'.repeat(20))], false)).rejects.toMatchObject({
    code: 'overloaded',
    message: 'More than 1000 bytes of jobs wait for Redis. Nothing was stored; try again.',
  })
  await turn()
  steps[1]!.answer()
  expect(await again).toMatchObject([{ stored: true }])
})

test('what comes while a step is under way goes together in the next, as much as one step takes', async () => {
  const { server, steps } = heldServer()
  const turns = new EnqueueTurns(server, () => 0, { maxBatch: 3 })
  const all = [turns.run([entry(0)], false)]
  await turn()
  all.push(turns.run([entry(1)], false), turns.run([entry(2)], false))
  await turn()
  expect(steps.map(({ jobs }) => jobs)).toEqual([1])
  steps[0]!.answer()
  await turn()
  expect(steps.map(({ jobs }) => jobs)).toEqual([1, 2])
  for (let number = 3; number < 7; number++) all.push(turns.run([entry(number)], false))
  await turn()
  // A full step does not wait.
  expect(steps.map(({ jobs }) => jobs)).toEqual([1, 2, 3])
  for (let at = 1; at < 4; at++) {
    steps[at]!.answer()
    await turn()
  }
  expect(steps.map(({ jobs }) => jobs)).toEqual([1, 2, 3, 1])
  await Promise.all(all)
})

describe.skipIf(lacks('redis-server'))('on a server (needs redis-server)', () => {
  const shared = sharedServer({ args: ['--appendfsync', 'everysec'] })

  test('more slots than one step takes are all filled', async () => {
    const { backend } = await redisEngine(shared.server.url)
    const run = await queueRun(backend, { concurrency: 3 * MAX_TAKEN })
    const count = 3 * MAX_TAKEN + 1
    await run.put(...Array.from({ length: count }, (_, index) => index))
    await run.consume(() => new Promise(() => {}))
    await run.begun.take(3 * MAX_TAKEN)
    expect(await backend.stats(run.queue)).toMatchObject({ active: 3 * MAX_TAKEN, waiting: 1 })
  })

  test('thousands of jobs in one call, of two queues, are one step and keep their order', async () => {
    const { backend } = await redisEngine(shared.server.url)
    const [one, two] = [await queueRun(backend), await queueRun(backend)]
    const numbers = Array.from({ length: 6_000 }, (_, number) => number)
    const stored = await backend.enqueue(
      numbers.map((number) => ({
        queue: number % 2 === 0 ? one.queue : two.queue,
        job: job(number, { id: `${number}`, dedup: { key: `${number % 5_998}`, windowMs: 60_000 } }),
      })),
    )
    expect(stored.slice(5_998)).toEqual([
      { stored: false, id: '0' },
      { stored: false, id: '1' },
    ])
    await one.consume()
    expect(await one.begun.take(2_999)).toEqual(numbers.filter((number) => number % 2 === 0 && number < 5_998))
    expect((await backend.stats(two.queue)).waiting).toBe(2_999)
    expect(await backend.peek(two.queue, { offset: 900, limit: 1_200 })).toHaveLength(1_200)
  })

  test('ten thousand dead letters are put back in their order', async () => {
    const { backend } = await redisEngine(shared.server.url)
    const run = await queueRun(backend, { maxAttempts: 1, concurrency: 100 })
    const count = 10_000
    let fails = true
    await run.put(...Array.from({ length: count }, (_, index) => index))
    await run.consume(() => (fails ? FAILED : DONE))
    await run.settled.take(count, 30_000)
    fails = false
    const id = run.settled.items[7_000]!.job.id
    expect(await backend.redrive(run.queue, { ids: [id, randomUUID()] })).toBe(1)
    expect(await backend.redrive(run.queue, 'all')).toBe(count - 1)
    await run.settled.take(2 * count, 30_000)
    expect(await backend.stats(run.queue)).toMatchObject({ waiting: 0, active: 0, dead: 0 })
    const client = shared.server.client()
    expect(await client.keys(`queue:n:${run.queue.key}:dead*`)).toEqual([])
  })

  test('dead letters of the same id are found one after the other', async () => {
    const { backend } = await redisEngine(shared.server.url)
    const run = await queueRun(backend, { maxAttempts: 1 })
    for (const payload of [1, 2]) await run.putWith(payload, { id: 'a\ud800:b' })
    const consumption = await run.consume(() => FAILED)
    await run.settled.take(2)
    await consumption.stop(1_000)
    expect(await backend.discard(run.queue, { ids: ['a\ud800:b'] })).toBe(1)
    const [left] = await backend.deadLetters(run.queue, { offset: 0, limit: 5, order: 'newest' })
    expect(left!.job.id).toBe('a\ud800:b')
    expect(await backend.redrive(run.queue, { ids: ['a\ud800:b'] })).toBe(1)
  })

  test('names, groups and keys may have any characters', async () => {
    const { backend } = await redisEngine(shared.server.url)
    const odd = 'ü:.\n\u0000"\\ \ud800'
    const run = await queueRun(backend, { type: 'fifo' }, `odd ${odd}`)
    const other = await queueRun(backend, { type: 'fifo' }, `odd ${odd.replace('\ud800', '\ud801')}`)
    await run.putWith(1, { group: odd, priority: 3, dedup: { key: odd, windowMs: 60_000 } })
    expect((await run.putWith(2, { dedup: { key: odd, windowMs: 60_000 } })).stored).toBe(false)
    await run.consume()
    expect((await run.settled.take(1))[0]!.job).toMatchObject({ group: odd, priority: 3 })
    expect(other.begun.items).toEqual([])
    expect((await backend.queues()).map(({ name }) => name)).toEqual(
      expect.arrayContaining([run.queue.name, other.queue.name]),
    )
  })

  test('a backlog joins what the queue of the subscription still has, in the old order', async () => {
    const { backend } = await redisEngine(shared.server.url)
    const { QUEUE_DEFAULTS } = await import('../../../plugins/queue/settings.ts')
    const subscription = { topic: `t-${randomUUID()}`, functionId: 'f', namespace: 'n' }
    const ref = await backend.subscribe(subscription, QUEUE_DEFAULTS)
    await backend.publish(subscription.topic, { data: '0' })
    await backend.unsubscribe(subscription)
    for (let number = 1; number <= 1_200; number++) await backend.publish(subscription.topic, { data: `${number}` })
    expect(await backend.backlog(subscription.topic)).toBe(1_200)
    expect(await backend.subscribe(subscription, QUEUE_DEFAULTS)).toEqual(ref)
    expect(await backend.backlog(subscription.topic)).toBe(0)
    const jobs = await backend.peek(ref, { offset: 0, limit: 2_000 })
    expect(jobs.map(({ data }) => Number(data))).toEqual(Array.from({ length: 1_201 }, (_, number) => number))
    expect(await backend.topics()).toContain(subscription.topic)
  })
})
