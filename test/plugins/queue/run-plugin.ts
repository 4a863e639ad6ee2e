// The queue plugin alone on the real router, with what its tests ask of it again and again.
import { systemClock, type Clock } from '../../../base/time/clock.ts'
import type { QueueConfig, QueueWorkerConfig } from '../../../plugins/queue/config.ts'
import { QUEUE_WORKER_SCHEMA } from '../../../plugins/queue/config.ts'
import { openBuiltin } from '../../../plugins/queue/adapters/builtin/open-builtin.ts'
import { namedQueue } from '../../../plugins/queue/adapters/backend.ts'
import type { DeadLetter } from '../../../plugins/queue/job.ts'
import { startQueue } from '../../../plugins/queue/start.ts'
import { definePlugin } from '../../../sdk/plugin.ts'
import { collectingLog } from '../../support/collecting-log.ts'
import { Collector } from '../../support/deadline.ts'
import { runPlugin, type PluginRun } from '../../support/plugin-run.ts'
import { tempFolder } from '../../support/temp-folder.ts'

export interface RunningQueue extends PluginRun<QueueWorkerConfig> {
  readonly projectRoot: string
  /** Enqueues a call; resolves with the receipt. */
  enqueue(functionId: string, payload: unknown, members?: object): Promise<string>
  /** Provides a function; what it is called with is collected. */
  handle(functionId: string, handler?: (payload: any, metadata: unknown) => unknown): Collector<any>
  /** Ends the plugin and looks into its store. */
  deadLettersAtTheEnd(queue: string): Promise<readonly DeadLetter[]>
}

export interface QueueRunOptions {
  readonly clock?: Clock
  readonly projectRoot?: string
  /** Default `file_based`. */
  readonly method?: 'in_memory' | 'file_based'
}

/** @param queues beside `default` */
export async function runQueue(
  queues: Readonly<Record<string, QueueConfig>> = {},
  config: Partial<QueueWorkerConfig> = {},
  { clock = systemClock, projectRoot = tempFolder(), method = 'file_based' }: QueueRunOptions = {},
): Promise<RunningQueue> {
  const definition = definePlugin<QueueWorkerConfig>({
    name: 'iii-queue',
    config: QUEUE_WORKER_SCHEMA,
    start: (context) => startQueue(context, clock),
  })
  const adapter = { name: 'builtin', config: { store_method: method } }
  const run = await runPlugin(
    definition,
    { adapter, queue_configs: queues, ...config },
    { triggerType: 'durable:subscriber', projectRoot },
  )
  const { worker } = run
  return {
    ...run,
    projectRoot,
    async enqueue(functionId, payload, { queue = 'default', ...members }: { queue?: string } = {}) {
      const action = { type: 'enqueue', queue, ...members } as const
      const receipt = await worker.trigger({ function_id: functionId, payload, action })
      return (receipt as { messageReceiptId: string }).messageReceiptId
    },
    handle(functionId, handler = () => null) {
      const calls = new Collector<unknown>()
      worker.registerFunction(functionId, (payload, metadata) => {
        calls.add(payload)
        return handler(payload, metadata)
      })
      return calls
    },
    async deadLettersAtTheEnd(queue) {
      await run.stop()
      const backend = openBuiltin({ config: {}, projectRoot, log: collectingLog() })
      const letters = await backend.deadLetters(namedQueue(queue), { offset: 0, limit: 100, order: 'newest' })
      await backend.close(0)
      return letters
    },
  }
}
