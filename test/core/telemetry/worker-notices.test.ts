// What the log and the events say of workers that come and go.
import { expect, test, vi } from 'vitest'
import { collectingLog } from '../../support/collecting-log.ts'
import { RawClient } from '../../support/raw-client.ts'
import { sessionAnswer } from '../../support/session-rights.ts'
import { startCore, type TestCore } from '../../support/test-core.ts'
import { CodedError } from '../../../protocol/errors.ts'
import { EngineEvents } from '../../../core/telemetry/engine-events.ts'
import { WorkerNotices } from '../../../core/telemetry/worker-notices.ts'
import { ManualClock } from '../host/manual-clock.ts'
import { makeWorker } from '../router/calls.ts'
import type { Worker } from '../../../core/model/worker.ts'

/** Waits for a line of the log, and gives it. */
async function logged(core: TestCore, message: string): Promise<Record<string, unknown>> {
  const find = () => core.logged('info').find(({ msg }) => msg === message)
  await expect.poll(find, { timeout: 5_000 }).toBeDefined()
  return find() as unknown as Record<string, unknown>
}

function events(core: TestCore): Record<string, unknown>[] {
  const { entries } = core.core.engineTelemetry.events.tail.read({ limit: 1_000, matches: () => true })
  return entries.map((json) => JSON.parse(json) as Record<string, unknown>)
}

test('a worker that connects, registers, and leaves is a line each', async () => {
  const core = await startCore()
  const client = await core.connect({ name: 'images' })
  expect(await logged(core, "worker 'images' connected")).toMatchObject({
    worker: 'images',
    worker_id: client.workerId,
    runtime: 'node 0.22.1',
    listener: 'iii-worker-manager',
    ip: '127.0.0.1',
  })
  for (const id of ['images::cut', 'images::turn']) client.provide(id)
  expect(await logged(core, "worker 'images' registered its first functions")).toMatchObject({
    functions: 2,
    ids: ['images::cut', 'images::turn'],
  })
  await client.close()
  await logged(core, "worker 'images' left")
  expect(events(core).map(({ event }) => event)).toEqual(['worker_connected', 'functions_registered', 'worker_left'])
})

test('how long a worker was there is told whatever the clock of the system is set to', async () => {
  const core = await startCore()
  const client = await core.connect({ name: 'images' })
  await logged(core, "worker 'images' connected")
  const now = Date.now.bind(Date)
  vi.spyOn(Date, 'now').mockImplementation(() => now() - 3_600_000)
  await client.close()
  expect(await logged(core, "worker 'images' left")).toMatchObject({ seconds: 0 })
})

test('a worker whose connection breaks is lost', async () => {
  const core = await startCore()
  const client = await core.connect({ name: 'images' })
  client.socket.terminate()
  expect(await logged(core, "worker 'images' was lost")).toMatchObject({ worker: 'images' })
})

test('a worker that never says who it is, but registers, is told of by its id; one that only calls is not', async () => {
  const core = await startCore()
  const caller = await core.connect({ name: null })
  await caller.call('engine::health::check')
  await caller.close()
  const client = await core.connect({ name: null })
  client.provide('nameless::f')
  await logged(core, `worker '${client.workerId}' connected`)
  await logged(core, `worker '${client.workerId}' registered its first functions`)
  expect(core.logged('info')).toHaveLength(2)
})

test('a worker that may not connect is told of with the reason', async () => {
  const core = await startCore({
    listeners: [{ rbac: {} }],
    prepare: (host) =>
      host.seat('session-policy', ({ headers }: any) => {
        if (headers['x-token'] !== 'good') throw new CodedError('AUTH_ERROR', 'the token is wrong')
        return sessionAnswer()
      }),
  })
  await new RawClient(`${core.url()}/`, { headers: { 'X-Token': 'bad' } }).closed
  expect(await logged(core, 'a worker was refused')).toMatchObject({
    reason: 'the token is wrong',
    listener: 'iii-worker-manager',
    ip: '127.0.0.1',
  })
  expect(events(core)).toEqual([expect.objectContaining({ event: 'worker_refused' })])
})

test('a worker whose name is taken is told of as well', async () => {
  const core = await startCore({ engine: { duplicate_workers: 'reject' } })
  await core.connect({ name: 'images' })
  const second = await core.connect({ name: null })
  await second.call('engine::workers::register', { runtime: 'node', version: '0.23.0', name: 'images' })
  expect(await logged(core, "worker 'images' was refused")).toMatchObject({ reason: 'another worker has its name' })
})

test('a thousand workers at once are a few lines, and an event each', async () => {
  const core = await startCore()
  const workers = await Promise.all(Array.from({ length: 50 }, (_, n) => core.connect({ name: `w${n}` })))
  const log = collectingLog()
  const engineEvents = new EngineEvents()
  const clock = new ManualClock()
  const notices = new WorkerNotices(log, engineEvents, clock)
  for (let round = 0; round < 20; round++) {
    for (const { workerId } of workers) {
      const worker = core.core.router.workers.get(workerId)!
      notices.announced(worker)
      notices.provided(worker, 'w::f')
      notices.ended(worker, true)
    }
  }
  clock.move(10_000)
  expect(log.lines).toHaveLength(3 * 6)
  for (const what of ['workers connected', 'workers registered their first functions', 'workers were lost']) {
    expect(log.lines).toContainEqual({ level: 'info', message: `995 more ${what}`, data: { workers: 995 } })
  }
  expect(engineEvents.tail.read({ after: 0, limit: 5_000, matches: () => true })).toMatchObject({
    next: 3_000,
    missed: 2_000,
  })
})

test('each worker is told of 250 ms after its own first registration', () => {
  const { notices, clock, registered, workers } = standing(['a', 'b', 'c'])
  const [a, b, c] = workers as [Worker, Worker, Worker]
  notices.provided(a, 'a::f')
  clock.move(100)
  notices.provided(a, 'a::g')
  notices.provided(b, 'b::f')
  notices.provided(b, 'b::f')
  clock.move(100)
  notices.provided(c, 'c::f')
  clock.move(49)
  expect(registered()).toEqual([])
  clock.move(1)
  expect(registered()).toEqual([{ ids: ['a::f', 'a::g'], functions: 2 }])
  notices.provided(a, 'a::h')
  clock.move(100)
  expect(registered().slice(1)).toEqual([{ ids: ['b::f'], functions: 1 }])
  clock.move(1_000)
  expect(registered().slice(2)).toEqual([
    { ids: ['c::f'], functions: 1 },
    { ids: ['a::h'], functions: 1 },
  ])
})

test('a worker that ends is told of at once, and those behind it in their time', () => {
  const { notices, clock, registered, workers } = standing(['a', 'b'])
  const [a, b] = workers as [Worker, Worker]
  notices.provided(a, 'a::f')
  notices.provided(b, 'b::f')
  notices.ended(a, true)
  expect(registered()).toEqual([{ ids: ['a::f'], functions: 1 }])
  clock.move(250)
  expect(registered()).toEqual([
    { ids: ['a::f'], functions: 1 },
    { ids: ['b::f'], functions: 1 },
  ])
  notices.provided(b, 'b::g')
  notices.close()
  clock.move(1_000)
  expect(registered()).toHaveLength(2)
})

test('ten functions are named, and the others are a number', () => {
  const { notices, clock, registered, workers } = standing(['a'])
  const ids = Array.from({ length: 13 }, (_, n) => `a::${n}`)
  for (const id of ids) notices.provided(workers[0]!, id)
  clock.move(250)
  expect(registered()).toEqual([{ ids: ids.slice(0, 10), functions: 13 }])
})

/** Workers that have announced themselves, before a clock that stands. */
function standing(names: readonly string[]) {
  const clock = new ManualClock()
  const engineEvents = new EngineEvents()
  const notices = new WorkerNotices(collectingLog(), engineEvents, clock)
  const workers = names.map((name) => {
    const { worker } = makeWorker()
    worker.announcement = { ...NAMELESS, name }
    return worker
  })
  const registered = (): object[] =>
    engineEvents.tail
      .read({ limit: 1_000, matches: (event) => event === 'functions_registered' })
      .entries.map((json) => JSON.parse(json) as { ids: string[]; functions: number })
      .map(({ ids, functions }) => ({ ids, functions }))
  return { notices, clock, registered, workers }
}

const NAMELESS = {
  runtime: 'node',
  version: undefined,
  description: undefined,
  os: undefined,
  pid: undefined,
  isolation: undefined,
  telemetry: undefined,
}

test('nothing is said of workers that the end of the engine sends away', async () => {
  const core = await startCore()
  await core.connect({ name: 'images' })
  await logged(core, "worker 'images' connected")
  core.core.closing()
  await core.close()
  expect(core.logged('info')).toHaveLength(1)
})

test('a failed call is an event with function, code, message and caller; a flood of them has a number', async () => {
  const core = await startCore()
  const caller = await core.connect({ name: 'caller' })
  const provider = await core.connect({ name: 'provider' })
  await provider.provided('fails::now', () => {
    throw new Error('no paper left')
  })
  await caller.call('fails::now')
  const failed = events(core).filter(({ event }) => event === 'invocation_failed')
  expect(failed).toEqual([
    expect.objectContaining({
      function_id: 'fails::now',
      message: expect.stringContaining('no paper left') as string,
      caller: 'caller',
      worker: 'provider',
    }),
  ])
  await Promise.all(Array.from({ length: 60 }, () => caller.call('nobody::provides::this')))
  const flood = () => events(core).find(({ event }) => event === 'invocations_failed')
  await expect.poll(flood, { timeout: 5_000 }).toMatchObject({ count: expect.any(Number) as number })
  expect(events(core).filter(({ event }) => event === 'invocation_failed').length).toBeLessThan(60)
})
