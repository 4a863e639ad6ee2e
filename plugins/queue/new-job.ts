// Makes a job of what a publisher sent, by the settings of its queue: the only place that looks into payloads, and only where settings say so.
import { CodedError } from '../../protocol/errors.ts'
import type { NewJob, JobContent } from './job.ts'
import { isObjectText, payloadMember } from './payload-member.ts'
import { storableKey } from './queue-name.ts'
import { LONGEST_WAIT_MS, MAX_PRIORITY, type QueueSettings } from './settings.ts'

/** What a publisher may say beside the payload: members of the enqueue action, of `engine::queue::enqueue` and of a publish. */
export interface PublishOptions {
  readonly delayMs?: number | undefined
  /** Unix milliseconds. */
  readonly runAt?: number | undefined
  readonly priority?: number | undefined
  readonly dedupKey?: string | undefined
  readonly dedupWindowMs?: number | undefined
}

/** @throws {CodedError} `message_group_missing` */
export function newJob(
  queue: string,
  settings: QueueSettings,
  content: JobContent,
  options: PublishOptions,
  now: number,
): NewJob {
  const { id, functionId, namespace, data, traceparent, baggage } = content
  const group = settings.type === 'fifo' ? groupOf(queue, settings, data) : undefined
  const { priority, runAt, dedup } = scheduleOf(settings, data, options, now)
  return { id, functionId, namespace, data, traceparent, baggage, group, priority, runAt, dedup }
}

/** What does not depend on the function: for publishes as well. */
export function scheduleOf(
  settings: QueueSettings,
  data: string,
  { delayMs, runAt, priority, dedupKey, dedupWindowMs }: PublishOptions,
  now: number,
): Pick<NewJob, 'priority' | 'runAt' | 'dedup'> {
  const delay = Math.min(delayMs ?? settings.delayMs, LONGEST_WAIT_MS)
  const key = dedupKey ?? dedupKeyOf(settings, data)
  return {
    priority: clamped(priority ?? priorityOf(settings, data), settings),
    runAt: runAt ?? (delay > 0 ? now + delay : undefined),
    dedup:
      key === undefined
        ? undefined
        : { key: storableKey(key), windowMs: Math.min(dedupWindowMs ?? settings.dedupWindowMs, LONGEST_WAIT_MS) },
  }
}

function groupOf(queue: string, { messageGroupField: field }: QueueSettings, data: string): string {
  // The queue of a fifo subscription has one group.
  if (field === undefined) return ''
  const value = payloadMember(data, field)
  if (typeof value === 'string') return storableKey(value)
  if (value !== undefined && value !== null) return JSON.stringify(value)
  const what =
    value === null
      ? 'is null in the payload'
      : isObjectText(data)
        ? 'is not in the payload'
        : 'cannot be read: the payload is no object'
  throw new CodedError(
    'message_group_missing',
    `The queue '${queue}' is fifo, and its message_group_field '${field}' ${what}. Nothing was stored.`,
  )
}

function priorityOf({ priorityField }: QueueSettings, data: string): number | undefined {
  if (priorityField === undefined) return undefined
  const value = payloadMember(data, priorityField)
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : undefined
}

function clamped(priority: number | undefined, { maxPriority = MAX_PRIORITY }: QueueSettings): number | undefined {
  return priority === undefined ? undefined : Math.min(priority, maxPriority)
}

function dedupKeyOf({ dedupField }: QueueSettings, data: string): string | undefined {
  if (dedupField === undefined) return undefined
  const value = payloadMember(data, dedupField)
  if (value === undefined || value === null) return undefined
  return typeof value === 'string' ? value : JSON.stringify(value)
}
