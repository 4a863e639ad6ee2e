// Checks 52, 53 and 56–59 of spec 03 on a clock of the test: what a trigger does when it is due.
import { describe, expect, test } from 'vitest'
import { CONDITION_TIMEOUT_MS } from '../../../plugins/cron/run.ts'
import { ManualClock } from './manual-clock.ts'
import { runCron, times } from './run-plugin.ts'

describe('52. a fire', () => {
  test('comes once a second, with exactly four members, none of them twice', async () => {
    const run = await runCron()
    const events = await run.collect('job', '*/1 * * * * *')
    await run.clock.pass(3_500)
    expect(events).toEqual(
      [1, 2, 3].map((second) => ({
        trigger: 'cron',
        job_id: 'job',
        scheduled_time: `2026-01-01T00:00:0${second}+00:00`,
        actual_time: `2026-01-01T00:00:0${second}.000+00:00`,
      })),
    )
  })

  test('tells when it was due and when it came', async () => {
    const run = await runCron({ clock: new ManualClock('2026-01-01T00:00:00.250Z') })
    const events = await run.collect('job', '5 * * * * *')
    await run.clock.pass(4_749)
    expect(events).toEqual([])
    run.clock.set('2026-01-01T00:00:05.123Z')
    await run.clock.pass(1)
    expect(events[0]).toMatchObject({
      scheduled_time: '2026-01-01T00:00:05+00:00',
      actual_time: '2026-01-01T00:00:05.124+00:00',
    })
  })

  test('names its binding and namespace, and has no time limit of the handle', async () => {
    const run = await runCron()
    run.provide('f', () => new Promise(() => {}))
    await run.bind('job', 'f', { expression: '* * * * * *' }, { namespace: 'shop' })
    await run.clock.pass(1_000)
    const call = run.engine.calls.find(({ function_id }) => function_id === 'f')
    expect(call).toMatchObject({ binding: 'job', namespace: 'shop' })
  })
})

describe('53. what is refused', () => {
  test.each<[unknown, string]>([
    [{}, 'expression'],
    [undefined, 'expression'],
    [{ expression: 5 }, '`expression` must be a cron expression, got number 5'],
    [{ expression: null }, '`expression` must be a cron expression, got null'],
    [{ expression: '' }, 'expression "": it is empty'],
    ...[
      'invalid',
      '60 * * * * *',
      '* * * * * 8',
      '*/0 * * * * *',
      '*/90 * * * * *',
      '0 0 0 * * Fri-Mon',
      '0 0 0 L * *',
      '0 0 0 * * 2#1',
      '? * * * * *',
      '0 0 0 1 Sept *',
      '@every 5s',
      '* * * *',
      '0 0 0 1 1 * 2101',
    ].map((expression): [unknown, string] => [{ expression }, expression]),
    [{ expression: '@daily', timezone: 'Mars/Olympus' }, '`timezone` "Mars/Olympus" is not known'],
    [{ expression: '@daily', timezone: 5 }, '`timezone` must be a string'],
    [{ expression: '@daily', condition_function_id: 5 }, '`condition_function_id` must be a string'],
    [{ expression: '@daily', overlap: 'never' }, '`overlap` must be one of skip, queue, allow, got string "never"'],
    [{ expression: '@daily', misfire: 'all' }, '`misfire` must be one of skip, fire_once, got string "all"'],
    [
      { expression: '@daily', run_timeout_ms: 0 },
      '`run_timeout_ms` must be an integer from 1 to 2147483647, got number 0',
    ],
    [{ expression: '@daily', timezon: 'Europe/Berlin' }, "unknown key 'timezon'. Did you mean 'timezone'?"],
    [{ expression: '@daily', max_waiting_runs: 1.5 }, '`max_waiting_runs` must be an integer'],
    [{ expression: '@daily', max_parallel_runs: '2' }, '`max_parallel_runs` must be an integer'],
  ])('%j', async (config, message) => {
    const run = await runCron()
    const other = await run.collect('other', '* * * * * *')
    const error = await run.refusalOf(config)
    expect(error.code).toBe('trigger_registration_failed')
    expect(error.message).toContain(message)
    await run.clock.pass(1_000)
    expect(times(other)).toEqual(['00:00:01'])
  })

  test('a refused change leaves what was there', async () => {
    const run = await runCron()
    const events = await run.collect('job', '* * * * * *')
    await expect(run.bind('job', 'job', 'invalid')).rejects.toThrow('expression "invalid"')
    await run.clock.pass(2_000)
    expect(times(events)).toEqual(['00:00:01', '00:00:02'])
  })

  test('a scheduler that is shutting down', async () => {
    const run = await runCron()
    await run.stop('shutdown')
    expect(await run.refusalOf({ expression: '@daily' })).toMatchObject({
      message: expect.stringContaining('shutting down'),
    })
  })

  test('one that is being replaced refuses what is wrong only: the engine keeps the rest for its successor', async () => {
    const run = await runCron()
    await run.stop('reload')
    await run.bind('job', 'f', '* * * * * *')
    await run.clock.pass(2_000)
    expect(run.engine.calls).toEqual([])
    expect((await run.refusalOf({ expression: 'invalid' })).message).toContain('invalid')
  })
})

describe('what is warned about', () => {
  test('numbers of weekdays, once per registration', async () => {
    const run = await runCron()
    const events = await run.collect('job', '0 0 9 * * 1')
    await run.clock.pass(5 * 86_400_000)
    expect(events.map(({ scheduled_time }) => scheduled_time)).toEqual(['2026-01-04T09:00:00+00:00'])
    expect(run.logged('warn')).toEqual([expect.stringContaining('means Sunday (1 = Sunday … 7 = Saturday)')])
  })

  test('a time that never comes: it is registered, and never fires', async () => {
    const run = await runCron()
    await run.bind('job', 'f', '0 0 0 1 1 * 2025')
    await run.bind('never', 'f', '0 0 0 30 2 *')
    await run.clock.pass(86_400_000)
    expect(run.engine.calls).toEqual([])
    expect(run.logged('warn')).toEqual([
      expect.stringContaining('"0 0 0 1 1 * 2025" matches no time to come'),
      expect.stringContaining('"0 0 0 30 2 *" matches no time to come'),
    ])
  })
})

test('a time zone: fields are local times of it', async () => {
  const run = await runCron()
  const events = await run.collect('job', { expression: '0 0 9 * * *', timezone: 'Asia/Tokyo' })
  await run.clock.pass(86_400_000)
  expect(events.map(({ scheduled_time }) => scheduled_time)).toEqual(['2026-01-02T00:00:00+00:00'])
})

describe('56. conditions', () => {
  async function conditional(answer: () => unknown) {
    const run = await runCron()
    const asked: unknown[] = []
    run.provide('condition', (...all: unknown[]) => {
      asked.push(all)
      return answer()
    })
    const ran: unknown[] = []
    run.provide('f', (event: never) => void ran.push(event))
    await run.bind(
      'job',
      'f',
      { expression: '* * * * * *', condition_function_id: 'condition' },
      { metadata: { k: 1 } },
    )
    return { run, asked, ran }
  }

  test('false: the handler never runs', async () => {
    const { run, asked, ran } = await conditional(() => false)
    await run.clock.pass(2_000)
    expect([asked.length, ran.length]).toEqual([2, 0])
  })

  test.each([[true], [0], [''], [{}], [null], [undefined]])('%j: it runs', async (answer) => {
    const { run, asked, ran } = await conditional(() => answer)
    await run.clock.pass(1_000)
    expect(ran).toHaveLength(1)
    // Without metadata.
    expect(asked).toEqual([[ran[0]]])
    const warnings =
      answer === null || answer === undefined
        ? ['The condition condition returned no value, which counts as true.']
        : []
    expect(run.logged('warn')).toEqual(warnings)
  })

  test('an error: the handler does not run, and the next fire asks again', async () => {
    let fails = true
    const { run, ran } = await conditional(() => {
      if (fails) throw new Error('undecided')
      return true
    })
    await run.clock.pass(1_000)
    fails = false
    await run.clock.pass(1_000)
    expect(times(ran as never)).toEqual(['00:00:02'])
    expect(run.logged('error')).toEqual(['The condition condition failed; f was not run.'])
  })

  test('a function that is not there counts as an error', async () => {
    const run = await runCron()
    const events = await run.collect('job', { expression: '* * * * * *', condition_function_id: 'nowhere' })
    await run.clock.pass(1_000)
    expect(events).toEqual([])
    expect(run.log.lines.find(({ level }) => level === 'error')?.data).toMatchObject({
      job_id: 'job',
      code: 'function_not_found',
    })
  })

  test('one that does not answer is given up after its limit', () => {
    expect(CONDITION_TIMEOUT_MS).toBe(30_000)
  })
})

test('57. a handler that throws is not called again for it, and the next fire comes', async () => {
  const run = await runCron()
  const called: unknown[] = []
  run.provide('throws', (event: never) => {
    called.push(event)
    throw new Error('no luck')
  })
  await run.bind('job', 'throws', '*/2 * * * * *')
  await run.clock.pass(4_500)
  expect(times(called as never)).toEqual(['00:00:02', '00:00:04'])
  expect(run.log.lines.filter(({ level }) => level === 'error').map(({ data }) => data)).toEqual(
    called.map(() => expect.objectContaining({ job_id: 'job', error: expect.stringContaining('no luck') })),
  )
})

test('57. a function that is not registered is logged, and called once it is there', async () => {
  const run = await runCron()
  await run.bind('job', 'late', '* * * * * *')
  await run.clock.pass(1_000)
  expect(run.log.lines.at(-1)).toMatchObject({ level: 'error', data: { code: 'function_not_found' } })
  const events: unknown[] = []
  run.provide('late', (event: never) => void events.push(event))
  await run.clock.pass(1_000)
  expect(events).toHaveLength(1)
})

test('58. metadata reaches the handler beside the payload', async () => {
  const run = await runCron()
  const calls: unknown[][] = []
  run.provide('f', (...all: unknown[]) => void calls.push(all))
  await run.bind('job', 'f', '* * * * * *', { metadata: { k: 1 } })
  await run.clock.pass(1_000)
  expect(calls[0]?.[1]).toEqual({ k: 1 })
  expect(Object.keys(calls[0]?.[0] as object)).toEqual(['trigger', 'job_id', 'scheduled_time', 'actual_time'])
})

describe('59. unregistering', () => {
  test('stops it', async () => {
    const run = await runCron()
    const events = await run.collect('job', '* * * * * *')
    await run.clock.pass(1_500)
    await run.unbind('job')
    await run.clock.pass(2_000)
    expect(times(events)).toEqual(['00:00:01'])
    expect(run.clock.waiting).toBeLessThanOrEqual(1)
  })

  test('keeps a handler from being called that a condition is still to decide about', async () => {
    const run = await runCron()
    const answer = Promise.withResolvers<boolean>()
    run.provide('condition', () => answer.promise)
    const events = await run.collect('job', { expression: '* * * * * *', condition_function_id: 'condition' })
    await run.clock.pass(1_000)
    await run.unbind('job')
    answer.resolve(true)
    await run.clock.pass(2_000)
    expect(events).toEqual([])
  })

  test('of something unknown does nothing', async () => {
    const run = await runCron()
    await run.unbind('nothing')
    expect(run.log.lines).toEqual([])
  })
})

describe('the same id again', () => {
  test('with the same times keeps its schedule, and goes to the new target', async () => {
    const run = await runCron()
    const first = await run.collect('job', '*/5 * * * * *')
    const second: unknown[] = []
    run.provide('second', (event: never) => void second.push(event))
    await run.clock.pass(4_900)
    await run.bind('job', 'second', '*/5 * * * * *')
    await run.clock.pass(5_200)
    expect(first).toEqual([])
    expect(times(second as never)).toEqual(['00:00:05', '00:00:10'])
  })

  test('with other times follows those', async () => {
    const run = await runCron()
    const events = await run.collect('job', '*/5 * * * * *')
    await run.bind('job', 'job', '*/3 * * * * *')
    await run.clock.pass(6_500)
    expect(times(events)).toEqual(['00:00:03', '00:00:06'])
  })
})
