// What every backend of the queue worker does. A backend that can't do something by its nature says so in `lacks`, and its own tests hold what it does
// instead.
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Backend } from '../../../plugins/queue/adapters/backend.ts'
import { within } from '../../support/deadline.ts'
import { DONE, FAILED, Gate, queueRun, RETURNED, type QueueRun } from './backend-run.ts'
import type { QueueSettings } from '../../../plugins/queue/settings.ts'

export type Lack =
  | 'peek'
  | 'delayed'
  | 'dead letters by id'
  | 'deduplication'
  | 'priority order'
  | 'growing back-off'
  | 'pause'
  | 'byte limit'
  | 'delay of a subscriber'
  | 'peek of a backlog'

export interface BackendCaseOptions {
  readonly lacks?: readonly Lack[]
}

/** Declares a test where the backend lacks nothing that it needs. */
const unlessIn =
  (lacks: readonly Lack[]) =>
  (lack: Lack) =>
  (title: string, run: () => Promise<void>): void => {
    if (!lacks.includes(lack)) test(title, run)
  }

/** @param open a backend, closed by the cases; several in one test share nothing that a queue's name does not share */
export function backendCases(
  name: string,
  open: () => Promise<Backend>,
  { lacks = [] }: BackendCaseOptions = {},
): void {
  const has = (lack: Lack): boolean => !lacks.includes(lack)
  const unlessLacking = unlessIn(lacks)
  const start = async (settings: Partial<QueueSettings> = {}): Promise<QueueRun> => {
    const backend = await open()
    onTestFinished(() => backend.close(1_000))
    return queueRun(backend, settings)
  }

  describe(name, () => {
    test('a job is delivered once with everything that it came with', async () => {
      const { putWith, consume, settled, queue, backend } = await start()
      const members = { id: 'the-id', functionId: 'f', namespace: 'n', traceparent: '00-1-2-01', baggage: 'a=b' }
      const payload = { text: 'ü "q" \u0000', list: [1, null], __proto__: undefined }
      await putWith(payload, members)
      await consume()
      const [{ data, how, job }] = (await settled.take(1)) as [any]
      expect([data, how]).toEqual([JSON.parse(JSON.stringify(payload)), { kind: 'done' }])
      expect(job).toMatchObject({ ...members, attempts: 0, history: [] })
      expect(Math.abs(job.createdAt - Date.now())).toBeLessThan(5_000)
      expect(await backend.stats(queue)).toMatchObject({ waiting: 0, active: 0, delayed: 0, dead: 0 })
    })

    test('the payload is the text that was sent', async () => {
      const { backend, queue } = await start()
      const data = ' {"b" : 1.0, "a":[ ]}'.trim()
      await backend.enqueue([{ queue, job: { id: 'x', functionId: 'f', data } }])
      const texts: string[] = []
      const got = Promise.withResolvers<void>()
      await backend.consume(queue, {
        deliver: async ({ job }) => {
          texts.push(job.data)
          got.resolve()
          return DONE
        },
      })
      await within(5_000, 'a delivery', got.promise)
      expect(texts).toEqual([data])
    })

    test('jobs start in the order in which they were stored', async () => {
      const { put, consume, begun } = await start({ concurrency: 3 })
      const payloads = Array.from({ length: 300 }, (_, index) => index)
      await put(...payloads.slice(0, 100))
      await consume()
      await Promise.all([put(...payloads.slice(100, 200)), put(...payloads.slice(200))])
      expect(await begun.take(300)).toEqual(payloads)
    })

    test('not more than `concurrency` run at a time, also after it was changed', async () => {
      const { put, consume, begun, declare } = await start({ concurrency: 2 })
      const gates = Array.from({ length: 6 }, () => new Gate())
      let running = 0
      let most = 0
      await put(0, 1, 2, 3, 4, 5)
      await consume(async (index: number) => {
        most = Math.max(most, ++running)
        const outcome = await gates[index]!.pass()
        running--
        return outcome
      })
      await begun.take(2)
      expect(running).toBe(2)
      await declare({ concurrency: 4 })
      await begun.take(4)
      for (const gate of gates) gate.open()
      await begun.take(6)
      expect(most).toBe(4)
    })

    test('a failed job comes again after its back-off, which grows, and is dead after its last attempt', async () => {
      const { put, consume, settled, queue, backend } = await start({ maxAttempts: 3, backoffMs: 40 })
      const times: number[] = []
      await put('x')
      await consume(() => {
        times.push(performance.now())
        return FAILED
      })
      const ends = await settled.take(3)
      expect(ends.map(({ how }) => how.kind)).toEqual(['retry', 'retry', 'dead'])
      const gaps = [times[1]! - times[0]!, times[2]! - times[1]!]
      expect(gaps[0]).toBeGreaterThanOrEqual(39)
      expect(gaps[1]).toBeGreaterThanOrEqual(has('growing back-off') ? 79 : 39)
      const failure = { at: expect.any(Number), code: 'boom', message: 'it broke' }
      const [dead] = await backend.deadLetters(queue, { offset: 0, limit: 10, order: 'newest' })
      expect(dead).toMatchObject({
        error: failure,
        sizeBytes: 3,
        job: { attempts: 3, history: [failure, failure, failure] },
      })
      expect(await backend.stats(queue)).toMatchObject({ waiting: 0, active: 0, delayed: 0, dead: 1 })
    })

    test('while a job of a standard queue waits for its next attempt, others go on', async () => {
      const { put, consume, begun, queue, backend } = await start({ backoffMs: 60_000, concurrency: 1 })
      await put('bad', 'good')
      await consume((payload) => (payload === 'bad' ? FAILED : DONE))
      expect(await begun.take(2)).toEqual(['bad', 'good'])
      if (has('delayed')) await expect.poll(() => backend.stats(queue)).toMatchObject({ delayed: 1 })
    })

    test('a job that is returned has used up nothing', async () => {
      const { put, consume, settled } = await start({ concurrency: 1 })
      let calls = 0
      await put('x')
      await consume(() => (++calls < 4 ? RETURNED : DONE))
      const ends = await settled.take(4)
      expect(ends.map(({ how, job }) => [how.kind, job.attempts])).toEqual([
        ['returned', 0],
        ['returned', 0],
        ['returned', 0],
        ['done', 0],
      ])
    })

    test('a job that is set aside gives its slot to others and gets one back', async () => {
      const { put, consume, begun, settled } = await start({ concurrency: 1 })
      const aside = new Gate()
      await put('waits', 'goes')
      await consume(async (payload, delivery) => {
        if (payload !== 'waits') return DONE
        expect(delivery.setAside()).toBe(true)
        await aside.pass()
        expect(await delivery.takeUp()).toBe(true)
        return DONE
      })
      expect(await begun.take(2)).toEqual(['waits', 'goes'])
      await settled.take(1)
      aside.open()
      expect((await settled.take(2)).map(({ data }) => data)).toEqual(['goes', 'waits'])
    })

    test('stopping waits for what runs; what takes longer is delivered again to the next consumer', async () => {
      const { put, consume, begun, settled, queue, backend } = await start({ concurrency: 2 })
      const quick = new Gate()
      const slow = new Gate()
      await put('quick', 'slow', 'later')
      const first = await consume((payload) => (payload === 'quick' ? quick.pass() : slow.pass()))
      await begun.take(2)
      const stopped = first.stop(200)
      quick.open()
      await within(5_000, 'the stop', stopped)
      const ends = await settled.take(2)
      expect(ends.map(({ data, how }) => [data, how.kind])).toEqual([
        ['quick', 'done'],
        ['slow', 'returned'],
      ])
      expect(await backend.stats(queue)).toMatchObject({ waiting: 2, active: 0 })
      await consume()
      expect((await begun.take(4)).slice(2)).toEqual(['slow', 'later'])
      slow.open()
      const after = await settled.take(4)
      expect(after.slice(2).map(({ how, job }) => [how.kind, job.attempts])).toEqual([
        ['done', 0],
        ['done', 0],
      ])
    })

    test('whoever waits for a slot when the consumer stops gets none', async () => {
      const { put, consume, begun } = await start({ concurrency: 1 })
      const answers: boolean[] = []
      const asked = new Gate()
      await put('x')
      const consumption = await consume(async (_payload, delivery) => {
        delivery.setAside()
        await asked.pass()
        answers.push(delivery.hasEnded, await delivery.takeUp(), delivery.hasEnded)
        return RETURNED
      })
      await begun.take(1)
      const stopped = consumption.stop(1_000)
      asked.open()
      await within(5_000, 'the stop', stopped)
      expect(answers).toEqual([true, false, true])
    })

    test('stopping ends the wait of a job that is set aside', async () => {
      const { put, consume, begun, settled, queue, backend } = await start({ concurrency: 1 })
      await put('x')
      const consumption = await consume(async (_payload, delivery) => {
        const ended = Promise.withResolvers<void>()
        delivery.setAside(true, ended.resolve)
        await ended.promise
        return (await delivery.takeUp()) ? DONE : RETURNED
      })
      await begun.take(1)
      await within(5_000, 'the stop', consumption.stop(600_000))
      expect((await settled.take(1)).map(({ how }) => how.kind)).toEqual(['returned'])
      expect(await backend.stats(queue)).toMatchObject({ waiting: 1, active: 0 })
    })

    test('a job that is to be set aside while the consumer stops is told that there is nothing to wait for', async () => {
      const { put, consume, begun, settled } = await start({ concurrency: 1 })
      const fails = new Gate()
      await put('x')
      const consumption = await consume(async (_payload, delivery) => {
        await fails.pass()
        delivery.setAside(true)
        return delivery.hasEnded && !(await delivery.takeUp()) ? RETURNED : DONE
      })
      await begun.take(1)
      const stopped = consumption.stop(600_000)
      fails.open()
      await within(5_000, 'the stop', stopped)
      expect((await settled.take(1)).map(({ how }) => how.kind)).toEqual(['returned'])
    })

    test('queues do not disturb each other', async () => {
      const blocked = await start({ concurrency: 1 })
      const other = await queueRun(blocked.backend, { concurrency: 1 })
      const gate = new Gate()
      await blocked.put('blocks')
      await blocked.consume(() => gate.pass())
      await blocked.begun.take(1)
      await other.put('passes')
      await other.consume()
      expect((await other.settled.take(1))[0]).toMatchObject({ data: 'passes' })
      gate.open()
    })

    describe('a fifo queue', () => {
      const inGroup = ({ putWith }: QueueRun, group: string | undefined, ...payloads: unknown[]) =>
        Promise.all(payloads.map((payload) => putWith(payload, group === undefined ? {} : { group })))

      test('runs the jobs of a group one after the other, and groups beside each other', async () => {
        const run = await start({ type: 'fifo', concurrency: 3 })
        const groups = ['a', 'b', 'c']
        for (let number = 0; number < 20; number++)
          for (const group of groups) await inGroup(run, group, `${group}${number}`)
        const running = new Map<string, number>()
        let most = 0
        await run.consume(async (payload: string) => {
          const group = payload[0]!
          running.set(group, (running.get(group) ?? 0) + 1)
          expect(running.get(group)).toBe(1)
          most = Math.max(
            most,
            [...running.values()].reduce((sum, count) => sum + count, 0),
          )
          await new Promise((resolve) => setImmediate(resolve))
          running.set(group, 0)
          return DONE
        })
        await run.settled.take(60)
        for (const group of groups) {
          const order = run.begun.items.filter((payload) => (payload as string).startsWith(group))
          expect(order).toEqual(Array.from({ length: 20 }, (_, number) => `${group}${number}`))
        }
        expect(most).toBe(3)
      })

      test('a group waits for the next attempt of its first job, others go on', async () => {
        const run = await start({ type: 'fifo', backoffMs: 30, concurrency: 2 })
        await inGroup(run, 'a', 'a0', 'a1')
        await inGroup(run, 'b', 'b0', 'b1')
        let failures = 0
        await run.consume((payload) => (payload === 'a0' && failures++ < 2 ? FAILED : DONE))
        await run.settled.take(6)
        const order = run.begun.items as string[]
        expect(order.filter((payload) => payload.startsWith('a'))).toEqual(['a0', 'a0', 'a0', 'a1'])
        expect(order.indexOf('b1')).toBeLessThan(order.lastIndexOf('a0'))
      })

      test('a dead job lets its group go on', async () => {
        const run = await start({ type: 'fifo', maxAttempts: 1 })
        await inGroup(run, 'a', 'bad', 'next')
        await run.consume((payload) => (payload === 'bad' ? FAILED : DONE))
        expect((await run.settled.take(2)).map(({ data, how }) => [data, how.kind])).toEqual([
          ['bad', 'dead'],
          ['next', 'done'],
        ])
      })

      test('jobs without a group are one group', async () => {
        const run = await start({ type: 'standard' })
        await inGroup(run, undefined, 0, 1, 2, 3)
        await run.declare({ type: 'fifo', concurrency: 4 })
        let running = 0
        await run.consume(async () => {
          expect(++running).toBe(1)
          await new Promise((resolve) => setImmediate(resolve))
          running--
          return DONE
        })
        await run.settled.take(4)
        expect(run.begun.items).toEqual([0, 1, 2, 3])
      })

      test('a group that is far behind many jobs of a busy one is reached', async () => {
        const run = await start({ type: 'fifo', concurrency: 2 })
        const busy = Array.from({ length: 3_000 }, (_, number) => number)
        await run.backend.enqueue(
          busy.map((number) => ({
            queue: run.queue,
            job: { id: `busy-${number}`, functionId: 'f', data: `${number}`, group: 'busy' },
          })),
        )
        await inGroup(run, 'other', 'other')
        const gate = new Gate()
        await run.consume((payload) => (payload === 0 ? gate.pass() : DONE))
        expect(await run.begun.take(2)).toEqual([0, 'other'])
        gate.open()
        await run.settled.take(3_001, 30_000)
        expect(run.begun.items.filter((payload) => payload !== 'other')).toEqual(busy)
      })
    })

    unlessLacking('priority order')('the larger priority goes first, among equals the older', async () => {
      const { putWith, consume, begun } = await start({ concurrency: 1, maxPriority: 255 })
      await putWith('low', {})
      await putWith('middle-1', { priority: 3 })
      await putWith('high', { priority: 200 })
      await putWith('middle-2', { priority: 3 })
      await consume()
      expect(await begun.take(4)).toEqual(['high', 'middle-1', 'middle-2', 'low'])
    })

    test('a delayed job is not delivered before its time', async () => {
      const { putWith, put, consume, begun, queue, backend } = await start()
      const runAt = Date.now() + 150
      await putWith('later', { runAt })
      await put('now')
      if (has('delayed')) expect(await backend.stats(queue)).toMatchObject({ waiting: 1, delayed: 1 })
      let deliveredAt = 0
      await consume((payload) => {
        if (payload === 'later') deliveredAt = Date.now()
        return DONE
      })
      expect(await begun.take(2)).toEqual(['now', 'later'])
      expect(deliveredAt).toBeGreaterThanOrEqual(runAt)
    })

    unlessLacking('delayed')('delayed jobs are listed, the next one first', async () => {
      const { putWith, backend, queue } = await start()
      const now = Date.now()
      await putWith('third', { runAt: now + 60_000 })
      await putWith('first', { runAt: now + 40_000 })
      await putWith('second', { runAt: now + 50_000 })
      const listed = await backend.delayed(queue, { offset: 1, limit: 5 })
      expect(listed.map(({ data, runAt }) => [JSON.parse(data), runAt])).toEqual([
        ['second', now + 50_000],
        ['third', now + 60_000],
      ])
    })

    test('a rate limit holds, and nothing is lost by it', async () => {
      const { put, consume, begun } = await start({ rateLimit: { max: 3, perMs: 120 }, concurrency: 10 })
      await put(...Array.from({ length: 7 }, (_, index) => index))
      // From before the first may begin: a handler that comes late itself makes the time between two of them shorter.
      const consumedAt = Date.now()
      const times: number[] = []
      await consume(() => {
        times.push(Date.now() - consumedAt)
        return DONE
      })
      await begun.take(7)
      expect(begun.items).toEqual([0, 1, 2, 3, 4, 5, 6])
      expect(times[3]).toBeGreaterThanOrEqual(119)
      expect(times[6]).toBeGreaterThanOrEqual(239)
    })

    unlessLacking('deduplication')('a key stands for one job as long as its window', async () => {
      const { putWith, queue, backend } = await start()
      const first = await putWith(1, { dedup: { key: 'k', windowMs: 60_000 } })
      const again = await putWith(2, { dedup: { key: 'k', windowMs: 60_000 } })
      const other = await putWith(3, { dedup: { key: 'other', windowMs: 1 } })
      expect([first.stored, again, other.stored]).toEqual([true, { stored: false, id: first.id }, true])
      await new Promise((resolve) => setTimeout(resolve, 3))
      expect((await putWith(4, { dedup: { key: 'other', windowMs: 1 } })).stored).toBe(true)
      expect((await backend.stats(queue)).waiting).toBe(3)
    })

    test('a full queue refuses all of a batch, and takes jobs again when there is room', async () => {
      const { put, consume, settled, queue, backend } = await start({ maxJobs: 3, maxAttempts: 1 })
      await put(1, 2)
      await expect(put(3, 4)).rejects.toMatchObject({
        code: 'queue_full',
        message: expect.stringContaining('max_jobs allows 3'),
      })
      await put(3)
      await expect(put(4)).rejects.toMatchObject({ code: 'queue_full' })
      await consume((payload) => (payload === 2 ? FAILED : DONE))
      await settled.take(3)
      // The dead letter takes up room.
      await put(4, 5)
      await settled.take(5)
      await backend.discard(queue, 'all')
      await put(6, 7, 8)
      await settled.take(8)
    })

    unlessLacking('byte limit')('the bytes of a queue are limited as well', async () => {
      const { put } = await start({ maxBytes: 10 })
      await put('12345')
      await expect(put('123')).rejects.toMatchObject({
        code: 'queue_full',
        message: expect.stringContaining('max_bytes allows 10'),
      })
      await put('1')
    })

    unlessLacking('pause')('a paused queue takes jobs and gives none out', async () => {
      const { put, consume, begun, queue, backend, settled } = await start({ concurrency: 1 })
      const gate = new Gate()
      await put('runs', 'waits')
      await consume((payload) => (payload === 'runs' ? gate.pass() : DONE))
      await begun.take(1)
      await backend.setPaused(queue, true)
      gate.open()
      await settled.take(1)
      await put('waits too')
      expect(await backend.stats(queue)).toMatchObject({ paused: true, waiting: 2, active: 0 })
      expect(begun.items).toEqual(['runs'])
      await backend.setPaused(queue, false)
      expect(await begun.take(3)).toEqual(['runs', 'waits', 'waits too'])
    })

    unlessLacking('peek')('what is next can be looked at', async () => {
      const { put, putWith, consume, begun, queue, backend } = await start({ concurrency: 1 })
      await put('active', 'a', 'b', 'c')
      await putWith('delayed', { runAt: Date.now() + 60_000 })
      const gate = new Gate()
      await consume(() => gate.pass())
      await begun.take(1)
      const peeked = await backend.peek(queue, { offset: 1, limit: 5 })
      expect(peeked.map(({ data }) => JSON.parse(data))).toEqual(['b', 'c'])
      expect(await backend.stats(queue)).toMatchObject({ waiting: 3, active: 1 })
      gate.open()
    })

    describe('dead letters', () => {
      const dead = async (...payloads: unknown[]): Promise<QueueRun & { fails: { now: boolean } }> => {
        const run = await start({ maxAttempts: 1, concurrency: 1 })
        const fails = { now: true }
        await run.put(...payloads)
        await run.consume(() => (fails.now ? FAILED : DONE))
        await run.settled.take(payloads.length)
        return { ...run, fails }
      }
      const listed = async (
        { backend, queue }: QueueRun,
        order: 'newest' | 'oldest' = 'newest',
        page = { offset: 0, limit: 50 },
      ) => (await backend.deadLetters(queue, { ...page, order })).map(({ job }) => JSON.parse(job.data) as unknown)

      test('are listed by their failure, in pages', async () => {
        const run = await dead(1, 2, 3, 4, 5)
        expect(await listed(run)).toEqual([5, 4, 3, 2, 1])
        expect(await listed(run, 'newest', { offset: 1, limit: 2 })).toEqual([4, 3])
        expect(await listed(run, 'oldest', { offset: 3, limit: 50 })).toEqual([4, 5])
      })

      test('one is found by its id', async () => {
        const run = await dead(1, 2, 3)
        const { job } = run.settled.items.find(({ data }) => data === 2)!
        expect(await run.backend.deadLetter(run.queue, job.id)).toMatchObject({
          job: { id: job.id, data: '2' },
          sizeBytes: 1,
        })
        expect(await run.backend.deadLetter(run.queue, 'nobody')).toBeUndefined()
        expect(await listed(run)).toEqual([3, 2, 1])
      })

      test('all are put back in their order, with the same id and no attempts', async () => {
        const run = await dead(1, 2, 3)
        const ids = run.settled.items.map(({ job }) => job.id)
        run.fails.now = false
        expect(await run.backend.redrive(run.queue, 'all')).toBe(3)
        const again = (await run.settled.take(6)).slice(3)
        expect(again.map(({ data, job, how }) => [data, job.id, job.attempts, how.kind])).toEqual(
          [1, 2, 3].map((payload, index) => [payload, ids[index], 0, 'done']),
        )
        expect(await listed(run)).toEqual([])
        expect(await run.backend.redrive(run.queue, 'all')).toBe(0)
      })

      test('what fails again comes back under the same id', async () => {
        const run = await dead('x')
        const { id } = run.settled.items[0]!.job
        expect(await run.backend.redrive(run.queue, 'all')).toBe(1)
        await run.settled.take(2)
        const [letter] = await run.backend.deadLetters(run.queue, { offset: 0, limit: 5, order: 'newest' })
        expect(letter).toMatchObject({ job: { id, attempts: 1 } })
      })

      unlessLacking('dead letters by id')('some are put back or discarded by id, wherever they stand', async () => {
        const run = await dead(1, 2, 3, 4)
        const [one, , three, four] = run.settled.items.map(({ job }) => job.id)
        run.fails.now = false
        expect(await run.backend.redrive(run.queue, { ids: ['unknown'] })).toBe(0)
        expect(await run.backend.redrive(run.queue, { ids: [one!, 'unknown'] })).toBe(1)
        expect((await run.settled.take(5))[4]).toMatchObject({ data: 1, how: { kind: 'done' } })
        expect(await run.backend.discard(run.queue, { ids: [three!, four!] })).toBe(2)
        expect(await listed(run)).toEqual([2])
        expect(await run.backend.stats(run.queue)).toMatchObject({ waiting: 0, active: 0, dead: 1 })
      })

      test('all are discarded', async () => {
        const run = await dead(1, 2, 3)
        expect(await run.backend.discard(run.queue, 'all')).toBe(3)
        expect(await listed(run)).toEqual([])
        expect(run.begun.items).toHaveLength(3)
      })
    })

    topicCases(start, unlessLacking)

    test('what is not known has zeros and nothing in it', async () => {
      const { backend } = await start()
      const queue = { kind: 'named', key: '__fn_queue::unknown', name: 'unknown' } as const
      expect(await backend.stats(queue)).toMatchObject({ waiting: 0, active: 0, delayed: 0, dead: 0, paused: false })
      expect(await backend.deadLetters(queue, { offset: 0, limit: 5, order: 'newest' })).toEqual([])
      expect([await backend.redrive(queue, 'all'), await backend.discard(queue, 'all')]).toEqual([0, 0])
    })

    test('a retired queue keeps its jobs until it is declared again', async () => {
      const { backend, queue, put, declare, consume, begun } = await start()
      await put('kept')
      await backend.retire(queue)
      await declare({})
      await consume()
      expect(await begun.take(1)).toEqual(['kept'])
    })

    test('declared queues are listed, empty retired ones are not', async () => {
      const { backend, queue } = await start()
      const keys = async () => (await backend.queues()).map(({ key }) => key)
      expect(await keys()).toContain(queue.key)
      await backend.retire(queue)
      expect(await keys()).not.toContain(queue.key)
    })
  })
}

function topicCases(start: () => Promise<QueueRun>, unlessLacking: ReturnType<typeof unlessIn>): void {
  describe('topics', () => {
    const scene = async () => {
      const { backend, queue } = await start()
      // Topics of one test are told from those of others on the same server by the queue's name.
      const topic = `topic-${queue.name}`
      const { QUEUE_DEFAULTS } = await import('../../../plugins/queue/settings.ts')
      const subscribe = (functionId: string, more: Partial<QueueSettings> = {}) =>
        backend.subscribe({ topic, functionId, namespace: 'default' }, { ...QUEUE_DEFAULTS, maxAttempts: 1, ...more })
      const publish = (payload: unknown) => backend.publish(topic, { data: JSON.stringify(payload) })
      const take = async (ref: Awaited<ReturnType<typeof subscribe>>, count: number, outcome = DONE) => {
        const got: unknown[] = []
        const enough = Promise.withResolvers<void>()
        const consumption = await backend.consume(ref, {
          async deliver({ job }) {
            got.push(JSON.parse(job.data))
            return outcome
          },
          settled: () => void (got.length >= count && enough.resolve()),
        })
        await within(5_000, `${count} messages`, enough.promise)
        await consumption.stop(1_000)
        return got
      }
      return { backend, topic, subscribe, publish, take }
    }

    test('each subscription gets a copy', async () => {
      const { subscribe, publish, take } = await scene()
      const [a, b] = [await subscribe('a'), await subscribe('b')]
      expect(await publish(1)).toBe(2)
      expect(await publish(2)).toBe(2)
      expect([await take(a, 2), await take(b, 2)]).toEqual([
        [1, 2],
        [1, 2],
      ])
    })

    test('the same subscription again is the same queue', async () => {
      const { subscribe, publish, backend, topic } = await scene()
      expect(await subscribe('a')).toEqual(await subscribe('a'))
      expect(await publish(1)).toBe(1)
      expect((await backend.subscriptions(topic)).map(({ functionId }) => functionId)).toEqual(['a'])
    })

    test('what nobody was subscribed to goes to the first who subscribes', async () => {
      const { subscribe, publish, take, backend, topic } = await scene()
      expect(await publish('early')).toBe(1)
      expect(await backend.backlog(topic)).toBe(1)
      expect(await backend.topics()).toContain(topic)
      const a = await subscribe('a')
      const b = await subscribe('b')
      await publish('late')
      expect(await take(a, 2)).toEqual(['early', 'late'])
      expect(await take(b, 1)).toEqual(['late'])
      expect(await backend.backlog(topic)).toBe(0)
    })

    unlessLacking('peek of a backlog')('what nobody is subscribed to can be looked at', async () => {
      const { publish, backend, topic } = await scene()
      for (const payload of [1, 2, 3]) await publish(payload)
      const shown = async (offset: number, limit: number) =>
        (await backend.peekBacklog(topic, { offset, limit })).map(({ data }) => JSON.parse(data))
      expect(await shown(0, 10)).toEqual([1, 2, 3])
      expect(await shown(1, 1)).toEqual([2])
      expect(await backend.peekBacklog('nobody knows', { offset: 0, limit: 10 })).toEqual([])
      expect(await backend.backlog(topic)).toBe(3)
    })

    test('whoever has unsubscribed gets no more copies', async () => {
      const { subscribe, publish, take, backend, topic } = await scene()
      const a = await subscribe('a')
      await subscribe('b')
      await backend.unsubscribe({ topic, functionId: 'b', namespace: 'default' })
      expect(await publish(1)).toBe(1)
      expect(await take(a, 1)).toEqual([1])
      expect((await backend.subscriptions(topic)).map(({ functionId }) => functionId)).toEqual(['a'])
    })

    unlessLacking('delay of a subscriber')(
      'each copy is delayed as its subscription says, unless its publisher does',
      async () => {
        const { subscribe, publish, take, backend, topic } = await scene()
        const [a, b] = [await subscribe('a', { delayMs: 600_000 }), await subscribe('b')]
        expect(await publish('x')).toBe(2)
        expect(await take(b, 1)).toEqual(['x'])
        expect(await backend.stats(a)).toMatchObject({ waiting: 0, delayed: 1 })
        await backend.publish(topic, { data: '"now"', runAt: 1 })
        expect(await take(a, 1)).toEqual(['now'])
      },
    )

    test('a copy that fails is a dead letter of its own subscription', async () => {
      const { subscribe, publish, take, backend } = await scene()
      const [a, b] = [await subscribe('a'), await subscribe('b')]
      await publish('x')
      await take(a, 1, FAILED as typeof DONE)
      await take(b, 1)
      expect([(await backend.stats(a)).dead, (await backend.stats(b)).dead]).toEqual([1, 0])
    })
  })
}
