// The trigger types `durable:subscriber` and `queue` (spec 03 §4.2): what their bindings say. Both are the same but for their names.
import type { TriggerBinding, TriggerTypeInput } from '../../../sdk/handle-types.ts'
import { readCondition, readConfigObject } from '../../../kit/triggers/trigger-bindings.ts'
import type { JsonSchema } from '../../../sdk/plugin.ts'
import type { Subscription } from '../adapters/backend.ts'
import { nameFault } from '../queue-name.ts'
import type { QueueSettings } from '../settings.ts'
import { readTuning } from './tuning.ts'

/** What a binding asks for. */
export interface Subscriber {
  readonly binding: TriggerBinding
  readonly subscription: Subscription
  /** Asked before each delivery. */
  readonly condition: string | undefined
  readonly settings: QueueSettings
  /** What the binding says that has no effect, one sentence each. */
  readonly problems: readonly string[]
}

/** Stands for all functions that share the messages of a topic. */
const SHARED = '(shared)'
const MILLISECONDS: JsonSchema = { type: 'integer', minimum: 0 }
const RETRIES: JsonSchema = { type: 'integer', minimum: 0 }

const CONFIG: JsonSchema = {
  type: 'object',
  properties: {
    topic: { type: 'string', description: 'Exact name, not empty; there are no wildcards.' },
    queue: { type: 'string', description: 'The same as `topic`, which counts where both are there.' },
    condition_function_id: {
      type: ['string', 'null'],
      description:
        'Gets the data before each delivery; exactly false skips the handler, an error is a failed delivery.',
    },
    max_retries: {
      ...RETRIES,
      description: 'Deliveries before a message is dead, at least 1. Counts before `queue_config`.',
    },
    backoff_ms: { ...MILLISECONDS, description: 'Counts before `queue_config.backoffDelayMs`.' },
    queue_config: {
      type: ['object', 'null'],
      description: 'How messages are delivered to this function.',
      properties: {
        type: { type: 'string', description: '`fifo`: one message at a time, in order. Anything else: side by side.' },
        maxRetries: { ...RETRIES, description: 'Deliveries after the first one. Default: 2.' },
        concurrency: {
          type: 'integer',
          minimum: 0,
          description: 'Messages at a time. 0 = none is delivered. Default 10.',
        },
        backoffDelayMs: {
          ...MILLISECONDS,
          description: 'Wait after the first failure, doubled with each one. Default 1,000.',
        },
        jitter: { type: 'number', minimum: 0, maximum: 1, description: 'Random part of that wait. Default 0.' },
        timeoutMs: {
          type: 'integer',
          minimum: 1,
          description: 'A delivery that takes longer has failed. Default: no limit.',
        },
        delaySeconds: { type: 'number', minimum: 0, description: 'Wait before the first delivery. Default 0.' },
        rateLimit: {
          type: 'object',
          description: 'Deliveries that may start within a time.',
          required: ['max', 'per_ms'],
          properties: { max: { type: 'integer', minimum: 1 }, per_ms: { type: 'integer', minimum: 1 } },
        },
        maxJobs: {
          type: 'integer',
          minimum: 1,
          description: 'Messages that may be stored; publishers get `queue_full`.',
        },
        maxBytes: { type: 'integer', minimum: 1, description: 'Bytes of data of the same.' },
        maxPriority: { type: 'integer', minimum: 1, maximum: 255, description: 'Priorities above it count as it.' },
        visibilityTimeout: { description: 'Accepted without effect.' },
        backoffType: { description: 'Accepted without effect.' },
      },
    },
  },
}

const CALL: JsonSchema = { description: 'The published data itself: any JSON value.' }

/** The types, the canonical one first. */
export const SUBSCRIBER_TRIGGER_TYPES: readonly [TriggerTypeInput, TriggerTypeInput] = [
  {
    id: 'durable:subscriber',
    description: 'Delivers each message that is published to a topic once per function, and again where it fails.',
    trigger_request_format: CONFIG,
    call_request_format: CALL,
  },
  {
    id: 'queue',
    description: 'The same as `durable:subscriber`, by its older name.',
    trigger_request_format: CONFIG,
    call_request_format: CALL,
  },
]

/**
 * What a binding says. Undefined: it names no topic, and is never fired. Throws for what can't be meant.
 * @param defaults of a subscriber that says nothing
 * @param isShared whether all bindings to the topic have one subscription
 */
export function readSubscriber(
  binding: TriggerBinding,
  defaults: QueueSettings,
  isShared = false,
): Subscriber | undefined {
  const config = readConfigObject(binding.config)
  const topic = topicOf(config)
  if (topic === undefined) return undefined
  mustBeStorable('topic', topic)
  const { settings, problems } = readTuning(config, defaults)
  const { function_id, namespace = 'default', metadata } = binding
  const functionId = identityOf(metadata) ?? function_id
  mustBeStorable('function', functionId)
  return {
    binding,
    subscription: isShared ? { topic, functionId: SHARED, namespace: 'default' } : { topic, functionId, namespace },
    condition: readCondition(config),
    settings,
    problems,
  }
}

function mustBeStorable(what: string, name: string): void {
  const fault = nameFault(name)
  if (fault !== undefined) throw new Error(`the ${what} ${JSON.stringify(name)} ${fault}`)
}

/** The topic that a binding's config names; undefined where it names none. */
export function topicOf(config: unknown): string | undefined {
  if (typeof config !== 'object' || config === null) return undefined
  const { topic, queue } = config as { topic?: unknown; queue?: unknown }
  const named = topic ?? queue
  return typeof named === 'string' && named !== '' ? named : undefined
}

/** What stands for the function in the identity: several bindings to one delivery function stay separate by it (spec 03 §4.3). */
function identityOf(metadata: unknown): string | undefined {
  if (typeof metadata !== 'object' || metadata === null) return undefined
  const { __binding } = metadata as { __binding?: unknown }
  return typeof __binding === 'string' && __binding !== '' ? __binding : undefined
}
