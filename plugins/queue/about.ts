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
  triggerTypes: ['durable:subscriber', 'queue', 'queue:dead-letter'],
  exactTriggerTypes: ['queue:dead-letter'],
  isDefault: true,
  functionIds: ['engine::queue::*', 'queue::define', 'iii::durable::publish', 'enqueue', 'iii::queue::*'],
  exactGrants: [
    'engine::queue::enqueue',
    'queue::define',
    'iii::queue::discard_message',
    'iii::queue::discard',
    'iii::queue::pause',
    'iii::queue::resume',
    'iii::queue::unsubscribe',
  ],
  errors: {
    queue_not_found: 'There is no named queue of that name.',
    queue_full: 'The queue holds as many jobs or bytes as its settings allow. Nothing was stored.',
    unsupported: 'The adapter can not do it. The message says what; nothing was changed.',
    queue_define_failed: 'The queue could not be made, or its settings not changed. The message says why.',
    topic_not_set: 'The topic is empty.',
    durable_publish_failed: 'The message could not be stored.',
    queue_not_set: 'The name of the queue is empty.',
    topic_required: 'The name of the topic is empty.',
    message_id_not_set: 'The id of the message is empty.',
    list_topics_failed: 'The queues and topics could not be listed.',
    topic_stats_failed: 'The messages of the queue or topic could not be counted.',
    status_failed: 'The messages of the queue or topic could not be counted.',
    dlq_topics_failed: 'The queues and topics with dead letters could not be listed.',
    dlq_messages_failed: 'The dead letters could not be listed.',
    redrive_failed: 'The dead letters could not be put back.',
    redrive_message_failed: 'The dead letter could not be put back.',
    discard_failed: 'The dead letters could not be forgotten.',
    discard_message_failed: 'The dead letter could not be forgotten.',
    peek_failed: 'The messages that wait could not be listed.',
    delayed_failed: 'The delayed messages could not be listed.',
    pause_failed: 'The queue could not be paused.',
    resume_failed: 'The queue could not be resumed.',
    unsubscribe_failed: 'The subscription could not be ended. The message says why.',
    metrics_failed: 'The figures of the queues could not be read.',
    message_group_missing: 'The payload lacks the member that names its group in a fifo queue. Nothing was stored.',
  },
  tryNext: 'queue list',
  commands: {
    queue: {
      summary: 'List queues and topics, look into them, redrive, pause and resume them',
      examples: {
        'iii queue': [
          ['iii queue list', 'what waits, and what has failed'],
          ['iii queue peek mail --dead', 'dead letters with their last error'],
          ['iii queue redrive mail', 'try all of them again'],
        ],
        'iii queue list': [['iii queue list', 'every queue and topic, with what waits, is delayed and has failed']],
        'iii queue pause': [['iii queue pause mail', 'nothing is delivered any more; publishers go on']],
        'iii queue resume': [['iii queue resume mail', 'what has gathered is delivered']],
        'iii queue peek': [
          ['iii queue peek mail', 'what is delivered next'],
          ['iii queue peek mail --delayed', 'what is delivered later'],
        ],
        'iii queue redrive': [
          ['iii queue redrive mail', 'all dead letters of a queue'],
          ['iii queue redrive mail 5f0c5a1e-6c0e-4c63-9d58-0f8a4e5a3a11', 'one of them'],
        ],
      },
      load: () => import('./command.ts'),
    },
  },
  scenarios: {
    enqueue: () => import('./bench/enqueue.ts'),
    'queue-drain': () => import('./bench/queue-drain.ts'),
    'queue-latency': () => import('./bench/queue-latency.ts'),
    'queue-redis': () => import('./bench/queue-redis.ts'),
    'queue-waiting': () => import('./bench/queue-waiting.ts'),
  },
  config: async () => (await import('./config.ts')).QUEUE_WORKER_SCHEMA,
  bounds: async () => (await import('./bounds.ts')).BOUNDS,
  declareFunctions: async (registrar) =>
    (await import('./functions.ts')).registerQueueFunctions(registrar, {
      enqueue: {},
      define: {},
      publish: {},
      admin: {},
    } as never),
  declareTriggerTypes: async () => [
    ...(await import('./topics/trigger.ts')).SUBSCRIBER_TRIGGER_TYPES,
    (await import('./watch/dead-letter-trigger.ts')).DEAD_LETTER_TRIGGER_TYPE,
  ],
} as const satisfies BuiltInAbout

export type QueueErrorCode = keyof typeof about.errors
