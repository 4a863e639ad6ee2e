// Functions of ours beside those of iii (spec 03 §5): the state of a queue, what is in it, and holding it.
import type { BuiltInFunction } from '../../../kit/functions/built-in-function.ts'
import { objectSchema } from '../../../kit/functions/function-schemas.ts'
import { CodedError } from '../../../protocol/errors.ts'
import type { JsonSchema } from '../../../sdk/plugin.ts'
import type { Page, QueueRef } from '../adapters/backend.ts'
import { MAX_AWAITED } from '../awaiting-jobs.ts'
import type { Job } from '../job.ts'
import { NAME_SCHEMAS, PAGE_SCHEMAS, readName, readPage, underCode } from './admin-input.ts'
import { jobRow } from './job-rows.ts'
import { mergedPage } from './merged-pages.ts'
import { statusOf, type ListingDeps } from './listing.ts'

export interface ControlDeps extends ListingDeps {
  /** Whether somebody is bound to a subscription's queue at the moment. */
  readonly isBound: (queue: QueueRef) => boolean
  /** Unix milliseconds. */
  readonly now: () => number
}

interface NamedPage {
  readonly queue: string
  readonly page: Page
}

const NUMBER: JsonSchema = { type: 'integer' }
const JOBS: JsonSchema = {
  type: 'array',
  items: objectSchema(
    {
      id: { type: 'string' },
      payload: {},
      function_id: { type: 'string', description: 'Empty for a message that nobody has subscribed to.' },
      namespace: { type: 'string', description: 'Left out for `default`.' },
      group: { type: 'string', description: 'Of a fifo queue.' },
      priority: NUMBER,
      attempts: { type: 'integer', description: 'Failed deliveries so far.' },
      created_at: { type: 'integer', description: 'Unix milliseconds.' },
      run_at: { type: ['integer', 'null'], description: 'Unix milliseconds before which it is not delivered.' },
      error: { type: ['string', 'null'], description: 'Code and message of the last failure.' },
      size_bytes: { type: 'integer', description: 'Bytes of the data.' },
      awaiting_function: { type: 'boolean', description: 'It waits for its function. Left out otherwise.' },
    },
    ['id', 'payload', 'function_id', 'priority', 'attempts', 'created_at', 'run_at', 'error', 'size_bytes'],
  ),
}

export function controlFunctions(deps: ControlDeps): BuiltInFunction<any>[] {
  return [
    status(deps),
    list(
      deps,
      'peek',
      'Shows what is delivered next, without taking it: first what waits for its function.',
      nextOf,
      (one, other) => one.job.createdAt - other.job.createdAt,
    ),
    list(
      deps,
      'delayed',
      'Shows what is delivered at a later time, the earliest first.',
      async ({ backend }, queue, page) =>
        (await backend.delayed(queue, page)).map((job) => ({ job, isAwaiting: false })),
      (one, other) => timeOf(one.job) - timeOf(other.job),
    ),
    hold(deps, 'pause', true, 'Delivers nothing more until the queue is resumed; what is being delivered goes on.'),
    hold(deps, 'resume', false, 'Delivers again.'),
    unsubscribe(deps),
  ]
}

function status(deps: ControlDeps): BuiltInFunction<string> {
  return {
    id: 'iii::queue::status',
    description: 'Counts the messages of a queue or topic by what becomes of them.',
    request: objectSchema(NAME_SCHEMAS, ['queue']),
    response: objectSchema(
      {
        queue: { type: 'string' },
        pending: { type: 'integer', description: 'Could be delivered now.' },
        active: { type: 'integer', description: 'Being handled.' },
        awaiting_function: {
          type: 'integer',
          description: 'Taken up, and waiting for their function: nobody provides it, or it takes no calls.',
        },
        awaited_functions: {
          type: 'array',
          description: `Those functions, with the number of their jobs; at most ${MAX_AWAITED}.`,
          items: objectSchema(
            {
              function_id: { type: 'string' },
              namespace: { type: 'string', description: 'Left out for `default`.' },
              reason: {
                enum: ['missing', 'busy'],
                description: '`missing`: nobody provides it. `busy`: it takes no calls.',
              },
              jobs: { type: 'integer' },
            },
            ['function_id', 'reason', 'jobs'],
          ),
        },
        delayed: { type: 'integer', description: 'Their time has not come, the first or after a failure.' },
        dlq_count: NUMBER,
        consumers: { type: 'integer', description: 'Live subscribers; of a named queue, its concurrency.' },
        paused: { type: 'boolean' },
        oldest_age_ms: {
          type: ['integer', 'null'],
          description: 'Of the pending ones; null where none is, or it is not known.',
        },
        adapter: { type: 'string' },
        adapter_state: { enum: ['connected', 'reconnecting', 'blocked'] },
      },
      [
        'queue',
        'pending',
        'active',
        'awaiting_function',
        'awaited_functions',
        'delayed',
        'dlq_count',
        'consumers',
        'paused',
      ],
    ),
    decode: (input, reader) => readName(input, reader, 'queue', 'queue_not_set'),
    run: (queue) =>
      underCode('status_failed', `count the messages of "${queue}"`, async () => {
        const { waiting, active, awaiting, awaited, delayed, dead, paused, oldestAt, consumers } = await statusOf(
          deps,
          queue,
        )
        return {
          queue,
          pending: waiting,
          active,
          awaiting_function: awaiting,
          awaited_functions: awaited,
          delayed,
          dlq_count: dead,
          consumers,
          paused,
          oldest_age_ms: oldestAt === undefined ? null : Math.max(0, deps.now() - oldestAt),
          adapter: deps.backend.brokerType,
          adapter_state: deps.backend.state,
        }
      }),
  }
}

interface Listed {
  readonly job: Job
  readonly isAwaiting: boolean
}

type Read = (deps: ControlDeps, queue: QueueRef, page: Page) => Promise<Listed[]>

/** Those that wait for their function were taken up before all that follow. */
async function nextOf({ backend, awaiting }: ControlDeps, queue: QueueRef, { offset, limit }: Page): Promise<Listed[]> {
  const awaitingJobs = awaiting.jobs(queue)
  const first = awaitingJobs.slice(offset, offset + limit)
  const rest = { offset: Math.max(0, offset - awaitingJobs.length), limit: limit - first.length }
  const waiting = rest.limit === 0 ? [] : await backend.peek(queue, rest)
  return [...first.map((job) => ({ job, isAwaiting: true })), ...waiting.map((job) => ({ job, isAwaiting: false }))]
}

/** Waits for the first subscriber. */
async function backlogOf({ backend }: ControlDeps, topic: string, page: Page): Promise<Listed[]> {
  return (await backend.peekBacklog(topic, page)).map((job) => ({ job, isAwaiting: false }))
}

function list(
  deps: ControlDeps,
  what: 'peek' | 'delayed',
  description: string,
  read: Read,
  order: (one: Listed, other: Listed) => number,
): BuiltInFunction<NamedPage> {
  return {
    id: `iii::queue::${what}`,
    description,
    request: objectSchema({ ...NAME_SCHEMAS, ...PAGE_SCHEMAS }, ['queue']),
    response: JOBS,
    decode: (input, reader) => ({
      queue: readName(input, reader, 'queue', 'queue_not_set'),
      page: readPage(input, reader),
    }),
    run: ({ queue, page }) =>
      underCode(`${what}_failed`, `list the messages of "${queue}"`, async () => {
        const meant = await deps.names.find(queue)
        return mergedPage(meant, page, {
          read: (each, part) => read(deps, each, part),
          further: what === 'peek' && meant.backlog > 0 ? (part) => backlogOf(deps, meant.name, part) : undefined,
          order,
          row: ({ job, isAwaiting }, functionOfQueue) => jobRow(job, functionOfQueue, isAwaiting),
        })
      }),
  }
}

function hold(
  { backend, names }: ControlDeps,
  action: 'pause' | 'resume',
  paused: boolean,
  description: string,
): BuiltInFunction<string> {
  return {
    id: `iii::queue::${action}`,
    description,
    request: objectSchema(NAME_SCHEMAS, ['queue']),
    response: objectSchema({ queue: { type: 'string' }, paused: { type: 'boolean' } }, ['queue', 'paused']),
    decode: (input, reader) => readName(input, reader, 'queue', 'queue_not_set'),
    run: (queue) =>
      underCode(`${action}_failed`, `${action} "${queue}"`, async () => {
        const { queues, backlog } = await names.find(queue)
        if (queues.length === 0) throw backlog > 0 ? notSubscribed(queue) : notFound(queue)
        for (const each of queues) await backend.setPaused(each, paused)
        return { queue, paused }
      }),
  }
}

interface Unsubscribed {
  readonly topic: string
  readonly functionId: string
  readonly namespace: string
}

/** For functions that never come back: a worker that only leaves keeps its subscription (spec 03 §4.3). */
function unsubscribe({ backend, isBound }: ControlDeps): BuiltInFunction<Unsubscribed> {
  const readText = { type: 'string' }
  return {
    id: 'iii::queue::unsubscribe',
    description:
      'Ends the subscription of a function that does not come back; what waits for it stays until it is discarded.',
    request: objectSchema({ topic: readText, function_id: readText, namespace: { type: ['string', 'null'] } }, [
      'topic',
      'function_id',
    ]),
    response: objectSchema({ topic: readText, function_id: readText, removed: { type: 'boolean' } }, [
      'topic',
      'function_id',
      'removed',
    ]),
    decode: (input, reader) => ({
      topic: readName(input, reader, 'topic', 'topic_required'),
      functionId: reader.string(input, 'function_id'),
      namespace:
        input['namespace'] === undefined || input['namespace'] === null ? 'default' : reader.string(input, 'namespace'),
    }),
    run: ({ topic, functionId, namespace }) =>
      underCode('unsubscribe_failed', `end the subscription of ${functionId} to "${topic}"`, async () => {
        const known = (await backend.subscriptions(topic)).find(
          (each) => each.functionId === functionId && each.namespace === namespace,
        )
        const isLive = known !== undefined && (isBound(known.queue) || !(await backend.unsubscribe(known)))
        if (isLive) {
          const remedy = 'unregister its trigger, or stop its worker first'
          throw new CodedError(
            'unsubscribe_failed',
            `${functionId} is subscribed to "${topic}" at the moment, here or on another engine: ${remedy}.`,
          )
        }
        return { topic, function_id: functionId, removed: known !== undefined }
      }),
  }
}

function notSubscribed(topic: string): CodedError {
  return new CodedError(
    'queue_not_found',
    `The topic "${topic}" has messages, and nobody has subscribed to it: there is nothing to hold, they wait for the first subscriber.`,
  )
}

function notFound(queue: string): CodedError {
  return new CodedError(
    'queue_not_found',
    `There is no queue and no subscription of a topic by the name "${queue}": engine::queue::list_topics lists them.`,
  )
}

function timeOf({ runAt, createdAt }: Job): number {
  return runAt ?? createdAt
}
