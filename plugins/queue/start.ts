// A running queue worker: backend, named queues and functions put together, on a clock that is handed in.
import type { Clock } from '../../base/time/clock.ts'
import type { PluginContext, RunningPlugin } from '../../sdk/plugin.ts'
import { openBackend, QUEUE_ADAPTERS } from './adapters.ts'
import { queueWorkerSettings, type QueueWorkerConfig } from './config.ts'
import { registerQueueFunctions } from './functions.ts'
import { KnownFunctions, type FunctionsChanged } from './known-functions.ts'
import { NamedQueues } from './named-queues.ts'

/** How long `stop` waits for what is being delivered; the host allows 10 s for all of it. */
const STOP_MS = 5_000
/** Told of the functions that come and go. */
const WATCH_FUNCTION = 'iii-queue::on-functions-changed'

export async function startQueue(
  context: PluginContext<QueueWorkerConfig>,
  clock: Clock,
): Promise<RunningPlugin<QueueWorkerConfig>> {
  const { iii, config, log, engine } = context
  let settings = queueWorkerSettings(config)
  const backend = await openBackend(config.adapter, { projectRoot: engine.projectRoot, log, clock })
  const functions = new KnownFunctions(clock)
  const queues = new NamedQueues(backend, {
    call: (request) => iii.trigger(request),
    functions,
    clock,
    functionWaitMs: () => settings.functionWaitMs,
  })
  registerQueueFunctions(iii, {
    enqueue: { backend, queues, now: () => clock.now() },
    define: { queues, call: (request) => iii.trigger(request) },
  })
  iii.registerFunction(WATCH_FUNCTION, (change: FunctionsChanged) => functions.apply(change), {
    metadata: { internal: true },
  })
  iii.registerTrigger({ type: 'engine::functions-changed', function_id: WATCH_FUNCTION, config: {} })
  await queues.apply(settings.queues)

  return {
    async reconfigure(changed) {
      if (!QUEUE_ADAPTERS.isSame(changed.adapter, config.adapter)) return false
      settings = queueWorkerSettings(changed)
      await queues.apply(settings.queues)
      return true
    },
    async stop() {
      await backend.close(STOP_MS)
      functions.wakeAll()
    },
  }
}
