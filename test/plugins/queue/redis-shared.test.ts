// Several engines on one Redis: what has to hold over all of them, and what happens when one of them dies.
import { randomUUID } from 'node:crypto'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Clock } from '../../../base/time/clock.ts'
import { MAX_SET_ASIDE, type Outcome } from '../../../plugins/queue/adapters/backend.ts'
import type { QueueSettings } from '../../../plugins/queue/settings.ts'
import { lacks } from '../../support/needs.ts'
import { DONE, FAILED, Gate, queueRun, type QueueRun } from './backend-run.ts'
import { redisEngine, sharedServer, type RedisEngine } from './redis-engines.ts'

const LEASE_MS = 300

type Run = Omit<QueueRun, 'backend'> & RedisEngine

describe.skipIf(lacks('redis-server'))('engines on one Redis (needs redis-server)', () => {
  const shared = sharedServer({ args: ['--appendfsync', 'everysec'] })

  /** The same queue on several engines. */
  const runs = async (count: number, settings: Partial<QueueSettings> = {}, leases: readonly number[] = []) => {
    const name = `q-${randomUUID()}`
    const found: Run[] = []
    for (let index = 0; index < count; index++) {
      const engine = await redisEngine(shared.server.url, { leaseMs: leases[index] ?? LEASE_MS })
      found.push({ ...(await queueRun(engine.backend, settings, name)), ...engine })
    }
    return found as [Run, Run, Run]
  }

  test('not more than `concurrency` run at a time on all of them together', async () => {
    const [one, two, three] = await runs(3, { concurrency: 6 })
    const all = [one, two, three]
    let running = 0
    let most = 0
    let done = 0
    for (const run of all) {
      await run.consume(async () => {
        most = Math.max(most, ++running)
        await new Promise((resolve) => setTimeout(resolve, 2))
        running--
        done++
        return DONE
      })
    }
    await one.put(...Array.from({ length: 200 }, (_, index) => index))
    await Promise.all(all.map(({ settled }) => settled.take(1)))
    await two.put(...Array.from({ length: 100 }, (_, index) => index))
    await expect.poll(() => done, { timeout: 10_000 }).toBe(300)
    expect(most).toBe(6)
  })

  test('a slot that becomes free on one engine is taken by another one', async () => {
    const [one, two] = await runs(2, { concurrency: 1 })
    const gate = new Gate()
    await one.put('first', 'second')
    const consumption = await one.consume(() => gate.pass())
    await one.begun.take(1)
    await two.consume()
    const stopped = consumption.stop(5_000)
    gate.open()
    await stopped
    expect(await two.begun.take(1)).toEqual(['second'])
  })

  test('a rate limit holds on all of them together', async () => {
    const perMs = 200
    const [one, two] = await runs(2, { rateLimit: { max: 3, perMs }, concurrency: 10 })
    const times: number[] = []
    const note = () => (times.push(Date.now()), DONE)
    await one.put(1, 2, 3)
    const first = await one.consume(note)
    await one.settled.take(3)
    await first.stop(1_000)
    await two.consume(note)
    await two.put(4, 5, 6, 7)
    await two.settled.take(4)
    // What the server counts is when it gives out a job; on its way to an engine some milliseconds may pass.
    for (let at = 3; at < 7; at++) expect(times[at]! - times[at - 3]!).toBeGreaterThanOrEqual(perMs * 0.8)
  })

  test('a group of a fifo queue has one job at a time on all of them together, in order', async () => {
    const [one, two, three] = await runs(3, { type: 'fifo', concurrency: 6, backoffMs: 1 })
    const groups = ['a', 'b', 'c', 'd', 'e:f']
    const running = new Set<string>()
    const order = new Map<string, number[]>(groups.map((group) => [group, []]))
    const failed = new Set<string>()
    for (const run of [one, two, three]) {
      await run.consume(async ({ group, number }: { group: string; number: number }): Promise<Outcome> => {
        expect(running.has(group)).toBe(false)
        running.add(group)
        await new Promise((resolve) => setImmediate(resolve))
        running.delete(group)
        const name = `${group} ${number}`
        if (number % 7 === 3 && !failed.has(name)) return (failed.add(name), FAILED)
        order.get(group)!.push(number)
        return DONE
      })
    }
    for (let number = 0; number < 30; number++) {
      for (const group of groups) await [one, two, three][number % 3]!.putWith({ group, number }, { group })
    }
    const numbers = Array.from({ length: 30 }, (_, number) => number)
    await expect.poll(() => [...order.values()].every((done) => done.length === 30), { timeout: 10_000 }).toBe(true)
    for (const done of order.values()) expect(done).toEqual(numbers)
  })

  test('what a dead engine had in hand is delivered by another one when its lease has ended', async () => {
    const [one, two] = await runs(2, { concurrency: 3 })
    await one.put('runs', 'waits for its function', 'next')
    await one.consume(async (payload, delivery) => {
      if (payload === 'waits for its function') delivery.setAside()
      return new Promise<Outcome>(() => {})
    })
    await one.begun.take(3)
    await two.consume()
    await expect.poll(async () => (await two.backend.stats(two.queue)).active).toBe(3)
    await one.kill()
    const ends = await two.settled.take(3)
    expect(ends.map(({ data, how, job }) => [data, how.kind, job.attempts])).toEqual([
      ['runs', 'done', 0],
      ['waits for its function', 'done', 0],
      ['next', 'done', 0],
    ])
    expect(await two.backend.stats(two.queue)).toMatchObject({ waiting: 0, active: 0 })
  })

  test('the group of a dead engine goes on where it was', async () => {
    const [one, two] = await runs(2, { type: 'fifo' })
    for (const payload of ['a0', 'a1', 'a2']) await one.putWith(payload, { group: 'a' })
    await one.consume(() => new Promise<Outcome>(() => {}))
    await one.begun.take(1)
    await one.kill()
    await two.consume()
    expect((await two.settled.take(3)).map(({ data }) => data)).toEqual(['a0', 'a1', 'a2'])
  })

  test('a slow handler is not run twice: its engine renews the lease', async () => {
    const [one, two] = await runs(2)
    const gate = new Gate()
    await one.put('slow')
    await one.consume(() => gate.pass())
    await one.begun.take(1)
    await two.consume()
    // Of an engine that dies meanwhile the lease ends, and is seen to end.
    const [third] = await runs(1)
    await third.put('of the dead one')
    await third.consume(() => new Promise<Outcome>(() => {}))
    await third.begun.take(1)
    await third.kill()
    const watcher = await queueRun(two.backend, {}, third.queue.name)
    await watcher.consume()
    await watcher.settled.take(1)
    gate.open()
    expect((await one.settled.take(1))[0]!.how).toEqual({ kind: 'done' })
    expect(two.begun.items).toEqual([])
  })

  test('what an engine says of a job that another one has by now is dropped, and told as lost', async () => {
    const [one, two] = await runs(2, { concurrency: 2 }, [60_000, LEASE_MS])
    const gates = { done: new Gate(), failed: new Gate() }
    await one.put('done', 'failed')
    await one.consume(async (payload: keyof typeof gates) => gates[payload].pass(payload === 'done' ? DONE : FAILED))
    await one.begun.take(2)
    // As if the engine had not been able to renew its lease.
    const client = shared.server.client()
    await client.zadd('queue::engines', 1, one.backend.engine)
    const again = new Gate()
    await two.consume(() => again.pass())
    await two.begun.take(2)
    gates.done.open()
    gates.failed.open()
    expect((await one.settled.take(2)).map(({ how }) => how)).toEqual([{ kind: 'lost' }, { kind: 'lost' }])
    expect(await two.backend.stats(two.queue)).toMatchObject({ active: 2, waiting: 0, delayed: 0 })
    again.open()
    expect((await two.settled.take(2)).map(({ how, job }) => [how.kind, job.attempts])).toEqual([
      ['done', 0],
      ['done', 0],
    ])
  })

  test('whoever wants a slot back gets the next one that is free, on whichever engine', async () => {
    const [one, two] = await runs(2, { concurrency: 1 })
    const aside = new Gate()
    const blocks = new Gate()
    await one.put('waits')
    await one.consume(async (payload, delivery) => {
      if (payload !== 'waits') return DONE
      delivery.setAside()
      await aside.pass()
      await delivery.takeUp()
      return DONE
    })
    await one.begun.take(1)
    // What comes now is for the other one.
    await one.declare({ concurrency: 0 })
    await two.put('blocks', 'later')
    const later = new Gate()
    await two.consume((payload) => (payload === 'blocks' ? blocks.pass() : later.pass()))
    await two.begun.take(1)
    await one.declare({ concurrency: 1 })
    aside.open()
    const client = shared.server.client()
    await expect.poll(() => client.scard(`queue:n:${one.queue.key}:wanting`)).toBe(1)
    blocks.open()
    expect((await one.settled.take(1))[0]!.data).toBe('waits')
    expect(two.begun.items).toEqual(['blocks'])
    later.open()
    await expect.poll(() => [...one.begun.items, ...two.begun.items]).toContain('later')
  })

  test('many that want their slots back all get one, without waiting for the time at which an engine looks by itself', async () => {
    // Its timers never end: whoever is not woken waits for good.
    const clock: Clock = { now: () => Date.now(), passed: () => performance.now(), after: () => () => {} }
    const { backend } = await redisEngine(shared.server.url, { clock })
    const run = await queueRun(backend, { concurrency: 4 })
    const come = new Gate()
    await run.consume(async (number: number, delivery) => {
      if (number < 20) delivery.setAside()
      await come.pass()
      await delivery.takeUp()
      return DONE
    })
    await run.put(...Array.from({ length: 100 }, (_, index) => index))
    // Those behind the first 20 hold all slots.
    await run.begun.take(24)
    come.open()
    await run.settled.take(100)
  })

  test('a queue is forgotten when nothing is stored in it and no engine has it', async () => {
    const [one, two] = await runs(2)
    const client = shared.server.client()
    const keys = () => client.keys(`queue:n:${one.queue.key}:*`)
    await one.backend.retire(one.queue)
    expect(await keys()).not.toEqual([])
    await two.backend.retire(two.queue)
    expect(await keys()).toEqual([])
  })

  test('a fifo queue that becomes standard gives out what waited, by arrival', async () => {
    const [one] = await runs(1, { type: 'fifo', backoffMs: 60_000 })
    const gate = new Gate()
    for (const payload of ['a0', 'a1', 'a2']) await one.putWith(payload, { group: 'a' })
    await one.putWith('b0', { group: 'b' })
    await one.consume((payload) => (payload === 'a0' ? FAILED : payload === 'b0' ? gate.pass() : DONE))
    await one.settled.take(1)
    expect(await one.backend.stats(one.queue)).toMatchObject({ waiting: 2, active: 1, delayed: 1 })
    expect((await one.backend.peek(one.queue, { offset: 0, limit: 5 })).map(({ data }) => data)).toEqual([
      '"a1"',
      '"a2"',
    ])
    expect((await one.backend.delayed(one.queue, { offset: 0, limit: 5 })).map(({ data }) => data)).toEqual(['"a0"'])
    await one.declare({ type: 'standard' })
    await one.settled.take(3)
    expect(one.begun.items).toEqual(['a0', 'b0', 'a1', 'a2'])
    gate.open()
    await one.settled.take(4)
    expect(await one.backend.stats(one.queue)).toMatchObject({ waiting: 0, active: 0, delayed: 1 })
  })

  test('a limit that another engine has set holds here as well', async () => {
    const [one, two] = await runs(2)
    await two.declare({ maxJobs: 2 })
    const results = await Promise.allSettled([one.put(1), one.put(2, 3), one.put(4), one.put(5)])
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'rejected'])
    expect((results[1] as PromiseRejectedResult).reason).toMatchObject({ code: 'queue_full' })
  })

  test(`beyond ${MAX_SET_ASIDE} jobs that are set aside others keep their slots`, async () => {
    const [one] = await runs(1, { concurrency: 5 })
    const asides: boolean[] = []
    await one.consume(async (_payload, delivery) => {
      asides.push(delivery.setAside())
      return new Promise<Outcome>(() => {})
    })
    await one.put(...Array.from({ length: MAX_SET_ASIDE + 10 }, (_, index) => index))
    await one.begun.take(MAX_SET_ASIDE + 5, 10_000)
    expect(asides.filter((aside) => !aside)).toHaveLength(5)
    onTestFinished(() => one.kill())
  })
})
