// Check 60 of spec 03, and what a trigger does when timers are early, waits are long, and the clock is set.
import { describe, expect, test } from 'vitest'
import { ManualClock } from './manual-clock.ts'
import { runCron, times } from './run-plugin.ts'

describe('60. long waits and clocks', () => {
  test('more than 25 days ahead: neither at once nor too late', async () => {
    const run = await runCron({ clock: new ManualClock('2026-01-02T00:00:00Z') })
    const events = await run.collect('job', '0 0 0 1 1 *')
    await run.clock.pass(60_000)
    expect(events).toEqual([])
    expect(run.clock.longest).toBeLessThanOrEqual(60_000)
    run.clock.set('2026-12-31T23:59:30Z')
    await run.clock.pass(60_000)
    expect(events.map(({ scheduled_time, actual_time }) => [scheduled_time, actual_time])).toEqual([
      ['2027-01-01T00:00:00+00:00', expect.stringMatching(/^2027-01-01T00:00:/)],
    ])
  })

  test('timers that fire early do not double a second', async () => {
    const clock = new ManualClock('2026-01-01T00:00:00Z')
    clock.early = 0.6
    const run = await runCron({ clock })
    const events = await run.collect('job', '* * * * * *')
    await clock.pass(3_500)
    expect(times(events)).toEqual(['00:00:01', '00:00:02', '00:00:03'])
  })

  test('set forward: it fires once for all that was jumped over, then at its times', async () => {
    const run = await runCron()
    const events = await run.collect('job', '*/10 * * * * *')
    await run.clock.pass(5_000)
    run.clock.set('2026-01-01T03:00:05Z')
    await run.clock.pass(60_000)
    expect(times(events).slice(0, 3)).toEqual(['00:00:10', '03:00:20', '03:00:30'])
  })

  test('set back: no second fires twice, and a word says why nothing comes', async () => {
    const run = await runCron()
    const events = await run.collect('job', '*/10 * * * * *')
    await run.clock.pass(120_000)
    expect(events).toHaveLength(12)
    run.clock.set('2026-01-01T00:00:00Z')
    await run.clock.pass(125_000)
    expect(times(events).slice(11)).toEqual(['00:02:00'])
    expect(run.logged('warn')).toEqual([expect.stringContaining('The clock was set back')])
    await run.clock.pass(10_000)
    expect(times(events).slice(11)).toEqual(['00:02:00', '00:02:10'])
  })

  test('one that was two days ahead is mended: every trigger starts anew, and says so', async () => {
    const run = await runCron({ clock: new ManualClock('2026-01-03T00:00:00Z') })
    const often = await run.collect('often', '*/10 * * * * *')
    const daily = await run.collect('daily', '0 1 0 * * *')
    await run.clock.pass(120_000)
    expect([often.length, daily.length]).toEqual([12, 1])
    run.clock.set('2026-01-01T00:00:01Z')
    await run.clock.pass(130_000)
    // It takes up to a minute until it is noticed.
    expect(
      often
        .slice(12)
        .map(({ scheduled_time }) => scheduled_time)
        .at(-1),
    ).toBe('2026-01-01T00:02:10+00:00')
    expect(often.length).toBeGreaterThanOrEqual(12 + 7)
    expect(daily.slice(1).map(({ scheduled_time }) => scheduled_time)).toEqual(['2026-01-01T00:01:00+00:00'])
    expect(new Set(run.logged('warn'))).toEqual(
      new Set(['The clock was set back a long way: a trigger starts anew, and may fire again what it has fired.']),
    )
  })

  test('several small steps back are a long way too, once they are longer than the limit', async () => {
    const run = await runCron({ config: { max_set_back_ms: 100_000 } })
    const events = await run.collect('job', '*/10 * * * * *')
    await run.clock.pass(300_000)
    const before = events.length
    run.clock.set('2026-01-01T00:03:50Z')
    await run.clock.pass(61_000)
    run.clock.set('2026-01-01T00:03:25Z')
    await run.clock.pass(61_000)
    // The last fire, at 5:00, was 95 s ahead at most: it was waited for.
    expect(events).toHaveLength(before)
    run.clock.set('2026-01-01T00:02:55Z')
    await run.clock.pass(80_000)
    expect(times(events).slice(before)).toContain('00:04:10')
  })

  test('with max_set_back_ms: 0 nothing is waited for', async () => {
    const run = await runCron({ config: { max_set_back_ms: 0 } })
    const events = await run.collect('job', '*/10 * * * * *')
    await run.clock.pass(30_000)
    run.clock.set('2026-01-01T00:00:00Z')
    await run.clock.pass(30_000)
    expect(times(events)).toEqual(['00:00:10', '00:00:20', '00:00:30', '00:00:20', '00:00:30'])
  })

  test('set back before the first fire: what comes next by the new time comes next', async () => {
    const run = await runCron({ clock: new ManualClock('2030-06-01T00:00:00Z') })
    const events = await run.collect('job', '0 0 0 1 1 *')
    await run.clock.pass(1_000)
    run.clock.set('2026-12-31T23:58:00Z')
    await run.clock.pass(180_000)
    expect(events.map(({ scheduled_time }) => scheduled_time)).toEqual(['2027-01-01T00:00:00+00:00'])
  })

  test('set back to where a time is still to come: it comes', async () => {
    const run = await runCron({ clock: new ManualClock('2030-06-01T00:00:00Z') })
    const events = await run.collect('job', '0 0 0 1 1 * 2027')
    await run.clock.pass(1_000)
    run.clock.set('2026-12-31T23:58:00Z')
    await run.clock.pass(180_000)
    expect(events.map(({ scheduled_time }) => scheduled_time)).toEqual(['2027-01-01T00:00:00+00:00'])
  })

  test('no drift: after an hour of slow handlers it still fires at the full second', async () => {
    const run = await runCron()
    const events = await run.collect('job', '0 * * * * *')
    await run.clock.pass(3_600_000)
    expect(events).toHaveLength(60)
    expect(new Set(events.map(({ actual_time }) => actual_time.slice(17)))).toEqual(new Set(['00.000+00:00']))
  })

  test('1,000 triggers wait with one timer, and wake it once a minute', async () => {
    const run = await runCron({ clock: new ManualClock('2026-01-01T00:00:01Z') })
    run.provide('f', () => undefined)
    await Promise.all(
      Array.from({ length: 1_000 }, (_, index) => run.bind(`job-${index}`, 'f', `0 ${index % 60} 12 * * *`)),
    )
    expect(run.clock.waiting).toBe(1)
    const before = run.clock.wakes
    await run.clock.pass(600_000)
    expect(run.clock.wakes - before).toBe(10)
    expect(run.engine.calls).toEqual([])
  })
})
