// What others need to know of `iii-queue`.
import type { BuiltInAbout } from '../../sdk/built-in.ts'

export const about = {
  name: 'iii-queue',
  alias: 'queue',
  classes: ['modules::queue::QueueModule', 'workers::queue::QueueModule'],
  adapterClasses: {
    'modules::queue::RedisAdapter': 'redis',
    'modules::queue::adapters::RedisAdapter': 'redis',
    'modules::queue::adapters::Bridge': 'bridge',
    'modules::queue::BuiltinQueueAdapter': 'builtin',
    'modules::queue::RabbitMQAdapter': 'rabbitmq',
  },
  functionIds: ['engine::queue::*', 'queue::define'],
  exactGrants: ['queue::define'],
  errors: {
    queue_not_found: 'There is no named queue of that name.',
    queue_full: 'The queue holds as many jobs or bytes as its settings allow. Nothing was stored.',
    queue_define_failed: 'The queue could not be made, or its settings not changed. The message says why.',
    message_group_missing: 'The payload lacks the member that names its group in a fifo queue. Nothing was stored.',
  },
  config: async () => (await import('./config.ts')).QUEUE_WORKER_SCHEMA,
  bounds: async () => (await import('./bounds.ts')).BOUNDS,
  declareFunctions: async (registrar) =>
    (await import('./functions.ts')).registerQueueFunctions(registrar, { enqueue: {}, define: {} } as never),
} as const satisfies BuiltInAbout

export type QueueErrorCode = keyof typeof about.errors
