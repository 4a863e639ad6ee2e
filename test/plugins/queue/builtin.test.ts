// The built-in backend: the cases of all backends, and what only a store of its own has: what is in it after a restart.
import { expect, onTestFinished, test, vi } from 'vitest'
import { BuiltinBackend } from '../../../plugins/queue/adapters/builtin/builtin-backend.ts'
import { openJobFile, openJobMemory } from '../../../plugins/queue/adapters/builtin/job-database.ts'
import { namedQueue } from '../../../plugins/queue/adapters/backend.ts'
import { QUEUE_DEFAULTS } from '../../../plugins/queue/settings.ts'
import { collectingLog } from '../../support/collecting-log.ts'
import { tempFolder } from '../../support/temp-folder.ts'
import { backendCases } from './backend-cases.ts'
import { DONE, FAILED, Gate, queueRun } from './backend-run.ts'

function openIn(folder: string): BuiltinBackend {
  const log = collectingLog()
  return new BuiltinBackend({ store: openJobFile({ folder, log }), log })
}

backendCases('builtin in memory', async () => {
  const log = collectingLog()
  return new BuiltinBackend({ store: openJobMemory({ log }), log })
})

backendCases('builtin on disk', async () => openIn(tempFolder()))

test('everything is there again after a restart: what ran is waiting, what was delayed keeps its time', async () => {
  const folder = tempFolder()
  const first = await queueRun(openIn(folder), { maxAttempts: 2, concurrency: 1 }, 'q')
  const gate = new Gate()
  const runAt = Date.now() + 60_000
  await first.put('dies')
  const dying = await first.consume(() => FAILED)
  await first.settled.take(2)
  await dying.stop(1_000)
  await first.put('runs', 'waits')
  await first.putWith('urgent', { priority: 9 })
  await first.putWith('later', { runAt, namespace: 'n', group: 'g' })
  await first.consume(() => gate.pass())
  await first.begun.take(3)
  await first.backend.setPaused(first.queue, true)
  await first.backend.close(0)

  const second = await queueRun(openIn(folder), { concurrency: 1 }, 'q')
  onTestFinished(() => second.backend.close(0))
  expect(await second.backend.stats(second.queue)).toMatchObject({
    waiting: 3,
    active: 0,
    delayed: 1,
    dead: 1,
    paused: true,
  })
  const [delayed] = await second.backend.delayed(second.queue, { offset: 0, limit: 5 })
  expect(delayed).toMatchObject({ runAt, namespace: 'n', group: 'g', attempts: 0 })
  await second.backend.setPaused(second.queue, false)
  await second.consume()
  expect(await second.begun.take(3)).toEqual(['urgent', 'runs', 'waits'])
  await second.backend.redrive(second.queue, 'all')
  expect((await second.settled.take(4))[3]).toMatchObject({ data: 'dies', job: { attempts: 0, history: [{}, {}] } })
})

test('a job that has failed keeps its attempts and its place in its group over a restart', async () => {
  const folder = tempFolder()
  const settings = { type: 'fifo', messageGroupField: 'g', backoffMs: 200 } as const
  const first = await queueRun(openIn(folder), settings, 'q')
  await first.putWith('first', { group: 'a' })
  await first.putWith('second', { group: 'a' })
  await first.consume(() => FAILED)
  await first.settled.take(1)
  await first.backend.close(0)

  const second = await queueRun(openIn(folder), settings, 'q')
  onTestFinished(() => second.backend.close(0))
  await second.consume()
  const ends = await second.settled.take(2)
  expect(ends.map(({ data, job }) => [data, job.attempts])).toEqual([
    ['first', 1],
    ['second', 0],
  ])
})

test('subscriptions and the backlog of a topic are remembered', async () => {
  const folder = tempFolder()
  const a = { topic: 't', functionId: 'a', namespace: 'n' }
  const first = openIn(folder)
  await first.subscribe(a, QUEUE_DEFAULTS)
  await first.publish('u', { data: '1' })
  await first.close(0)
  const second = openIn(folder)
  onTestFinished(() => second.close(0))
  expect(await second.subscriptions()).toEqual([{ ...a, queue: { kind: 'subscription', key: 't::a@n', name: 't' } }])
  expect(await second.publish('t', { data: '2' })).toBe(1)
  const ref = await second.subscribe({ topic: 'u', functionId: 'b', namespace: 'default' }, QUEUE_DEFAULTS)
  expect((await second.stats(ref)).waiting).toBe(1)
})

test('a subscriber that is away is published to by its settings, also after a restart', async () => {
  const folder = tempFolder()
  const limited = { topic: 't', functionId: 'a', namespace: 'default' }
  const first = openIn(folder)
  await first.subscribe(limited, { ...QUEUE_DEFAULTS, maxJobs: 1 })
  await first.subscribe(limited, { ...QUEUE_DEFAULTS, maxJobs: 2 })
  await first.subscribe({ ...limited, topic: 'u' }, { ...QUEUE_DEFAULTS, delayMs: 60_000 })
  await first.publish('t', { data: '1' })
  await first.close(0)
  const second = openIn(folder)
  onTestFinished(() => second.close(0))
  await second.publish('t', { data: '2' })
  await expect(second.publish('t', { data: '3' })).rejects.toMatchObject({ code: 'queue_full' })
  await second.publish('u', { data: '4' })
  const [delayed] = await second.subscriptions('u')
  expect(await second.stats(delayed!.queue)).toMatchObject({ waiting: 0, delayed: 1 })
})

test('a deduplication key outlives a restart', async () => {
  const folder = tempFolder()
  const dedup = { key: 'k', windowMs: 60_000 }
  const first = await queueRun(openIn(folder), {}, 'q')
  const { id } = await first.putWith(1, { dedup })
  await first.backend.close(0)
  const second = await queueRun(openIn(folder), {}, 'q')
  onTestFinished(() => second.backend.close(0))
  expect(await second.putWith(2, { dedup })).toEqual({ stored: false, id })
})

test('two engines can not have the same folder', () => {
  const folder = tempFolder()
  const first = openIn(folder)
  onTestFinished(() => first.close(0))
  expect(() => openIn(folder)).toThrow(/in use|another engine/i)
})

test('what was returned comes before what waits, in its old order', async () => {
  const backend = openIn(tempFolder())
  onTestFinished(() => backend.close(0))
  const run = await queueRun(backend, { concurrency: 3 })
  await run.put(1, 2, 3, 4)
  let returns = 3
  const gate = new Gate()
  await run.consume(async (_payload, _delivery) => {
    if (returns-- > 0) return gate.pass({ kind: 'returned' })
    return DONE
  })
  await run.begun.take(3)
  gate.open()
  expect((await run.begun.take(7)).slice(3)).toEqual([1, 2, 3, 4])
})

test('a queue name of a subscription and of a named queue may be the same', async () => {
  const backend = openIn(tempFolder())
  onTestFinished(() => backend.close(0))
  await backend.declare(namedQueue('f@default'), QUEUE_DEFAULTS)
  const ref = await backend.subscribe({ topic: '__fn_queue', functionId: 'f', namespace: 'default' }, QUEUE_DEFAULTS)
  expect(ref.key).toBe(namedQueue('f@default').key)
  await backend.publish('__fn_queue', { data: '1' })
  expect([(await backend.stats(ref)).waiting, (await backend.stats(namedQueue('f@default'))).waiting]).toEqual([1, 0])
})

test('a baggage that names nothing but the function is there again after a restart, as any other', async () => {
  const folder = tempFolder()
  const baggages = ['iii.function.id=test::f', 'iii.function.id=test::g', 'a=b,iii.function.id=test::f', undefined]
  const first = await queueRun(openIn(folder), {}, 'q')
  for (const baggage of baggages) await first.putWith(1, { baggage })
  await first.putWith(1, {
    baggage: baggages[0],
    namespace: 'n',
    traceparent: 't',
    group: 'g',
    runAt: Date.now() + 60_000,
  })
  await first.backend.close(0)
  const second = await queueRun(openIn(folder), {}, 'q')
  onTestFinished(() => second.backend.close(0))
  const jobs = await second.backend.peek(second.queue, { offset: 0, limit: 9 })
  expect(jobs.map(({ baggage }) => baggage)).toEqual(baggages)
  const [delayed] = await second.backend.delayed(second.queue, { offset: 0, limit: 9 })
  expect(delayed).toMatchObject({ baggage: baggages[0], namespace: 'n', traceparent: 't', group: 'g' })
})

/** A backend in memory, with what each of its commits has done. */
function watchedBackend() {
  const log = collectingLog()
  const store = openJobMemory({ log })
  const commits: { readonly lazy: boolean; readonly withinMs: number }[] = []
  const run: typeof store.run = (operation, options = {}) => {
    commits.push({ lazy: options.lazy ?? false, withinMs: options.withinMs ?? 0 })
    return store.run(operation, options)
  }
  const backend = new BuiltinBackend({ store: { ...store, run }, log })
  onTestFinished(() => backend.close(0))
  return { backend, store, commits }
}

test('jobs that are done leave the store in the commit of what is stored meanwhile', async () => {
  // No time passes that they would wait at most.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  const { backend, store } = watchedBackend()
  const run = await queueRun(backend, { concurrency: 10 })
  const gate = new Gate()
  await run.consume((payload) => (payload === 'later' ? gate.pass() : DONE))
  const rows = store.database.prepare('SELECT count(*) AS count FROM waiting')
  const counts: unknown[] = []
  await run.put(1, 2, 3)
  await run.begun.take(3)
  // The answers are in; nothing has been written yet.
  counts.push(rows.get()?.['count'])
  await run.put('later')
  counts.push(rows.get()?.['count'])
  expect(counts).toEqual([3, 1])
  gate.open()
  await vi.advanceTimersByTimeAsync(2)
  expect(rows.get()?.['count']).toBe(0)
})

test('what must not come back after a loss of power waits for the disk: failures, dead letters, jobs. What is done does not', async () => {
  const { backend, commits } = watchedBackend()
  const run = await queueRun(backend, { maxAttempts: 2, backoffMs: 1 })
  const fifo = await queueRun(backend, { type: 'fifo' })
  const ended = async (of: typeof run, payload: unknown, outcome: typeof DONE, count: number): Promise<object[]> => {
    const consumption = await of.consume(() => outcome)
    commits.length = 0
    await of.put(payload)
    await of.settled.take(count)
    await consumption.stop(1_000)
    return [...commits]
  }
  expect(await ended(run, 'done', DONE, 1)).toEqual([
    { lazy: false, withinMs: 0 },
    { lazy: true, withinMs: 2 },
  ])
  // Stored, tried, dead.
  expect(await ended(run, 'dies', FAILED, 3)).toEqual(Array.from({ length: 3 }, () => ({ lazy: false, withinMs: 0 })))
  // The next one of the group waits for it.
  expect(await ended(fifo, 'done', DONE, 1)).toEqual([
    { lazy: false, withinMs: 0 },
    { lazy: true, withinMs: 0 },
  ])
})
