// Named queues whose settings can't take effect at once, because the store is not there at the moment: retried, and shown in the health.
import { expect, onTestFinished, test } from 'vitest'
import { openBuiltin } from '../../../plugins/queue/adapters/builtin/open-builtin.ts'
import { namedQueue, type Backend } from '../../../plugins/queue/adapters/backend.ts'
import { AwaitingJobs } from '../../../plugins/queue/awaiting-jobs.ts'
import { KnownFunctions } from '../../../plugins/queue/known-functions.ts'
import { NamedQueues, QUEUE_RETRY_MS } from '../../../plugins/queue/named-queues.ts'
import { QUEUE_DEFAULTS, type QueueSettings } from '../../../plugins/queue/settings.ts'
import { QueueSpans } from '../../../plugins/queue/watch/queue-spans.ts'
import { HEALTH_TOLD, QueueHealth } from '../../../plugins/queue/watch/queue-health.ts'
import { Spans } from '../../../kit/telemetry/spans.ts'
import { CodedError } from '../../../protocol/errors.ts'
import type { HealthState } from '../../../sdk/plugin.ts'
import { ManualClock, type CollectingLog } from '../../../testing/index.ts'
import { collectingLog } from '../../support/collecting-log.ts'
import { Collector } from '../../support/deadline.ts'
import { lacks } from '../../support/needs.ts'
import { startRedis } from '../../support/redis-server.ts'
import { tempFolder } from '../../support/temp-folder.ts'
import { job } from './backend-run.ts'
import { runQueuePlugin } from './queue-run.ts'

/** What the store answers for a method instead of doing it. */
type Faults = Partial<Record<'declare' | 'consume' | 'retire', Error>>

function scene() {
  const faults: Faults = {}
  const log = collectingLog()
  const builtin = openBuiltin({ config: { store_method: 'in_memory' }, projectRoot: tempFolder(), log })
  onTestFinished(() => builtin.close(0))
  const backend = new Proxy<Backend>(builtin, {
    get(target, member: keyof Backend) {
      const fault = faults[member as keyof Faults]
      if (fault !== undefined) return () => Promise.reject(fault)
      const value = target[member]
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  const clock = new ManualClock()
  const calls = new Collector<unknown>()
  const reports: HealthState[] = []
  const health = new QueueHealth((_part, state) => void reports.push(state))
  health.opened('builtin', 'connected')
  const queues = new NamedQueues(backend, {
    call: async ({ payload }) => calls.add(JSON.parse((payload as { json: string }).json)),
    functions: new KnownFunctions(clock),
    awaiting: new AwaitingJobs({ log, functionWaitMs: () => 0 }),
    clock,
    functionWaitMs: () => 0,
    log,
    spans: new QueueSpans(
      new Spans({ iii: { trigger: async () => undefined } as never, clock, service: 'q', isWanted: () => false }),
    ),
    observed: (_queue, consumer) => consumer,
    troubled: health.troubled,
  })
  onTestFinished(() => queues.close())
  const put = (name: string, payload: unknown) => backend.enqueue([{ queue: queues.get(name).ref, job: job(payload) }])
  return { faults, queues, backend, clock, calls, reports, log, put }
}

/** Beside the word about the memory. */
const told = ({ lines }: CollectingLog): string[] =>
  lines.map(({ level, message }) => `${level} ${message}`).filter((line) => line.includes('queue '))
const wanted = (...names: string[]): Map<string, QueueSettings> => new Map(names.map((name) => [name, QUEUE_DEFAULTS]))
const AWAY = new CodedError('plugin_unavailable', 'the store is away')

test('a queue that can not be made after a change is made later; until then publishers hear why', async () => {
  const { faults, queues, clock, calls, reports, log, put } = scene()
  await queues.start(wanted('kept'))
  faults.declare = AWAY
  await queues.apply(wanted('kept', 'fresh'))
  expect(() => queues.get('fresh')).toThrow("The queue 'fresh' could not be started yet: the store is away.")
  expect(reports.at(-1)).toEqual({
    status: 'degraded',
    details: { adapter: 'builtin', state: 'connected', not_started: { fresh: 'the store is away' } },
  })
  await put('kept', 1)
  await calls.take(1)
  await clock.pass(QUEUE_RETRY_MS)
  expect(reports.at(-1)!.status).toBe('degraded')
  delete faults.declare
  await clock.pass(QUEUE_RETRY_MS - 1)
  expect(() => queues.get('fresh')).toThrow()
  await clock.pass(1)
  await put('fresh', 2)
  expect(await calls.take(2)).toEqual([1, 2])
  expect(reports.at(-1)).toEqual({ status: 'healthy', details: { adapter: 'builtin', state: 'connected' } })
  expect(told(log)).toEqual([
    "warn the queue 'fresh' is not as its settings say, and is tried again every 5000 ms: the store is away",
    "info the queue 'fresh' is as its settings say",
  ])
})

test('a queue whose consumer can not be started takes jobs, and delivers them when it is', async () => {
  const { faults, queues, clock, calls, put } = scene()
  await queues.start(wanted())
  faults.consume = new Error('no channel')
  await queues.apply(wanted('fresh'))
  await put('fresh', 1)
  delete faults.consume
  await clock.pass(QUEUE_RETRY_MS)
  expect(await calls.take(1)).toEqual([1])
})

test('a later change ends the attempts of an earlier one', async () => {
  const { faults, queues, clock, reports } = scene()
  await queues.start(wanted())
  faults.declare = AWAY
  await queues.apply(wanted('fresh'))
  await queues.apply(wanted())
  expect(reports.at(-1)!.status).toBe('healthy')
  delete faults.declare
  await clock.pass(2 * QUEUE_RETRY_MS)
  expect(() => queues.get('fresh')).toThrow("'fresh' was not found")
})

test('what the store refuses is no matter of time: it refuses the change, and at the start everything is', async () => {
  const { faults, queues } = scene()
  faults.declare = AWAY
  await expect(queues.start(wanted('q'))).rejects.toBe(AWAY)
  delete faults.declare
  await queues.start(wanted('q'))
  const refusal = new CodedError('unsupported', 'no such thing')
  faults.declare = refusal
  await expect(queues.apply(new Map([['q', { ...QUEUE_DEFAULTS, concurrency: 3 }]]))).rejects.toBe(refusal)
})

test('a queue can be taken out while the store is away', async () => {
  const { faults, queues, log } = scene()
  await queues.start(wanted('gone'))
  faults.retire = AWAY
  await queues.apply(wanted())
  expect(() => queues.get('gone')).toThrow("'gone' was not found")
  expect(told(log)).toEqual(["warn the store could not be told that the queue 'gone' is defined no more"])
})

test('so many queues are named in the health, the others counted', async () => {
  const { faults, queues, reports } = scene()
  await queues.start(wanted())
  faults.declare = new CodedError('overloaded', 'x'.repeat(1_000))
  await queues.apply(wanted(...Array.from({ length: HEALTH_TOLD.queues + 2 }, (_, number) => `q${number}`)))
  const { not_started: told, further } = reports.at(-1)!.details as { not_started: object; further: number }
  expect(Object.keys(told)).toHaveLength(HEALTH_TOLD.queues)
  expect(Object.values(told)[0]).toHaveLength(HEALTH_TOLD.characters)
  expect(further).toBe(2)
})

test('whoever takes a queue out of the settings is told what stays in it, and so is who starts without it', async () => {
  const { queues, backend, log, put } = scene()
  await backend.declare(namedQueue('old'), QUEUE_DEFAULTS)
  await backend.enqueue([{ queue: namedQueue('old'), job: job(0) }])
  await queues.start(wanted('mail', 'empty'))
  await backend.setPaused(namedQueue('mail'), true)
  for (const number of [1, 2]) await put('mail', number)
  await queues.apply(wanted())
  const stays = (name: string, jobs: number): object => {
    const message = `the queue '${name}' is defined no more, and ${jobs} jobs and 0 dead letters stay in it: they are delivered when it is defined again`
    return { level: 'warn', message, data: undefined }
  }
  expect(log.lines.filter(({ message }) => message.includes('defined no more'))).toEqual([
    stays('old', 1),
    stays('mail', 2),
  ])
})

test.skipIf(lacks('redis-server'))(
  'settings that change while Redis is away take effect when it is back, and the health tells (needs redis-server)',
  async () => {
    const server = await startRedis()
    onTestFinished(() => server.stop())
    const adapter = { name: 'redis', config: { redis_url: server.url } } as const
    const run = await runQueuePlugin({ adapter })
    const health = (): HealthState | undefined => run.host.health.get('queue')
    expect(health()).toEqual({ status: 'healthy', details: { adapter: 'redis', state: 'connected' } })
    await server.kill()
    await expect.poll(health, { timeout: 4_000 }).toMatchObject({ details: { state: 'reconnecting' } })
    expect(await run.host.reconfigure({ adapter, queue_configs: { fresh: {} } })).toBe(true)
    expect(health()).toMatchObject({ status: 'degraded', details: { not_started: { fresh: expect.any(String) } } })
    await expect(run.enqueue('fresh', 'f', 1)).rejects.toMatchObject({ code: 'plugin_unavailable' })
    await server.restart()
    await expect.poll(health, { timeout: 4_000 }).toMatchObject({ status: 'healthy' })
    const calls = new Collector<unknown>()
    run.worker.registerFunction('f', calls.add)
    await run.enqueue('fresh', 'f', 1)
    expect(await calls.take(1)).toEqual([1])
  },
)
