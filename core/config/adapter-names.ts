// Adapter classes of iii ≤ 0.10 and the names that replaced them (spec 04 A.3.1).

const ADAPTER_NAMES: Readonly<Record<string, string>> = {
  'modules::stream::adapters::KvStore': 'kv',
  'modules::state::adapters::KvStore': 'kv',
  'modules::cron::KvCronAdapter': 'kv',
  'modules::stream::adapters::RedisAdapter': 'redis',
  'modules::state::adapters::RedisAdapter': 'redis',
  'modules::cron::RedisCronAdapter': 'redis',
  'modules::pubsub::RedisAdapter': 'redis',
  'modules::queue::RedisAdapter': 'redis',
  'modules::queue::adapters::RedisAdapter': 'redis',
  'modules::state::adapters::Bridge': 'bridge',
  'modules::stream::adapters::Bridge': 'bridge',
  'modules::queue::adapters::Bridge': 'bridge',
  'modules::pubsub::LocalAdapter': 'local',
  'modules::queue::BuiltinQueueAdapter': 'builtin',
  'modules::queue::RabbitMQAdapter': 'rabbitmq',
}

/**
 * `config.adapter: {class, config}` → `{name, config}`; anything else stays as it is. A class of nobody becomes the name,
 * so that the worker refuses it with the list of the adapters that it has.
 */
export function nameAdapter(config: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { adapter } = config
  if (typeof adapter !== 'object' || adapter === null || Array.isArray(adapter)) return config
  const { class: written, ...rest } = adapter as Record<string, unknown>
  if (typeof written !== 'string') return config
  const name = Object.hasOwn(ADAPTER_NAMES, written) ? ADAPTER_NAMES[written] : written
  return { ...config, adapter: { name, ...rest } }
}

export function adapterClasses(): readonly string[] {
  return Object.keys(ADAPTER_NAMES)
}
