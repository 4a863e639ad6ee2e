// Where jobs can be kept: the adapters of `iii-queue`, the default first.
import { AdapterSet, type AdapterChoice } from '../../kit/adapters/adapter-set.ts'
import { BRIDGE_OPTION } from '../../kit/bridge/bridge-option.ts'
import { kvOption } from '../../kit/adapters/kv-settings.ts'
import { REDIS_OPTION } from '../../kit/redis/redis-option.ts'
import type { Backend, BackendContext, BackendFactory } from './adapters/backend.ts'
import { RABBIT_OPTION } from './adapters/rabbitmq/rabbit-settings.ts'
import { openBuiltin, QUEUE_FOLDER } from './adapters/builtin/open-builtin.ts'

const whole = (description: string) => ({ type: ['integer', 'null'], minimum: 0, description })

export const QUEUE_ADAPTERS = new AdapterSet<BackendFactory>(
  {
    ...kvOption(QUEUE_FOLDER, {
      max_attempts: whole('Deliveries of a topic subscriber that names none. Default 3.'),
      backoff_ms: whole('Wait after the first failure of a topic subscriber that names none. Default 1000.'),
      concurrency: whole('Deliveries at a time of a topic subscriber that names none. Default 10.'),
      mode: {
        enum: ['concurrent', 'fifo', null],
        description: 'Type of a topic subscriber that names none. Default concurrent.',
      },
      poll_interval_ms: whole('Accepted without effect: nothing is polled.'),
      channel_size: whole('Accepted without effect.'),
    }),
    name: 'builtin',
    aliases: ['memory', 'in_memory', 'file_based'],
    description: 'A store of this engine alone: a file, or memory.',
    load: () => openBuiltin,
  },
  {
    ...REDIS_OPTION,
    config: {
      ...REDIS_OPTION.config,
      lease_ms: {
        type: ['integer', 'null'],
        minimum: 1_000,
        maximum: 3_600_000,
        description: 'When an engine has not been heard of for this time its jobs are delivered again. Default 10000.',
      },
      iii_channels: {
        type: ['boolean', 'null'],
        description:
          'Whether topics are shared with iii engines: what is published goes to the Redis channel of the topic as well, and what they publish there is stored. Default true.',
      },
    },
    description: 'A Redis server: engines that use it share queues and topics.',
    load: async () => (await import('./adapters/redis/open-redis.ts')).openRedis,
  },
  {
    ...RABBIT_OPTION,
    load: async () => (await import('./adapters/rabbitmq/open-rabbit.ts')).openRabbit,
  },
  {
    ...BRIDGE_OPTION,
    description: 'The queue worker of another engine, to which this one connects as a worker, keeps everything.',
    load: async () => (await import('./adapters/bridge/open-bridge.ts')).openBridgeBackend,
  },
)

/** What `max_retries` of a queue means, the first delivery included: on RabbitMQ it is not counted, as others that share the broker do (spec 03 §3.5). */
export function deliveriesOf(choice: AdapterChoice | null | undefined, maxRetries: number): number {
  return QUEUE_ADAPTERS.chosen(choice).name === RABBIT_OPTION.name ? maxRetries + 1 : Math.max(1, maxRetries)
}

export async function openBackend(
  choice: AdapterChoice | null | undefined,
  context: Omit<BackendContext, 'config'>,
): Promise<Backend> {
  const open = await QUEUE_ADAPTERS.load(choice)
  const { config } = QUEUE_ADAPTERS.chosen(choice)
  return open({ ...context, config: { ...methodOf(choice?.name), ...config } })
}

/** Some names of the builtin adapter also say how it stores. */
function methodOf(name: string | undefined): Readonly<Record<string, unknown>> {
  if (name === 'memory' || name === 'in_memory') return { store_method: 'in_memory' }
  return name === 'file_based' ? { store_method: 'file_based' } : {}
}
