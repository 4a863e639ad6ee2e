// A running queue worker: backend, named queues and functions put together, on a clock that is handed in.
import type { Clock } from '../../base/time/clock.ts'
import type { FunctionsChanged } from '../../kit/functions/functions-changed.ts'
import { Spans } from '../../kit/telemetry/spans.ts'
import { CodedError } from '../../protocol/errors.ts'
import { SEATS } from '../../protocol/seats.ts'
import type { PluginContext, RunningPlugin } from '../../sdk/plugin.ts'
import { openBackend, QUEUE_ADAPTERS } from './adapters.ts'
import { AwaitingJobs } from './awaiting-jobs.ts'
import type { DeliveryDeps } from './delivery.ts'
import { queueWorkerSettings, type QueueWorkerConfig } from './config.ts'
import { registerQueueFunctions } from './functions.ts'
import { KnownFunctions } from './known-functions.ts'
import { NamedQueues } from './named-queues.ts'
import { TopicWorker } from './topic-worker.ts'
import { QueueHealth } from './watch/queue-health.ts'
import { QueueSpans } from './watch/queue-spans.ts'

/** How long `stop` waits for what is being delivered; the host allows 10 s for all of it. */
const STOP_MS = 5_000
/** Told of the functions that come and go. */
const WATCH_FUNCTION = 'iii-queue::on-functions-changed'

export async function startQueue(
  context: PluginContext<QueueWorkerConfig>,
  clock: Clock,
): Promise<RunningPlugin<QueueWorkerConfig>> {
  const { iii, config, log, engine } = context
  let tryAgain = (): void => {}
  const health = new QueueHealth((part, state) => context.reportHealth(part, state))
  let settings = queueWorkerSettings(config)
  const backend = await openBackend(config.adapter, {
    projectRoot: engine.projectRoot,
    log,
    clock,
    onStateChange: (state) => {
      health.stateChanged(state)
      if (state === 'connected') tryAgain()
    },
  })
  health.opened(backend.brokerType, backend.state)
  const awaiting = new AwaitingJobs({ log, functionWaitMs: () => settings.functionWaitMs })
  const functions = new KnownFunctions(clock, (functionId) => awaiting.appeared(functionId))
  const spans = new QueueSpans(
    new Spans({ iii, clock, service: 'iii-queue', isWanted: () => functions.has('default', SEATS.telemetry) }),
  )
  const delivery: DeliveryDeps = {
    call: (request) => iii.trigger(request),
    functions,
    awaiting,
    spans,
    clock,
    functionWaitMs: () => settings.functionWaitMs,
  }
  const topics: TopicWorker = new TopicWorker({
    iii,
    log,
    clock,
    backend,
    delivery,
    awaiting,
    named: { names: () => queues.all().keys(), settingsOf: (name) => queues.find(name)?.settings },
    config: QUEUE_ADAPTERS.chosen(config.adapter).config,
    legacySharedTopics: settings.legacySharedTopics,
  })
  const observed = topics.observed.bind(topics)
  const queues: NamedQueues = new NamedQueues(backend, { ...delivery, log, observed, troubled: health.troubled })
  tryAgain = () => queues.tryAgain()
  registerQueueFunctions(iii, {
    enqueue: { backend, queues, now: () => clock.now(), stored: (queue) => topics.stored(queue), spans },
    define: { queues, call: (request) => iii.trigger(request), adapter: config.adapter },
    publish: topics.publish,
    admin: topics.admin,
  })
  const functionsChanged = (change: FunctionsChanged): void => {
    functions.apply(change)
    if (change.added.length > 0) backend.functionsChanged?.()
  }
  iii.registerFunction(WATCH_FUNCTION, functionsChanged, { metadata: { internal: true } })
  iii.registerTrigger({ type: 'engine::functions-changed', function_id: WATCH_FUNCTION, config: {} })
  await queues.start(settings.queues)
  topics.registerTriggerTypes()

  return {
    async reconfigure(changed) {
      if (!QUEUE_ADAPTERS.isSame(changed.adapter, config.adapter)) return false
      const wanted = queueWorkerSettings(changed)
      if (wanted.legacySharedTopics !== settings.legacySharedTopics) return false
      const before = settings
      settings = wanted
      await queues.apply(wanted.queues).catch(async (refusal: unknown) => {
        settings = before
        await queues.apply(before.queues)
        // A new generation would not do better, and could not begin before the call of `queue::define` has ended that asks for this.
        throw new CodedError('PLUGIN_CONFIG_INVALID', refusal instanceof Error ? refusal.message : String(refusal))
      })
      return true
    },
    async stop() {
      queues.close()
      // Jobs in hand may enqueue others until they have ended; what comes after goes to the next generation.
      await backend.close(STOP_MS, iii.passCallsOn)
      spans.flush()
      await topics.close()
    },
  }
}
