// Runs the cron plugin alone on the real router, on a clock of the test.
import { onTestFinished } from 'vitest'
import type { CronConfig } from '../../../plugins/cron/config.ts'
import { startCron } from '../../../plugins/cron/start.ts'
import type { ErrorBody } from '../../../protocol/errors.ts'
import type { RunningPlugin, StopReason } from '../../../sdk/plugin.ts'
import cronPlugin from '../../../plugins/cron/index.ts'
import { HeldPlugin } from '../../support/plugin-run.ts'
import { startTestEngine, type BoundTrigger, type CollectingLog, type TestEngine } from '../../../testing/index.ts'
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
  readonly engine: TestEngine
  readonly clock: ManualClock
  readonly log: CollectingLog
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
  const engine = await startTestEngine({ projectRoot: dataDir })
  const held = new HeldPlugin<CronConfig>({ ...cronPlugin, start: (context) => startCron(context, clock) })
  const host = await engine.run(held.definition, { config, builtIn: true, dataDir })
  const { log } = host
  const plugin = held.running
  const worker = engine.connect()
  const bindings = new Map<string, BoundTrigger>()
  let stopped = false
  const bindAs: RunningCron['bind'] = async (id, function_id, settings, more) => {
    const expression = typeof settings === 'string' ? { expression: settings } : settings
    bindings.set(id, await engine.bind({ type: 'cron', id, function_id, config: expression, ...more }))
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
      const refusal = await engine.bind({ type: 'cron', id: 'refused', function_id: 'f', config: settings }).then(
        () => undefined,
        (error: ErrorBody) => error,
      )
      if (refusal === undefined) throw new Error('The binding was accepted.')
      return refusal
    },
    unbind: async (id) => {
      bindings.get(id)?.unregister()
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
      if (!(await host.reconfigure(changed))) throw new Error('Not applied in place.')
    },
    stop: async (reason = 'shutdown') => {
      if (stopped) return
      stopped = true
      await passingTime(clock, Promise.resolve(plugin.stop?.({ reason })))
    },
  }
  onTestFinished(async () => {
    await run.stop()
    await engine.close()
  })
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
