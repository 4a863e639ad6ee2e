// Runs the cron plugin on a fake engine: what the plugin host would do, without threads and hand-overs, on a clock of the test.
import { onTestFinished } from 'vitest'
import type { CronConfig } from '../../../plugins/cron/config.ts'
import { startCron } from '../../../plugins/cron/start.ts'
import type { ErrorBody } from '../../../protocol/errors.ts'
import type { RunningPlugin, StopReason } from '../../../sdk/plugin.ts'
import type { collectingLog } from '../../support/collecting-log.ts'
import { FakeEngine } from '../../support/fake-engine.ts'
import { pluginContext } from '../../support/plugin-run.ts'
import { tempFolder } from '../../support/temp-folder.ts'
import { ManualClock, settled } from './manual-clock.ts'

export interface CronEvent {
  readonly trigger: string
  readonly job_id: string
  readonly scheduled_time: string
  readonly actual_time: string
}

export interface RunOptions {
  readonly config?: CronConfig
  readonly clock?: ManualClock
  /** Default: a new one. */
  readonly dataDir?: string
}

export interface RunningCron {
  readonly engine: FakeEngine
  readonly clock: ManualClock
  readonly log: ReturnType<typeof collectingLog>
  readonly plugin: RunningPlugin<CronConfig>
  readonly dataDir: string
  provide(functionId: string, handler: (data: never, metadata?: unknown) => unknown): void
  /** Binds type `cron`; rejects when it is refused. A config that is a text is the expression. */
  bind(
    id: string,
    functionId: string,
    config: unknown,
    more?: { metadata?: unknown; namespace?: string },
  ): Promise<void>
  refusalOf(config: unknown): Promise<ErrorBody>
  unbind(id: string): Promise<void>
  /** Provides a function of that name that collects its events, and binds it under the same id. */
  collect(id: string, config: unknown): Promise<CronEvent[]>
  logged(level: string): string[]
  configure(config: CronConfig): Promise<void>
  stop(reason?: StopReason): Promise<void>
}

export const START = '2026-01-01T00:00:00.000Z'

export async function runCron({
  config = {},
  clock = new ManualClock(START),
  dataDir = tempFolder(),
}: RunOptions = {}): Promise<RunningCron> {
  const engine = new FakeEngine()
  const context = pluginContext(engine, dataDir, config)
  const { log } = context
  const plugin = await startCron(context, clock)
  const worker = engine.connect()
  let stopped = false
  const bindAs: RunningCron['bind'] = async (id, function_id, settings, more) => {
    const error = await engine.bind({
      id,
      function_id,
      trigger_type: 'cron',
      config: typeof settings === 'string' ? { expression: settings } : settings,
      ...more,
    })
    if (error !== undefined) throw Object.assign(new Error(error.message), { code: error.code })
  }
  const run: RunningCron = {
    engine,
    clock,
    log,
    plugin,
    dataDir,
    provide: (functionId, handler) => void worker.registerFunction(functionId, handler as never),
    bind: bindAs,
    refusalOf: async (settings) => {
      const error = await engine.bind({ id: 'refused', function_id: 'f', trigger_type: 'cron', config: settings })
      if (error === undefined) throw new Error('The binding was accepted.')
      return error
    },
    unbind: async (id) => {
      engine.unbind(id, 'cron')
      await settled()
    },
    collect: async (id, settings) => {
      const events: CronEvent[] = []
      run.provide(id, (event: never) => void events.push(event))
      await bindAs(id, id, settings)
      return events
    },
    logged: (level) => log.lines.filter((line) => line.level === level).map(({ message }) => message),
    configure: async (changed) => {
      if ((await plugin.reconfigure!(changed)) === false) throw new Error('Not applied in place.')
    },
    stop: async (reason = 'shutdown') => {
      if (stopped) return
      stopped = true
      await passingTime(clock, Promise.resolve(plugin.stop!({ reason })))
    },
  }
  onTestFinished(() => run.stop())
  return run
}

/** Scheduled times, without date and offset. */
export function times(events: readonly CronEvent[]): string[] {
  return events.map(({ scheduled_time }) => scheduled_time.slice(11, 19))
}

/** What waits for time to pass gets it. */
async function passingTime(clock: ManualClock, promise: Promise<void>): Promise<void> {
  const over = new AbortController()
  const done = promise.finally(() => over.abort())
  while (!over.signal.aborted) {
    await settled()
    // What waits for the disk needs none.
    if (!over.signal.aborted && clock.waiting > 0) await clock.pass(10)
  }
  await done
}
