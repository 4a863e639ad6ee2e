// `iii-queue`: calls that are made later, durably, with retries and dead letters (spec 03 §3–§6).
import { systemClock } from '../../base/time/clock.ts'
import { definePlugin } from '../../sdk/plugin.ts'
import { openBackend, QUEUE_ADAPTERS } from './adapters.ts'
import { QUEUE_WORKER_SCHEMA, queueWorkerSettings, type QueueWorkerConfig } from './config.ts'
import { registerQueueFunctions } from './functions.ts'
import { KnownFunctions, type FunctionsChanged } from './known-functions.ts'
import { NamedQueues } from './named-queues.ts'

/** How long `stop` waits for what is being delivered; the host allows 10 s for all of it. */
const STOP_MS = 5_000
/** Told of the functions that come and go. */
const WATCH_FUNCTION = 'iii-queue::on-functions-changed'

export default definePlugin<QueueWorkerConfig>({
  name: 'iii-queue',
  description: 'Keeps calls and messages durably until they have been handled, with retries and dead letters.',
  config: QUEUE_WORKER_SCHEMA,
  isolation: 'thread',
  async start({ iii, config, log, engine }) {
    let settings = queueWorkerSettings(config)
    const clock = systemClock
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
      stop: () => backend.close(STOP_MS),
    }
  },
})
