// The settings of `iii-cron`: what is refused, defaults, aliases, and changes at run time (spec 03 §2).
import { describe, expect, test } from 'vitest'
import { CRON_CONFIG_SCHEMA, type CronConfig, cronSettings } from '../../../plugins/cron/config.ts'
import cron from '../../../plugins/cron/index.ts'
import { isSameChoice } from '../../../plugins/cron/locks/adapters.ts'
import { validateAgainstSchema } from '../../../base/values/schema-validation.ts'
import { runCron, times } from './run-plugin.ts'

test('the plugin is what the engine expects', () => {
  expect(cron).toMatchObject({ name: 'iii-cron', isolation: 'shared', config: CRON_CONFIG_SCHEMA })
})

describe('the schema', () => {
  const problems = (config: unknown): string => {
    const outcome = validateAgainstSchema(CRON_CONFIG_SCHEMA, config)
    return 'value' in outcome ? '' : outcome.problems.map(({ pointer, message }) => `${pointer}: ${message}`).join('; ')
  }

  test.each<CronConfig>([
    {},
    { adapter: { name: 'kv' } },
    {
      adapter: {
        name: 'local',
        config: { lock_ttl_ms: 1, lock_index: 'x', store_method: 'file_based', file_path: 'f', save_interval_ms: 100 },
      },
    },
    { adapter: { name: 'redis', config: { redis_url: 'redis://cache:6379' } } },
    {
      adapter: null,
      dow_numbering: null,
      overlap: null,
      misfire: null,
      run_timeout_ms: null,
      max_waiting_runs: null,
      max_parallel_runs: null,
    },
    {
      dow_numbering: 'unix',
      overlap: 'allow',
      misfire: 'fire_once',
      run_timeout_ms: 5,
      max_waiting_runs: 1,
      max_parallel_runs: 1,
    },
  ])('takes %j', (config) => {
    expect(problems(config)).toBe('')
  })

  test.each<[unknown, string]>([
    [{ adapter: { name: 'postgres' } }, "Adapter factory 'postgres' not found. Available: [kv, redis]"],
    [{ adapter: { name: 'kv', config: { redis_url: 'x' } } }, 'redis_url'],
    [{ adapter: { name: 'kv', config: { lock_ttl_ms: 0 } } }, '/adapter/config/lock_ttl_ms'],
    [{ adapter: { name: 'kv', config: { save_interval_ms: 99 } } }, '/adapter/config/save_interval_ms'],
    [{ adapter: { name: 'kv', config: { store_method: 'disk' } } }, '/adapter/config/store_method'],
    [{ dow_numbering: 'iso' }, '/dow_numbering'],
    [{ overlap: 'wait' }, '/overlap'],
    [{ misfire: 'all' }, '/misfire'],
    [{ run_timeout_ms: 0 }, '/run_timeout_ms'],
    [{ run_timeout_ms: 2 ** 31 }, '/run_timeout_ms'],
    [{ max_waiting_runs: 0 }, '/max_waiting_runs'],
    [{ max_parallel_runs: 'many' }, '/max_parallel_runs'],
    [{ time_zone: 'UTC' }, 'time_zone'],
  ])('refuses %j', (config, where) => {
    expect(problems(config)).toContain(where)
  })
})

describe('the settings', () => {
  test('have the defaults of the documentation', () => {
    expect(cronSettings({})).toEqual({
      adapter: { name: 'kv', config: {} },
      dowNumbering: 'quartz',
      maxSetBackMs: 3_600_000,
      run: { overlap: 'skip', misfire: 'skip', runTimeoutMs: undefined, maxWaitingRuns: 100, maxParallelRuns: 100 },
    })
  })

  test('local is kv, and what has no effect is no difference', () => {
    const kv = cronSettings({
      adapter: { name: 'local', config: { lock_ttl_ms: 30_000, store_method: 'file_based' } },
    }).adapter
    expect(kv.name).toBe('kv')
    expect(isSameChoice(kv, { name: 'kv' })).toBe(true)
    expect(isSameChoice(kv, { name: 'kv', config: { lock_ttl_ms: 1 } })).toBe(false)
    expect(isSameChoice({ name: 'redis' }, { name: 'redis', config: { redis_url: 'redis://localhost:6379' } })).toBe(
      true,
    )
    expect(isSameChoice({ name: 'redis' }, { name: 'kv' })).toBe(false)
  })
})

describe('at run time', () => {
  test('dow_numbering: triggers that are there follow the new numbering', async () => {
    const run = await runCron()
    const events = await run.collect('job', '0 0 9 * * 1')
    await run.configure({ dow_numbering: 'unix' })
    await run.clock.pass(7 * 86_400_000)
    // The 5th is a Monday.
    expect(events.map(({ scheduled_time }) => scheduled_time.slice(0, 10))).toEqual(['2026-01-05'])
    await run.configure({})
    await run.clock.pass(4 * 86_400_000)
    expect(events.map(({ scheduled_time }) => scheduled_time.slice(0, 10))).toEqual(['2026-01-05', '2026-01-11'])
  })

  test("a trigger's own settings go before the worker's", async () => {
    const run = await runCron({ config: { overlap: 'allow' } })
    const started: never[] = []
    run.provide('f', (event: never) => {
      started.push(event)
      return new Promise(() => {})
    })
    await run.bind('job', 'f', { expression: '* * * * * *', overlap: 'skip' })
    await run.clock.pass(2_500)
    expect(times(started)).toEqual(['00:00:01'])
  })

  test('an adapter that can not be opened changes nothing', async () => {
    const run = await runCron()
    const events = await run.collect('job', '* * * * * *')
    const refused = run.configure({
      overlap: 'allow',
      adapter: { name: 'redis', config: { redis_url: 'redis://127.0.0.1:1' } },
    })
    await expect(refused).rejects.toThrow('127.0.0.1:1')
    await expect(run.configure({ adapter: { name: 'postgres' } })).rejects.toThrow(
      "Adapter factory 'postgres' not found. Available: [kv, redis]",
    )
    await run.clock.pass(2_000)
    expect(times(events)).toEqual(['00:00:01', '00:00:02'])
  })

  test('another adapter is used from the next fire on, and the locks of the old one are free', async () => {
    const run = await runCron()
    const hung = await run.collect('job', '* * * * * *')
    run.provide('hangs', () => new Promise(() => {}))
    await run.bind('long', 'hangs', '* * * * * *')
    await run.clock.pass(1_000)
    await run.configure({ adapter: { name: 'kv', config: { lock_index: 'other' } } })
    await run.clock.pass(1_000)
    expect(times(hung)).toEqual(['00:00:01', '00:00:02'])
    const other = await runCron({ clock: run.clock })
    const events = await other.collect('long', '* * * * * *')
    await run.clock.pass(1_000)
    expect(times(events)).toEqual(['00:00:03'])
  })

  test('two workers of one process share the locks: while one runs a trigger, the other skips it', async () => {
    const one = await runCron()
    const other = await runCron({ clock: one.clock })
    one.provide('shared', () => new Promise(() => {}))
    await one.bind('shared', 'shared', '* * * * * *')
    const events = await other.collect('shared', '*/2 * * * * *')
    await one.clock.pass(4_500)
    expect(events).toEqual([])
    await one.unbind('shared')
    await one.clock.pass(2_000)
    expect(times(events)).toEqual(['00:00:06'])
  })
})
