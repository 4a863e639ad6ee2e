// `iii-queue`: calls that are made later, durably, with retries and dead letters (spec 03 §3–§6).
import { systemClock } from '../../base/time/clock.ts'
import { definePlugin } from '../../sdk/plugin.ts'
import { QUEUE_WORKER_SCHEMA, type QueueWorkerConfig } from './config.ts'
import { startQueue } from './start.ts'

export default definePlugin<QueueWorkerConfig>({
  name: 'iii-queue',
  description: 'Keeps calls and messages durably until they have been handled, with retries and dead letters.',
  config: QUEUE_WORKER_SCHEMA,
  isolation: 'shared',
  start: (context) => startQueue(context, systemClock),
})
