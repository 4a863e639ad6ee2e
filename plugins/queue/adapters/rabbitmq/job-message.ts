// A job as a message of the broker. Named queues: the body is the payload alone, the rest stands in properties and headers. What iii does not know is
// in headers of ours, which it leaves alone (spec 03 §6.3).
import { createHash } from 'node:crypto'
import type { Message, Options } from 'amqplib'
import { isJson } from '../../../../base/values/is-json.ts'
import type { DeadLetter, Failure, Job } from '../../job.ts'
import type { QueueRef } from '../backend.ts'
import { numberIn, textIn, uint32 } from './amqp-values.ts'
import type { OutgoingMessage } from './publisher.ts'

export const HEADERS = {
  functionId: 'function_id',
  namespace: 'namespace',
  traceparent: 'traceparent',
  baggage: 'baggage',
  attempt: 'x-attempt',
  id: 'x-iii-job-id',
  createdAt: 'x-iii-created-at',
  group: 'x-iii-group',
  runAt: 'x-iii-run-at',
  history: 'x-iii-history',
  /** When the next attempt is due, for lists alone. */
  retryAt: 'x-iii-retry-at',
} as const

/** How the messages of one kind of queue look. */
export interface MessageForm {
  encode(queue: QueueRef, job: Job, maxAttempts: number): OutgoingMessage
  /** Undefined: nothing that could be delivered. */
  decode(message: Message): Job | undefined
  /** `job.attempts` counts the last failure as well. */
  encodeDead(queue: QueueRef, job: Job, maxAttempts: number): OutgoingMessage
  decodeDead(message: Message): DeadLetter
}

/** Bytes of history in a message: headers must fit into one frame. The oldest failures go first. */
const MAX_HISTORY_BYTES = 16 * 1024
/** What the broker takes as `message_id`. */
const MAX_ID = 255
const MAX_MESSAGE_PRIORITY = 255

export const NAMED_FORM: MessageForm = {
  encode: (_queue, job) => encodeNamed(job, job.attempts),
  decode(message) {
    const data = message.content.toString()
    const headers = headersOf(message)
    // Ours was valid when it was stored; it need not be looked through again.
    if (headers[HEADERS.createdAt] === undefined && !isJson(data)) return undefined
    return decodeNamed(message, data, numberIn(headers, HEADERS.attempt) ?? 0)
  },
  // As with a message that the broker moves: the attempt that has failed is not counted in the header.
  encodeDead: (_queue, job) => encodeNamed(job, Math.max(0, job.attempts - 1)),
  decodeDead(message) {
    const text = message.content.toString()
    const attempts = (numberIn(headersOf(message), HEADERS.attempt) ?? 0) + 1
    const job = decodeNamed(message, isJson(text) ? text : JSON.stringify(text), attempts)
    return deadLetter(job, message.content.length)
  },
}

export function withHeader({ content, options }: OutgoingMessage, name: string, value: string): OutgoingMessage {
  return {
    content,
    options: { ...options, headers: { ...(options.headers as Record<string, unknown>), [name]: value } },
  }
}

export function headersOf({ properties }: Message): Readonly<Record<string, unknown>> {
  return (properties.headers as Record<string, unknown> | undefined) ?? {}
}

/** The message as it is, to be published elsewhere. */
export function copyOf({ content, properties }: Message): OutgoingMessage {
  const { contentType, headers, messageId, priority } = properties as Options.Publish
  return { content, options: { contentType, headers, messageId, priority } as Options.Publish }
}

/** The message's own id, or one that is made of its content. */
export function idOf(message: Message): string {
  const id = textIn(headersOf(message), HEADERS.id) ?? (message.properties.messageId as unknown)
  return typeof id === 'string' && id !== '' ? id : contentId(message.content)
}

/** Of dead letters without an id as well. */
function contentId(content: Buffer): string {
  return `dlq-${createHash('sha256').update(content).digest('hex').slice(0, 16)}`
}

export function deadLetter(job: Job, sizeBytes: number, error?: string): DeadLetter {
  const last = job.history.at(-1) ?? { at: 0, code: '', message: error ?? '' }
  return { job, error: last, sizeBytes }
}

/** Properties that all messages have. */
export function propertiesOf({ id, priority }: Job): Options.Publish {
  return {
    contentType: 'application/json',
    ...(Buffer.byteLength(id) <= MAX_ID ? { messageId: id } : {}),
    ...(priority > 0 ? { priority: Math.min(priority, MAX_MESSAGE_PRIORITY) } : {}),
  }
}

/** What only ours has. */
export function ownHeaders({ id, createdAt, group, runAt, history }: Job): Record<string, unknown> {
  return {
    [HEADERS.id]: Buffer.byteLength(id) <= MAX_ID ? undefined : id,
    [HEADERS.createdAt]: `${createdAt}`,
    [HEADERS.group]: group,
    [HEADERS.runAt]: runAt === undefined ? undefined : `${runAt}`,
    [HEADERS.history]: history.length === 0 ? undefined : historyText(history),
  }
}

export function ownMembers(message: Message): Pick<Job, 'createdAt' | 'group' | 'runAt' | 'history' | 'priority'> {
  const headers = headersOf(message)
  const seconds: unknown = message.properties.timestamp
  return {
    createdAt: numberIn(headers, HEADERS.createdAt) ?? (typeof seconds === 'number' ? seconds * 1_000 : Date.now()),
    group: textIn(headers, HEADERS.group),
    runAt: numberIn(headers, HEADERS.runAt),
    history: historyIn(textIn(headers, HEADERS.history)),
    priority: (message.properties.priority as number | undefined) ?? 0,
  }
}

function encodeNamed(job: Job, attempt: number): OutgoingMessage {
  return {
    content: Buffer.from(job.data),
    options: {
      ...propertiesOf(job),
      headers: {
        [HEADERS.functionId]: job.functionId,
        [HEADERS.namespace]: job.namespace,
        [HEADERS.traceparent]: job.traceparent,
        [HEADERS.baggage]: job.baggage,
        [HEADERS.attempt]: attempt === 0 ? undefined : uint32(attempt),
        ...ownHeaders(job),
      },
    },
  }
}

function decodeNamed(message: Message, data: string, attempts: number): Job {
  const headers = headersOf(message)
  return {
    id: idOf(message),
    functionId: textIn(headers, HEADERS.functionId) ?? '',
    namespace: textIn(headers, HEADERS.namespace),
    traceparent: textIn(headers, HEADERS.traceparent),
    baggage: textIn(headers, HEADERS.baggage),
    data,
    attempts,
    ...ownMembers(message),
  }
}

function historyText(history: readonly Failure[]): string {
  for (let from = 0; from < history.length - 1; from++) {
    const text = JSON.stringify(history.slice(from))
    if (Buffer.byteLength(text) <= MAX_HISTORY_BYTES) return text
  }
  return JSON.stringify(history.slice(-1))
}

function historyIn(text: string | undefined): readonly Failure[] {
  if (text === undefined) return []
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) ? (value as Failure[]).filter(isFailure) : []
  } catch {
    return []
  }
}

function isFailure(value: unknown): value is Failure {
  const { at, code, message } = (value ?? {}) as Partial<Failure>
  return typeof at === 'number' && typeof code === 'string' && typeof message === 'string'
}
