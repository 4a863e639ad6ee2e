// Check 61 of spec 03: several engines on one Redis fire a trigger once. And what happens when the server, or an engine, goes.
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { EngineFolder } from '../../core/engine/running-engine.ts'
import { Collector } from '../../support/deadline.ts'
import { engineFolder } from '../../support/engine-process.ts'
import { RawClient } from '../../support/raw-client.ts'
import { lacks } from '../../support/needs.ts'
import { startRedis, type RedisServer } from '../../support/redis-server.ts'
import { ManualClock, settled } from './manual-clock.ts'
import { type CronEvent, runCron, type RunningCron, START, times } from './run-plugin.ts'

const SKIPPED = (jobId: string, why: 'runs it' | 'has run it') =>
  `The fire of ${jobId} was skipped: another engine ${why}.`

describe.skipIf(lacks('redis-server'))('cron on Redis (needs redis-server)', () => {
  let redis: RedisServer
  let jobs = 0
  beforeAll(async () => void (redis = await startRedis()))
  afterAll(() => redis.stop())

  const job = (): string => `job-${++jobs}`
  const adapter = (url = redis.url) => ({ adapter: { name: 'redis', config: { redis_url: url } } })
  const engine = (clock = new ManualClock(START)): Promise<RunningCron> => runCron({ config: adapter(), clock })

  /** Several engines with one trigger, each with a handler of its own. */
  async function engines(id: string, clocks: readonly ManualClock[], handler: (event: CronEvent) => unknown) {
    const runs = await Promise.all(clocks.map((clock) => engine(clock)))
    for (const run of runs) {
      run.provide(id, handler as never)
      await run.bind(id, id, '* * * * * *')
    }
    return runs
  }

  const skips = (runs: readonly RunningCron[]): string[] => runs.flatMap((run) => run.logged('debug'))

  test('61. each second runs on one of them', async () => {
    const id = job()
    const clock = new ManualClock(START)
    const events: CronEvent[] = []
    const runs = await engines(id, [clock, clock], (event) => void events.push(event))
    for (let second = 1; second <= 5; second++) {
      await clock.pass(1_000)
      await expect.poll(() => [events.length, skips(runs).length]).toEqual([second, second])
    }
    expect(times(events)).toEqual(['00:00:01', '00:00:02', '00:00:03', '00:00:04', '00:00:05'])
  })

  /** Binds on each engine what `configs` says, under ids as SDKs make them up. */
  async function bound(clock: ManualClock, ...configs: readonly (readonly object[])[]) {
    const events: CronEvent[] = []
    const [id, functionId] = [job(), job()]
    const runs = await Promise.all(configs.map(() => engine(clock)))
    for (const [index, run] of runs.entries()) {
      run.provide(functionId, (event: never) => void events.push(event))
      for (const [number, config] of configs[index]!.entries()) {
        await run.bind(`${id}-${index}-${number}`, functionId, config)
      }
    }
    const seconds = async (count: number, fires: number): Promise<void> => {
      for (let second = 1; second <= count; second++) {
        const before = events.length + skips(runs).length
        await clock.pass(1_000)
        await expect.poll(() => events.length + skips(runs).length - before).toBe(fires)
      }
    }
    return { id, runs, events, seconds }
  }

  test('the same bound under ids that SDKs made up: each second runs on one of them', async () => {
    const config = { expression: '* * * * * *' }
    const { events, seconds } = await bound(new ManualClock(START), [config], [config])
    await seconds(3, 2)
    expect(times(events)).toEqual(['00:00:01', '00:00:02', '00:00:03'])
  })

  test('two equal bindings of one engine stay two, also where another engine has them as well', async () => {
    const config = { expression: '* * * * * *' }
    const { events, seconds } = await bound(new ManualClock(START), [config, config], [config, config])
    await seconds(2, 4)
    expect(times(events)).toEqual(['00:00:01', '00:00:01', '00:00:02', '00:00:02'])
  })

  test('when one of two equal bindings goes, the other is still the same as that of the other engine', async () => {
    const config = { expression: '* * * * * *' }
    const { id, runs, events, seconds } = await bound(new ManualClock(START), [config, config], [config])
    await seconds(1, 3)
    expect(events).toHaveLength(2)
    await runs[0]!.unbind(`${id}-0-0`)
    await seconds(1, 2)
    expect(events).toHaveLength(3)
  })

  test('what differs in zone, expression or any other part of the config runs on its own', async () => {
    const configs = [
      { expression: '* * * * * *' },
      { expression: '* * * * * *', timezone: 'Europe/Berlin' },
      { expression: '*/1 * * * * *' },
    ]
    const { events, seconds } = await bound(new ManualClock(START), ...configs.map((config) => [config]))
    await seconds(1, 3)
    expect(events).toHaveLength(3)
  })

  test('also when one clock is behind and the first run is over long ago', async () => {
    const id = job()
    const [first, behind] = [new ManualClock(START), new ManualClock(START)]
    const events: CronEvent[] = []
    const runs = await engines(id, [first, behind], (event) => void events.push(event))
    await first.pass(1_000)
    await expect.poll(() => events.length).toBe(1)
    await expect.poll(() => redis.client().exists(`cron_lock:${id}`)).toBe(0)
    await behind.pass(1_000)
    await expect.poll(() => skips(runs)).toEqual([SKIPPED(id, 'has run it')])
    expect(events).toHaveLength(1)
  })

  test('while one runs it, the others do not; the lock lasts for 30 s at most, and goes with the run', async () => {
    const id = job()
    const clock = new ManualClock(START)
    const [started, end] = [new Collector<CronEvent>(), Promise.withResolvers<void>()]
    const runs = await engines(id, [clock, clock], (event) => {
      started.add(event)
      return end.promise
    })
    await clock.pass(1_000)
    await started.take(1)
    // The other one has been refused, and is free for the next second.
    await expect.poll(() => skips(runs)).toHaveLength(1)
    await clock.pass(1_000)
    await expect.poll(() => skips(runs)).toContain(SKIPPED(id, 'runs it'))
    const ttl = await redis.client().pttl(`cron_lock:${id}`)
    expect(ttl).toBeGreaterThan(0)
    expect(ttl).toBeLessThanOrEqual(30_000)
    end.resolve()
    await expect.poll(() => redis.client().exists(`cron_lock:${id}`)).toBe(0)
    await clock.pass(1_000)
    await started.take(2)
    expect(times(started.items)).toEqual(['00:00:01', '00:00:03'])
  })

  test('a run that lasts longer than the lock keeps it', async () => {
    const id = job()
    const clock = new ManualClock(START)
    const started = new Collector<CronEvent>()
    await engines(id, [clock], (event) => {
      started.add(event)
      return new Promise(() => {})
    })
    await clock.pass(1_000)
    await started.take(1)
    const client = redis.client()
    await client.pexpire(`cron_lock:${id}`, 5_000)
    await clock.pass(10_000)
    await expect.poll(() => client.pttl(`cron_lock:${id}`)).toBeGreaterThan(25_000)
  })

  test.each(['unregistered', 'stopped'])('the lock of a trigger that is %s is free at once', async (how) => {
    const id = job()
    const clock = new ManualClock(START)
    const started = new Collector<CronEvent>()
    const [run] = await engines(id, [clock], (event) => {
      started.add(event)
      return new Promise(() => {})
    })
    await clock.pass(1_000)
    await started.take(1)
    expect(await redis.client().exists(`cron_lock:${id}`)).toBe(1)
    await (how === 'stopped' ? run!.stop() : run!.unbind(id))
    await expect.poll(() => redis.client().exists(`cron_lock:${id}`)).toBe(0)
  })

  test('a fire that a change of generation interrupted before its handler is done by the next one, not lost to its own mark', async () => {
    const id = job()
    const clock = new ManualClock(START)
    const config = { expression: '*/10 * * * * *', condition_function_id: 'condition' }
    const first = await engine(clock)
    const asked = new Collector<unknown>()
    first.provide('condition', (event: never) => {
      asked.add(event)
      return new Promise(() => {})
    })
    await first.bind(id, id, config)
    await clock.pass(10_000)
    await asked.take(1)
    await first.stop('reload')
    const second = await runCron({ config: adapter(), clock, dataDir: first.dataDir })
    second.provide('condition', () => true)
    const events = new Collector<CronEvent>()
    second.provide(id, events.add as never)
    await second.bind(id, id, config)
    expect(times(await events.take(1))).toEqual(['00:00:10'])
  })

  test('the adapter can be changed while triggers run', async () => {
    const id = job()
    const run = await runCron()
    const events = new Collector<CronEvent>()
    run.provide(id, events.add as never)
    // The run of a second may still be on its way out in the next one.
    await run.bind(id, id, { expression: '* * * * * *', overlap: 'allow' })
    await run.configure(adapter())
    await run.clock.pass(1_000)
    await events.take(1)
    expect(await redis.client().exists(`cron_fired:${id}:${Date.parse(START) / 1_000 + 1}`)).toBe(1)
    await run.configure({})
    await run.clock.pass(1_000)
    expect(times(await events.take(2))).toEqual(['00:00:01', '00:00:02'])
  })

  test('while the server is away fires are skipped, with a word, and go on when it is back', async () => {
    const own = await startRedis()
    onTestFinished(() => own.stop())
    const run = await runCron({ config: adapter(own.url) })
    const events = new Collector<CronEvent>()
    run.provide('f', events.add as never)
    for (const id of ['one', 'two', 'three']) await run.bind(id, 'f', '* * * * * *')
    await run.clock.pass(1_000)
    await events.take(3)
    await own.kill()
    await expect.poll(() => run.logged('warn')).toContainEqual(expect.stringContaining('is lost; trying again'))
    await run.clock.pass(1_000)
    await settled()
    const refused = (): unknown[] =>
      run.log.lines
        .filter(({ message }) => message === "A fire was skipped: its lock can't be taken.")
        .map(({ data }) => data)
    expect(refused()).toEqual([
      { job_id: expect.any(String), error: expect.stringContaining(`127.0.0.1:${own.port} is not reachable`) },
    ])
    expect(events.items).toHaveLength(3)
    await own.restart()
    await expect
      .poll(() => run.logged('info'), { timeout: 10_000 })
      .toContainEqual(expect.stringContaining('is connected again'))
    await run.clock.pass(1_000)
    expect(times(await events.take(6)).slice(3)).toEqual(Array.from({ length: 3 }, () => '00:00:03'))
  }, 20_000)

  test('two engines with workers on sockets, whose ids are made up: each second once', async () => {
    const [one, other] = [new EngineFolder(), new EngineFolder()]
    const events = new Collector<CronEvent>()
    for (const folder of [one, other]) {
      folder.configure(
        '{ name: iii-worker-manager, config: { port: 0 } }',
        `{ name: iii-cron, config: { adapter: { name: redis, config: { redis_url: "${redis.url}" } } } }`,
      )
      await folder.start()
      const worker = await folder.connect()
      await worker.provided('test::tick', events.add as never)
      worker.send({
        type: 'registertrigger',
        id: randomUUID(),
        trigger_type: 'cron',
        function_id: 'test::tick',
        config: { expression: '* * * * * *' },
      })
    }
    const seen = (await events.take(4, 10_000)).map(({ scheduled_time }) => scheduled_time)
    expect(new Set(seen).size).toBe(4)
    expect([...seen].sort()).toEqual(seen)
  })

  test('a killed engine leaves its lock, and it runs out: then another one fires', async () => {
    const id = job()
    const killed = await engineFolder(
      `  - name: iii-cron\n    config: { adapter: { name: redis, config: { redis_url: "${redis.url}" } } }\n`,
    )
    onTestFinished(() => killed.remove())
    const process = await killed.start()
    const worker = await RawClient.connect(killed.url)
    await worker.provided('test::hangs')
    worker.send({
      type: 'registertrigger',
      id,
      trigger_type: 'cron',
      function_id: 'test::hangs',
      config: { expression: '* * * * * *' },
    })
    await worker.until(() => worker.calls('test::hangs').length === 1, 'the run')
    await process.kill()

    const client = redis.client()
    const ttl = await client.pttl(`cron_lock:${id}`)
    expect(ttl).toBeGreaterThan(0)
    expect(ttl).toBeLessThanOrEqual(30_000)
    const run = await engine()
    const events = new Collector<CronEvent>()
    run.provide(id, events.add as never)
    await run.bind(id, id, '* * * * * *')
    await run.clock.pass(1_000)
    await expect.poll(() => run.logged('debug')).toEqual([SKIPPED(id, 'runs it')])
    await client.pexpire(`cron_lock:${id}`, 1)
    await expect.poll(() => client.exists(`cron_lock:${id}`)).toBe(0)
    await run.clock.pass(1_000)
    await events.take(1)
  }, 30_000)
})
