// Which built-in worker provides a trigger type (spec 01 §11.2, 04 C.2): named in the warning about a parked binding and in listings.

const PROVIDERS: Readonly<Record<string, string>> = {
  http: 'iii-http',
  cron: 'iii-cron',
  subscribe: 'iii-pubsub',
  state: 'iii-state',
  stream: 'iii-stream',
  'stream:join': 'iii-stream',
  'stream:leave': 'iii-stream',
  'durable:subscriber': 'iii-queue',
  queue: 'iii-queue',
  log: 'iii-observability',
  trace: 'iii-observability',
  configuration: 'configuration',
  worker: 'iii-worker-ops',
}

/** Canonical name of the built-in worker that provides a trigger type; undefined for types of other workers. */
export function wellKnownProvider(triggerType: string): string | undefined {
  if (Object.hasOwn(PROVIDERS, triggerType)) return PROVIDERS[triggerType]
  return /^directory::.*::on-change$/.test(triggerType) ? 'iii-directory' : undefined
}
