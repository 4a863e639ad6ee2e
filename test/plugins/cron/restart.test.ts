// What a cron worker does about the time in which it did not run: a change of generation loses and doubles nothing, a real
// absence is skipped or made up for once.
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { RememberedFires } from '../../../plugins/cron/remembered-fires.ts'
import { readCronPlan } from '../../../plugins/cron/trigger.ts'
import { TimeZones } from '../../../plugins/cron/time-zone.ts'
import { collectingLog } from '../../support/collecting-log.ts'
import { tempFolder } from '../../support/temp-folder.ts'
import { ManualClock, settled } from './manual-clock.ts'
import { runCron, START, times, type CronEvent, type RunningCron } from './run-plugin.ts'

/** A generation, its end, a gap, and the next generation with the same trigger. */
async function generations(expression: unknown, gapMs: number, reason: 'reload' | 'stop' = 'reload') {
  const clock = new ManualClock(START)
  const first = await runCron({ clock })
  const before = await first.collect('job', expression)
  await clock.pass(2_500)
  await first.stop(reason)
  await clock.pass(gapMs)
  const second = await runCron({ clock, dataDir: first.dataDir })
  const after = await second.collect('job', expression)
  await clock.pass(1_000)
  return { clock, first, second, before, after }
}

describe('a change of generation', () => {
  test('without a fire in between: the schedule goes on', async () => {
    const { before, after } = await generations('* * * * * *', 10)
    expect([times(before), times(after)]).toEqual([['00:00:01', '00:00:02'], ['00:00:03']])
  })

  test('what was due in between fires, each once and in order', async () => {
    const { before, after } = await generations('* * * * * *', 3_700)
    expect(times(before)).toEqual(['00:00:01', '00:00:02'])
    expect(times(after)).toEqual(['00:00:03', '00:00:04', '00:00:05', '00:00:06', '00:00:07'])
  })

  test('one after the other, though the handler is slow', async () => {
    const clock = new ManualClock(START)
    const first = await runCron({ clock })
    await first.collect('job', '* * * * * *')
    await clock.pass(500)
    await first.stop('reload')
    await clock.pass(3_000)
    const second = await runCron({ clock, dataDir: first.dataDir })
    const [started, ends]: [string[], (() => void)[]] = [[], []]
    second.provide('job', (event: never) => {
      started.push(...times([event]))
      return new Promise<void>((resolve) => ends.push(resolve))
    })
    await second.bind('job', 'job', '* * * * * *')
    for (const count of [1, 2, 3]) {
      await settled()
      expect(started).toHaveLength(count)
      ends.shift()!()
    }
    expect(started).toEqual(['00:00:01', '00:00:02', '00:00:03'])
  })

  test('a fire whose handler had not been called is done by the next generation', async () => {
    const clock = new ManualClock(START)
    const first = await runCron({ clock })
    const asked: unknown[] = []
    first.provide('condition', (event: never) => {
      asked.push(event)
      return new Promise(() => {})
    })
    const config = { expression: '*/10 * * * * *', condition_function_id: 'condition' }
    const before = await first.collect('job', config)
    await clock.pass(10_000)
    expect(asked).toHaveLength(1)
    await first.stop('reload')
    const second = await runCron({ clock, dataDir: first.dataDir })
    second.provide('condition', () => true)
    const after = await second.collect('job', config)
    await settled()
    expect([times(before), times(after)]).toEqual([[], ['00:00:10']])
  })

  test('fires that wait behind a run are done by the next generation', async () => {
    const clock = new ManualClock(START)
    const config = { expression: '* * * * * *', overlap: 'queue' }
    const first = await runCron({ clock })
    first.provide('job', () => new Promise(() => {}))
    await first.bind('job', 'job', config)
    await clock.pass(3_500)
    await first.stop('reload')
    const second = await runCron({ clock, dataDir: first.dataDir })
    const after = await second.collect('job', config)
    await settled()
    expect(times(after)).toEqual(['00:00:02', '00:00:03'])
  })

  test('a trigger that changed meanwhile begins anew', async () => {
    const clock = new ManualClock(START)
    const first = await runCron({ clock })
    await first.collect('job', '* * * * * *')
    await first.stop('reload')
    await clock.pass(5_000)
    const second = await runCron({ clock, dataDir: first.dataDir })
    const after = await second.collect('job', '*/2 * * * * *')
    await clock.pass(2_000)
    expect(times(after)).toEqual(['00:00:06'])
  })

  test('a trigger that comes later than the others is a new one', async () => {
    const clock = new ManualClock(START)
    const first = await runCron({ clock })
    await first.collect('there', '* * * * * *')
    await first.collect('away', '* * * * * *')
    await first.stop('reload')
    const second = await runCron({ clock, dataDir: first.dataDir })
    await second.collect('there', '* * * * * *')
    await clock.pass(5_500)
    const events = await second.collect('away', '* * * * * *')
    await settled()
    expect(events).toEqual([])
    await clock.pass(1_000)
    expect(times(events)).toEqual(['00:00:06'])
  })

  test('a gap of more than a minute counts as an absence', async () => {
    const { after } = await generations('*/30 * * * * *', 61_000)
    expect(times(after)).toEqual([])
  })

  test('a clock that was two days ahead is mended just before it: the trigger starts anew', async () => {
    const clock = new ManualClock('2026-01-03T00:00:00Z')
    const first = await runCron({ clock })
    await first.collect('job', '* * * * * *')
    await clock.pass(2_500)
    clock.set('2026-01-01T00:00:00Z')
    await first.stop('reload')
    const second = await runCron({ clock, dataDir: first.dataDir })
    const after = await second.collect('job', '* * * * * *')
    await clock.pass(2_000)
    expect(after.map(({ scheduled_time }) => scheduled_time.slice(0, 19))).toEqual([
      '2026-01-01T00:00:01',
      '2026-01-01T00:00:02',
    ])
  })

  test('the hand-over is used once', async () => {
    const { clock, first, second } = await generations('* * * * * *', 10)
    expect(existsSync(join(first.dataDir, 'hand-over.json'))).toBe(false)
    await second.stop('shutdown')
    expect(existsSync(join(first.dataDir, 'hand-over.json'))).toBe(false)
    await clock.pass(5_000)
    const third = await runCron({ clock, dataDir: first.dataDir })
    const events = await third.collect('job', '* * * * * *')
    await settled()
    expect(events).toEqual([])
  })

  test('a generation that never got a trigger leaves it to the next one', async () => {
    const clock = new ManualClock(START)
    const first = await runCron({ clock })
    await first.collect('job', '* * * * * *')
    await clock.pass(500)
    await first.stop('reload')
    await runCron({ clock, dataDir: first.dataDir })
    await clock.pass(1_000)
    const third = await runCron({ clock, dataDir: first.dataDir })
    const events = await third.collect('job', '* * * * * *')
    await settled()
    expect(times(events)).toEqual(['00:00:01'])
  })

  test.each(['{', '{"stopped_at":1}', '{"stopped_at":1,"jobs":{"job":{"after":1}}}', 'null'])(
    'a damaged hand-over %s is told and ignored',
    async (text) => {
      const dataDir = tempFolder()
      writeFileSync(join(dataDir, 'hand-over.json'), text)
      const run = await runCron({ dataDir })
      const events = await run.collect('job', '* * * * * *')
      await run.clock.pass(1_000)
      expect(times(events)).toEqual(['00:00:01'])
      expect(run.logged('warn')).toEqual(['The hand-over of the previous generation is damaged and was ignored.'])
    },
  )

  test('one that can not be written or read is told, and the rest goes on', async () => {
    const clock = new ManualClock(START)
    const first = await runCron({ clock })
    mkdirSync(join(first.dataDir, 'hand-over.json'))
    await first.collect('job', '* * * * * *')
    expect(first.logged('warn')).toEqual(['The hand-over of the previous generation can not be read.'])
    await first.stop('reload')
    expect(first.logged('warn')[1]).toContain('the hand-over can not be written')
  })

  test('a handler has 50 ms to end; its run is over then', async () => {
    const run = await runCron()
    const answer = Promise.withResolvers<void>()
    run.provide('job', () => answer.promise)
    await run.bind('job', 'job', '* * * * * *')
    await run.clock.pass(1_000)
    const before = run.clock.now()
    await run.stop('shutdown')
    expect(run.clock.now() - before).toBe(50)
    answer.resolve()
  })
})

describe('an absence', () => {
  test('by default what was missed is skipped', async () => {
    const { after } = await generations('* * * * * *', 10_000, 'stop')
    expect(times(after)).toEqual(['00:00:13'])
  })

  test('fire_once: the last fire that was missed comes once, whatever the new id', async () => {
    const config = { expression: '*/3 * * * * *', misfire: 'fire_once' }
    const clock = new ManualClock(START)
    const first = await runCron({ clock })
    const early: never[] = []
    first.provide('f', (event: never) => void early.push(event))
    await first.bind('id of then', 'f', config)
    await clock.pass(4_000)
    await fired(early, '00:00:03')
    await first.stop('stop')
    await clock.pass(100_000)
    const second = await runCron({ clock, dataDir: first.dataDir })
    const events: never[] = []
    second.provide('f', (event: never) => void events.push(event))
    await second.bind('id of now', 'f', config)
    await fired(events, '00:01:42')
    await clock.pass(3_000)
    await fired(events, '00:01:42', '00:01:45')
  })

  test('fire_once: also when the process was killed, and nothing when nothing was missed', async () => {
    const config = { expression: '0 0 * * * *', misfire: 'fire_once' }
    const killed = await runCron()
    await killed.bind('job', 'f', config)
    await killed.clock.pass(3_600_000)
    // The time of this one stands still from now on.
    await fileContains(killed, `${Date.parse('2026-01-01T01:00:00Z') / 1_000}`)
    const again = async (at: string, ...expected: string[]): Promise<void> => {
      const run = await runCron({ clock: new ManualClock(at), dataDir: killed.dataDir })
      const events = await collected(run, config)
      await fired(events, ...expected)
      // Waits for what is still to be written: a fire that was not expected would come before its end.
      await run.stop()
      expect(times(events)).toEqual(expected)
    }
    await again('2026-01-01T01:30:00Z')
    await again('2026-01-01T03:20:00Z', '03:00:00')
    await again('2026-01-01T03:30:00Z')
  })

  test('fire_once: a worker that was away when its trigger was due gets it when it is back', async () => {
    const run = await runCron({ config: { misfire: 'fire_once' } })
    const events = await run.collect('job', '*/10 * * * * *')
    await run.unbind('job')
    await run.clock.pass(15_000)
    expect(events).toEqual([])
    await run.bind('job again', 'job', '*/10 * * * * *')
    await fired(events, '00:00:10')
    await run.clock.pass(5_000)
    await fired(events, '00:00:10', '00:00:20')
  })

  test('fire_once: a gap of more than a minute between generations', async () => {
    const { after } = await generations({ expression: '*/30 * * * * *', misfire: 'fire_once' }, 100_000)
    await fired(after, '00:01:30')
  })

  test('fire_once set at run time counts from then on', async () => {
    const clock = new ManualClock(START)
    const first = await runCron({ clock })
    await first.collect('job', '*/10 * * * * *')
    await clock.pass(5_000)
    await first.configure({ misfire: 'fire_once' })
    await first.stop('stop')
    await clock.pass(10_000)
    const second = await runCron({ clock, dataDir: first.dataDir, config: { misfire: 'fire_once' } })
    const events = await second.collect('job', '*/10 * * * * *')
    await fired(events, '00:00:10')
  })

  test('nothing is written for triggers that skip', async () => {
    const run = await runCron()
    await run.collect('job', '* * * * * *')
    await run.clock.pass(2_000)
    await run.stop()
    expect(existsSync(join(run.dataDir, 'fires.json'))).toBe(false)
  })
})

describe('the remembered fires', () => {
  const plan = readCronPlan({ expression: '* * * * * *' }, { dowNumbering: 'quartz', zone: new TimeZones().get })
  const trigger = (function_id: string) => ({ id: 'job', function_id, config: {} })

  test('are as many as the limit allows; the one noted longest ago goes', async () => {
    const folder = tempFolder()
    const fires = new RememberedFires({ folder: () => folder, log: collectingLog(), maxTriggers: 2 })
    for (const name of ['a', 'b', 'a', 'c']) await fires.note(trigger(name), plan, 10)
    const read = new RememberedFires({ folder: () => folder, log: collectingLog() })
    expect(['a', 'b', 'c'].map((name) => read.missed(trigger(name), plan, 12))).toEqual([12, undefined, 12])
    await read.settled()
  })

  test('one by a clock that was far ahead counts for nothing; one by a clock that was a little ahead does', async () => {
    const folder = tempFolder()
    const fires = new RememberedFires({ folder: () => folder, log: collectingLog(), maxSetBackMs: () => 100_000 })
    for (const [name, second] of [
      ['far', 10_000],
      ['near', 150],
    ] as const)
      await fires.note(trigger(name), plan, second)
    const read = (name: string, now: number) => fires.missed(trigger(name), plan, now)
    expect([read('far', 100), read('near', 100)]).toEqual([undefined, undefined])
    // From then on what was missed is told by the time as it is.
    expect([read('far', 140), read('near', 140), read('near', 160)]).toEqual([140, undefined, 160])
    await fires.note(trigger('ahead'), plan, 10_000)
    await fires.note(trigger('ahead'), plan, 200)
    expect(read('ahead', 210)).toBe(210)
    await fires.settled()
  })

  test('noted in one turn share a write, and each is written when its note resolves', async () => {
    const folder = tempFolder()
    const fires = new RememberedFires({ folder: () => folder, log: collectingLog() })
    await Promise.all(['a', 'b', 'c'].map((name) => fires.note(trigger(name), plan, 5)))
    expect(JSON.parse(readFileSync(join(folder, 'fires.json'), 'utf8'))).toHaveLength(3)
    await fires.note(trigger('a'), plan, 4)
    expect(fires.missed(trigger('a'), plan, 5)).toBeUndefined()
    expect(readdirSync(folder)).toEqual(['fires.json'])
  })

  test('a damaged file is told, and counts as none', () => {
    const folder = tempFolder()
    writeFileSync(join(folder, 'fires.json'), '[["a","b"]]')
    const log = collectingLog()
    const fires = new RememberedFires({ folder: () => folder, log })
    expect(fires.missed(trigger('a'), plan, 5)).toBeUndefined()
    expect(log.lines[0]?.message).toContain('what was missed before now is not made up for')
    return fires.settled()
  })

  test('a folder that can not be written is told, and nobody waits for it', async () => {
    const folder = tempFolder()
    rmSync(folder, { recursive: true })
    const log = collectingLog()
    const fires = new RememberedFires({ folder: () => folder, log })
    await fires.note(trigger('a'), plan, 5)
    expect(log.lines.map(({ level, message }) => [level, message])).toEqual([
      ['warn', expect.stringContaining('can not be written')],
    ])
  })
})

/** Fires of such triggers wait for the disk. */
async function fired(events: readonly CronEvent[], ...expected: string[]): Promise<void> {
  await expect.poll(() => times(events)).toEqual(expected)
}

async function fileContains({ dataDir }: RunningCron, text: string): Promise<void> {
  await expect.poll(() => readFileSync(join(dataDir, 'fires.json'), 'utf8')).toContain(text)
}

async function collected(run: RunningCron, config: unknown): Promise<never[]> {
  const events: never[] = []
  run.provide('f', (event: never) => void events.push(event))
  await run.bind('job', 'f', config)
  return events
}
