// Check 55 of spec 03, and the other answers to a trigger that is due while its last run is under way.
import { describe, expect, test } from 'vitest'
import { runCron } from './run-plugin.ts'

describe('55. overlap', () => {
  /** A handler whose runs end when the test says so. */
  async function slowJob(config: object, settings = {}) {
    const run = await runCron({ config: settings })
    const started: string[] = []
    const ends: (() => void)[] = []
    run.provide('slow', (event: { scheduled_time: string }) => {
      started.push(event.scheduled_time.slice(17, 19))
      return new Promise<void>((resolve) => ends.push(resolve))
    })
    await run.bind('job', 'slow', { expression: '* * * * * *', ...config })
    return { run, started, end: () => ends.shift()!() }
  }

  test('skip: no second run beside the first, and what was skipped does not come later', async () => {
    const { run, started, end } = await slowJob({})
    await run.clock.pass(3_500)
    expect(started).toEqual(['01'])
    end()
    await run.clock.pass(1_000)
    expect(started).toEqual(['01', '04'])
  })

  test('a handler that hangs holds up its own trigger only, other triggers of the same function go on', async () => {
    const { run, started } = await slowJob({})
    await run.bind('other', 'slow', '*/2 * * * * *')
    await run.clock.pass(4_500)
    expect(started).toEqual(['01', '02'])
  })

  test('queue: the fires come one after the other, up to max_waiting_runs', async () => {
    const { run, started, end } = await slowJob({ overlap: 'queue', max_waiting_runs: 2 })
    await run.clock.pass(5_500)
    expect(started).toEqual(['01'])
    for (const expected of [
      ['01', '02'],
      ['01', '02', '03'],
    ]) {
      end()
      await run.clock.pass(0)
      expect(started).toEqual(expected)
    }
    end()
    await run.clock.pass(1_000)
    expect(started).toEqual(['01', '02', '03', '06'])
    expect(run.logged('warn')).toContain('A fire of slow was dropped: 2 wait already (max_waiting_runs).')
  })

  test('allow: runs side by side, up to max_parallel_runs', async () => {
    const { run, started, end } = await slowJob({ overlap: 'allow', max_parallel_runs: 2 })
    await run.clock.pass(3_500)
    expect(started).toEqual(['01', '02'])
    expect(run.logged('warn')).toEqual(['A fire of slow was dropped: 2 runs are under way (max_parallel_runs).'])
    end()
    await run.clock.pass(1_000)
    expect(started).toEqual(['01', '02', '04'])
  })

  test("the worker's settings hold for triggers that say nothing", async () => {
    const { run, started } = await slowJob({}, { overlap: 'allow' })
    await run.clock.pass(2_500)
    expect(started).toEqual(['01', '02'])
    await run.configure({})
    await run.clock.pass(1_000)
    expect(started).toEqual(['01', '02'])
    await run.configure({ overlap: 'allow', max_parallel_runs: 3 })
    await run.clock.pass(2_000)
    expect(started).toEqual(['01', '02', '04'])
  })

  test('run_timeout_ms: the trigger goes on without a handler that hangs', async () => {
    const run = await runCron()
    const events: unknown[] = []
    const second = Promise.withResolvers<void>()
    run.provide('hangs', (event: never) => {
      if (events.push(event) === 2) second.resolve()
      return new Promise(() => {})
    })
    await run.bind('job', 'hangs', { expression: '* * * * * *', run_timeout_ms: 20 })
    await run.clock.pass(1_000)
    expect(events).toHaveLength(1)
    // The limit is kept by the handle, in real time.
    await expect.poll(() => run.logged('error')).toEqual([expect.stringContaining('The handler hangs failed')])
    await run.clock.pass(1_000)
    await second.promise
    expect(events).toHaveLength(2)
  })
})
