// Cron over a whole engine: workers on sockets, the router, the plugin in its thread, real time (checks 48, 52, 53, 58, 59).
import { describe, expect, onTestFinished, test } from 'vitest'
import { connectSdk, V11, V22 } from '../../clients/versions.ts'
import { EngineFolder } from '../../core/engine/running-engine.ts'
import { Collector } from '../../support/deadline.ts'
import type { RawClient } from '../../support/raw-client.ts'
import type { CronEvent } from './run-plugin.ts'

const LISTENER = '{ name: iii-worker-manager, config: { port: 0 } }'

async function startEngine(config = '{}'): Promise<EngineFolder> {
  const folder = new EngineFolder()
  folder.configure(LISTENER, `{ name: iii-cron, config: ${config} }`)
  await folder.start()
  return folder
}

/** Provides a function that collects its events, and binds it to every second. */
async function everySecond(worker: RawClient, id: string, functionId = `test::${id}`) {
  const events = new Collector<CronEvent>()
  await worker.provided(functionId, events.add as never)
  bind(worker, id, functionId, { expression: '* * * * * *' })
  await worker.settled()
  return events
}

function bind(worker: RawClient, id: string, function_id: string, config: unknown): void {
  worker.send({ type: 'registertrigger', id, trigger_type: 'cron', function_id, config })
}

const seconds = (events: readonly CronEvent[]): number[] =>
  events.map(({ scheduled_time }) => Date.parse(scheduled_time) / 1_000)

describe.each([V22, V11])('52. iii-sdk $name', (version) => {
  test('*/1 * * * * * fires every second', async () => {
    const folder = await startEngine()
    const client = connectSdk(version, folder.url())
    const events = new Collector<[event: CronEvent, metadata: unknown]>()
    client.registerFunction('test::tick', async (event, metadata) => {
      events.add([event, metadata])
      return {}
    })
    client.registerTrigger({
      type: 'cron',
      function_id: 'test::tick',
      config: { expression: '*/1 * * * * *' },
      metadata: { k: 1 },
    })
    const fired = (await events.take(3, 10_000)).map(([event]) => event)
    const { registered_triggers } = await client.trigger({
      function_id: 'engine::registered-triggers::list',
      payload: {},
    })
    const { id } = registered_triggers.find((trigger: { function_id: string }) => trigger.function_id === 'test::tick')
    for (const event of fired) {
      expect(Object.keys(event)).toEqual(['trigger', 'job_id', 'scheduled_time', 'actual_time'])
      expect(event).toMatchObject({ trigger: 'cron', job_id: id })
      expect(event.scheduled_time).toMatch(/T\d\d:\d\d:\d\d\+00:00$/)
      expect(event.actual_time).toMatch(/T\d\d:\d\d:\d\d\.\d{3}\+00:00$/)
    }
    const [first] = seconds(fired) as [number]
    expect(seconds(fired)).toEqual([first, first + 1, first + 2])
    // 58: the older SDK knows of no metadata.
    if (version === V22) expect(events.items[0]?.[1]).toEqual({ k: 1 })
  })
})

describe('a running engine', () => {
  test('53. refuses an expression to the worker that bound it', async () => {
    const worker = await (await startEngine()).connect()
    bind(worker, 'wrong', 'test::f', { expression: '60 * * * * *' })
    const refusal = await worker.next('triggerregistrationresult')
    expect(refusal).toMatchObject({
      id: 'wrong',
      error: {
        code: 'trigger_registration_failed',
        message: expect.stringContaining('expression "60 * * * * *": second: "60" is outside of 0–59'),
      },
    })
  })

  test('59. a trigger that is unregistered, or whose worker is gone, does not fire any more', async () => {
    const folder = await startEngine()
    const [worker, leaving] = [await folder.connect(), await folder.connect({ name: 'leaving' })]
    const kept = await everySecond(worker, 'kept')
    const dropped = await everySecond(worker, 'dropped')
    const left = await everySecond(leaving, 'left')
    await Promise.all([kept.take(1), dropped.take(1), left.take(1)])
    worker.send({ type: 'unregistertrigger', id: 'dropped', trigger_type: 'cron' })
    await leaving.close()
    await worker.settled()
    const [before, after] = [dropped.items.length, left.items.length]
    await kept.take(kept.items.length + 3)
    expect([dropped.items.length, left.items.length]).toEqual([before, after])
  })

  test('equal bindings of replicas fire once, and go on when one of them leaves', async () => {
    const folder = await startEngine()
    const replicas = [await folder.connect({ name: 'replica' }), await folder.connect({ name: 'replica' })]
    const events = new Collector<CronEvent>()
    for (const [index, replica] of replicas.entries()) {
      await replica.provided('test::shared', events.add as never)
      bind(replica, `replica-${index}`, 'test::shared', { expression: '* * * * * *' })
      await replica.settled()
    }
    const together = seconds(await events.take(3, 10_000))
    expect(new Set(together).size).toBe(3)
    await replicas[0]!.close()
    const all = seconds(await events.take(events.items.length + 2, 10_000))
    expect(new Set(all).size).toBe(all.length)
  })

  test('while the plugin is replaced again and again, no second is lost and none comes twice', async () => {
    const folder = await startEngine()
    const worker = await folder.connect()
    const events = await everySecond(worker, 'job')
    await events.take(1)
    let reloads = 0
    while (events.items.length < 5) {
      const { error } = await worker.call('engine::plugins::reload', { name: 'iii-cron' })
      expect(error).toBeUndefined()
      reloads++
    }
    const fired = seconds(events.items)
    expect(fired).toEqual(fired.map((_, index) => fired[0]! + index))
    expect(reloads).toBeGreaterThan(3)
  })

  test('settings are changed in place: the generation stays, and so do the triggers', async () => {
    const folder = await startEngine()
    const worker = await folder.connect()
    const events = await everySecond(worker, 'job')
    await events.take(1)
    folder.configure(
      LISTENER,
      '{ name: iii-cron, config: { overlap: allow, adapter: { name: local, config: { lock_ttl_ms: 5000 } } } }',
    )
    await folder.logged('configuration reloaded')
    const fired = seconds(await events.take(events.items.length + 2))
    expect(fired).toEqual(fired.map((_, index) => fired[0]! + index))
    const { result } = await worker.call('engine::plugins::info', { name: 'iii-cron' })
    expect(result).toMatchObject({ state: 'running', generation: 1 })
  })

  test.each([
    ['{ adapter: { name: postgres } }', "Adapter factory 'postgres' not found. Available: [kv, redis]"],
    [
      '{ adapter: { name: redis, config: { redis_url: "redis://127.0.0.1:1" } } }',
      'adapter.config.redis_url of iii-cron',
    ],
    ['{ overlapp: allow }', 'overlapp'],
  ])('does not start with %s', async (config, message) => {
    await expect(startEngine(config)).rejects.toThrow(message)
  })

  test('48. does not start with the worker under both its names', async () => {
    const folder = new EngineFolder()
    folder.configure(LISTENER, '{ name: iii-cron }', '{ name: cron }')
    await expect(folder.start()).rejects.toThrow(/iii-cron.*cron|cron.*iii-cron/s)
  })

  test.each([
    '{ name: cron }',
    '{ class: "modules::cron::CronModule", config: { adapter: { class: "modules::cron::KvCronAdapter" } } }',
  ])('takes the entry %s', async (entry) => {
    const folder = new EngineFolder()
    folder.configure(LISTENER, entry)
    await folder.start()
    const worker = await folder.connect()
    onTestFinished(() => worker.close())
    await (await everySecond(worker, 'job')).take(1)
  })
})
