// A message of a topic: its body is the job in one JSON object, as iii writes it (spec 03 §6.3). The payload in it stays text.
import type { Message } from 'amqplib'
import { isJson } from '../../../../base/values/is-json.ts'
import type { Job } from '../../job.ts'
import { payloadMember, payloadMemberText } from '../../payload-member.ts'
import type { QueueRef, Subscription } from '../backend.ts'
import { numberIn, textIn, uint32 } from './amqp-values.ts'
import {
  deadLetter,
  headersOf,
  HEADERS,
  idOf,
  ownHeaders,
  ownMembers,
  propertiesOf,
  type MessageForm,
} from './job-message.ts'
import type { OutgoingMessage } from './publisher.ts'

const TOPIC_HEADERS = {
  id: 'x-iii-job-id',
  attempts: 'x-iii-attempts',
  maxAttempts: 'x-iii-max-attempts',
  createdAt: 'x-iii-created-at',
} as const

export const TOPIC_FORM: MessageForm = {
  encode: (queue, job, maxAttempts) => encodeTopic(queue, job, maxAttempts, bodyOf(queue, job, maxAttempts)),
  decode(message) {
    const body = message.content.toString()
    return isJson(body) ? decodeTopic(message, body) : undefined
  },
  encodeDead(queue, job, maxAttempts) {
    const last = job.history.at(-1)
    const error = last === undefined ? '' : `${last.code}: ${last.message}`
    const whole = `{"job":${bodyOf(queue, job, maxAttempts)},"error":${JSON.stringify(error)},"exhausted_at":${last?.at ?? Date.now()}}`
    return encodeTopic(queue, job, maxAttempts, whole)
  },
  decodeDead(message) {
    const text = message.content.toString()
    const body = isJson(text) ? (payloadMemberText(text, 'job') ?? text) : JSON.stringify({ data: text })
    const job = decodeTopic(message, body)
    const error = isJson(text) ? payloadMember(text, 'error') : undefined
    return deadLetter(job, Buffer.byteLength(job.data), typeof error === 'string' ? error : undefined)
  },
}

/** A copy of the topic's exchange names no function. */
export function addressed(job: Job, { functionId, namespace }: Partial<Subscription> = {}): Job {
  return functionId === undefined ? job : { ...job, functionId, namespace: job.namespace ?? namespace }
}

function bodyOf({ name }: QueueRef, job: Job, maxAttempts: number): string {
  const { data, ...rest } = {
    id: job.id,
    topic: name,
    attempts_made: job.attempts,
    max_attempts: maxAttempts,
    created_at: job.createdAt,
    traceparent: job.traceparent ?? null,
    baggage: job.baggage ?? null,
    priority: job.priority === 0 ? null : job.priority,
    data: job.data,
  }
  return `${JSON.stringify(rest).slice(0, -1)},"data":${data}}`
}

function encodeTopic(_queue: QueueRef, job: Job, maxAttempts: number, body: string): OutgoingMessage {
  return {
    content: Buffer.from(body),
    options: {
      ...propertiesOf(job),
      headers: {
        ...ownHeaders(job),
        [TOPIC_HEADERS.id]: job.id,
        [TOPIC_HEADERS.attempts]: uint32(job.attempts),
        [TOPIC_HEADERS.maxAttempts]: uint32(maxAttempts),
        [TOPIC_HEADERS.createdAt]: `${job.createdAt}`,
        [HEADERS.functionId]: job.functionId === '' ? undefined : job.functionId,
        [HEADERS.namespace]: job.namespace,
      },
    },
  }
}

function decodeTopic(message: Message, body: string): Job {
  const headers = headersOf(message)
  const text = (name: string): string | undefined => {
    const value = payloadMember(body, name)
    return typeof value === 'string' ? value : undefined
  }
  const number = (name: string): number | undefined => {
    const value = payloadMember(body, name)
    return typeof value === 'number' ? value : undefined
  }
  const own = ownMembers(message)
  return {
    ...own,
    id: textIn(headers, TOPIC_HEADERS.id) ?? text('id') ?? idOf(message),
    functionId: textIn(headers, HEADERS.functionId) ?? '',
    namespace: textIn(headers, HEADERS.namespace),
    data: payloadMemberText(body, 'data') ?? 'null',
    traceparent: text('traceparent'),
    baggage: text('baggage'),
    priority: number('priority') ?? own.priority,
    attempts: numberIn(headers, TOPIC_HEADERS.attempts) ?? number('attempts_made') ?? 0,
    createdAt: numberIn(headers, TOPIC_HEADERS.createdAt) ?? number('created_at') ?? own.createdAt,
  }
}
