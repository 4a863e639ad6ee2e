// The branch `rabbitmq` of the `adapter` block of iii-queue (spec 03 §6.3).
import type { AdapterDescription } from '../../../../kit/adapters/adapter-set.ts'

export const DEFAULT_AMQP_URL = 'amqp://localhost:5672'
const SETTING = 'adapter.config.amqp_url of iii-queue'
const MASK = '********'
/** Attempts that a message of a topic is stamped with. */
const DEFAULT_ATTEMPTS = 3

export const RABBIT_OPTION: AdapterDescription = {
  name: 'rabbitmq',
  description: 'A RabbitMQ server, which several engines can share.',
  config: {
    amqp_url: {
      type: ['string', 'null'],
      description: `amqp://user:password@host:port/vhost, or amqps:// for TLS. Default ${DEFAULT_AMQP_URL}.`,
    },
    max_attempts: {
      type: ['integer', 'null'],
      minimum: 1,
      maximum: 2 ** 32 - 1,
      description: `Deliveries of a topic subscriber that names none. Default ${DEFAULT_ATTEMPTS}.`,
    },
    prefetch_count: {
      type: ['integer', 'null'],
      minimum: 1,
      maximum: 2 ** 16 - 1,
      description: 'Deliveries at a time of a topic subscriber that names none. Default 10.',
    },
    queue_mode: {
      type: ['string', 'null'],
      description: 'Type of a topic subscriber that names none: standard (default) or fifo.',
    },
    priority_field: {
      type: ['string', 'null'],
      minLength: 1,
      description: 'Member of the payload that holds the priority of a published message. Default: none.',
    },
  },
}

export interface RabbitSettings {
  readonly url: string
  /** Without the password: for messages. */
  readonly shownUrl: string
  readonly topicAttempts: number
  /** Member of a published message's payload. */
  readonly priorityField: string | undefined
}

/** Throws an error that names the setting, never the password. */
export function readRabbitSettings(config: Readonly<Record<string, unknown>>): RabbitSettings {
  const text = config['amqp_url'] ?? DEFAULT_AMQP_URL
  const fail = (problem: string): never => {
    throw new Error(
      `${SETTING} ${problem}. It must look like amqp://user:password@host:5672/vhost, or amqps:// for TLS.`,
    )
  }
  const url = typeof text === 'string' ? URL.parse(text) : null
  if (url === null) return fail('is not a URL')
  if (url.protocol !== 'amqp:' && url.protocol !== 'amqps:') {
    return fail(`begins with ${url.protocol}//, which is no protocol of RabbitMQ`)
  }
  if (url.hostname === '') return fail('names no host')
  return {
    ...urlsOf(url),
    topicAttempts: (config['max_attempts'] as number | null | undefined) ?? DEFAULT_ATTEMPTS,
    priorityField: (config['priority_field'] as string | null | undefined) ?? undefined,
  }
}

function urlsOf(url: URL): { url: string; shownUrl: string } {
  const shown = new URL(url)
  if (shown.password !== '') shown.password = MASK
  shown.search = ''
  return { url: url.href, shownUrl: shown.href }
}
