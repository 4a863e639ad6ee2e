// How messages are delivered to a subscriber that says nothing: as iii's builtin adapter is told in its settings (spec 03 §6.1).
import { QUEUE_DEFAULTS, type QueueSettings } from '../settings.ts'

/** @param config of the adapter, which has passed its schema */
export function subscriberDefaults(config: Readonly<Record<string, unknown>>): QueueSettings {
  const number = (member: string): number | undefined => (config[member] as number | null | undefined) ?? undefined
  return {
    ...QUEUE_DEFAULTS,
    type: config['mode'] === 'fifo' ? 'fifo' : 'standard',
    maxAttempts: Math.max(1, number('max_attempts') ?? QUEUE_DEFAULTS.maxAttempts),
    backoffMs: number('backoff_ms') ?? QUEUE_DEFAULTS.backoffMs,
    concurrency: number('concurrency') ?? QUEUE_DEFAULTS.concurrency,
  }
}
