// What queues and topics there are, and their figures (spec 03 §5). Where several subscriptions stand behind a topic they are summed up.
import type { BuiltInFunction } from '../../../kit/functions/built-in-function.ts'
import { objectSchema } from '../../../kit/functions/function-schemas.ts'
import { namedQueue, type Backend, type QueueRef, type QueueStats } from '../adapters/backend.ts'
import { NAME_SCHEMAS, readName, underCode } from './admin-input.ts'
import type { AwaitedFunction, AwaitingJobs } from '../awaiting-jobs.ts'
import type { NamedQueues, QueueNames } from './names.ts'

export interface ListingDeps {
  readonly backend: Backend
  readonly named: NamedQueues
  readonly awaiting: AwaitingJobs
  readonly names: QueueNames
  /** Live subscribers by topic, each replica counted. */
  readonly subscribers: () => Promise<ReadonlyMap<string, number>>
}

/** A named queue or a topic. */
export interface TopicRow {
  readonly kind: 'named' | 'topic'
  readonly name: string
  readonly brokerType: string
  /** Of all its queues; of a topic that nobody has subscribed to, its backlog waits. */
  readonly stats: Counts
}

/** Figures of a queue or topic. Jobs are counted once. */
export interface Counts extends QueueStats {
  /** Neither waiting nor handled: they wait for their function. They are not among the active ones. */
  readonly awaiting: number
}

/** What is to be delivered now, and what is in hand (spec 03 §5). */
export function depthOf({ waiting, active, awaiting }: Counts): number {
  return waiting + active + awaiting
}

const EMPTY: Counts = { awaiting: 0, waiting: 0, active: 0, delayed: 0, dead: 0, paused: false }
const NUMBER = { type: 'integer' }

export function listingFunctions(deps: ListingDeps): BuiltInFunction<any>[] {
  return [listTopics(deps), topicStats(deps)]
}

function listTopics(deps: ListingDeps): BuiltInFunction<null> {
  return {
    id: 'engine::queue::list_topics',
    description: 'Lists the named queues and the topics.',
    request: objectSchema({}, []),
    response: {
      type: 'array',
      items: objectSchema(
        {
          name: { type: 'string' },
          broker_type: { type: 'string', description: '`function_queue` for a named queue, else the adapter.' },
          subscriber_count: { type: 'integer', description: 'Live subscribers; of a named queue, its concurrency.' },
        },
        ['name', 'broker_type', 'subscriber_count'],
      ),
    },
    optionalInput: true,
    decode: () => null,
    run: () =>
      underCode('list_topics_failed', 'list the topics', async () => {
        const { backend, named, subscribers } = deps
        const [counts, queues] = await Promise.all([subscribers(), queuesByName(deps)])
        for (const name of counts.keys()) if (!queues.has(name)) queues.set(name, [])
        return [...queues].sort(byName).map(([name, refs]) => {
          const isNamed = refs.some(({ kind }) => kind === 'named')
          return {
            name,
            broker_type: isNamed ? 'function_queue' : backend.brokerType,
            subscriber_count: isNamed ? (named.settingsOf(name)?.concurrency ?? 0) : (counts.get(name) ?? 0),
          }
        })
      }),
  }
}

function topicStats(deps: ListingDeps): BuiltInFunction<string> {
  return {
    id: 'engine::queue::topic_stats',
    description: 'Counts the messages and consumers of a queue or topic.',
    request: objectSchema(
      { topic: NAME_SCHEMAS.queue, queue: { type: 'string', description: 'The same as `topic`.' } },
      ['topic'],
    ),
    response: objectSchema(
      {
        depth: { type: 'integer', description: 'Waiting and being delivered; delayed ones are not counted.' },
        consumer_count: NUMBER,
        dlq_depth: NUMBER,
        config: { type: 'null' },
      },
      ['depth', 'consumer_count', 'dlq_depth', 'config'],
    ),
    decode: (input, reader) => readName(input, reader, 'topic', 'topic_required'),
    run: (name) =>
      underCode('topic_stats_failed', `count the messages of "${name}"`, async () => {
        const status = await statusOf(deps, name)
        return { depth: depthOf(status), consumer_count: status.consumers, dlq_depth: status.dead, config: null }
      }),
  }
}

interface Status extends Counts {
  readonly consumers: number
  readonly awaited: readonly AwaitedFunction[]
}

/** Figures of what a name means; zeros for an unknown one. */
export async function statusOf(deps: ListingDeps, name: string): Promise<Status> {
  const { awaiting, names, named, subscribers } = deps
  const meant = await names.find(name)
  const counts = sum(await Promise.all(meant.queues.map((queue) => countsOf(deps, queue))), meant.backlog)
  const consumers =
    meant.kind === 'named'
      ? (named.settingsOf(meant.name)?.concurrency ?? 0)
      : ((await subscribers()).get(meant.name) ?? 0)
  return { ...counts, consumers, awaited: awaiting.functions(meant.queues) }
}

/** All that has a name, with its figures, by name. */
export async function topicRows(deps: Omit<ListingDeps, 'subscribers' | 'names'>): Promise<TopicRow[]> {
  const { backend } = deps
  const rows: TopicRow[] = []
  for (const [name, queues] of [...(await queuesByName(deps))].sort(byName)) {
    const isNamed = queues.some(({ kind }) => kind === 'named')
    const backlog = isNamed ? 0 : await backend.backlog(name)
    const stats = sum(await Promise.all(queues.map((queue) => countsOf(deps, queue))), backlog)
    rows.push({
      kind: isNamed ? 'named' : 'topic',
      name,
      brokerType: isNamed ? 'function_queue' : backend.brokerType,
      stats,
    })
  }
  return rows
}

/** A name that is a named queue's is not a topic's as well: the admin functions would not reach that (spec 03 §3.8). */
async function queuesByName({
  backend,
  named,
}: Pick<ListingDeps, 'backend' | 'named'>): Promise<Map<string, QueueRef[]>> {
  const byNames = new Map<string, QueueRef[]>()
  for (const name of named.names()) byNames.set(name, [namedQueue(name)])
  const queues = await backend.queues()
  const subscriptions = queues.filter(({ kind }) => kind === 'subscription')
  for (const queue of [...subscriptions, ...queues.filter(({ kind }) => kind === 'named')]) {
    const known = byNames.get(queue.name)
    if (known === undefined) byNames.set(queue.name, [queue])
    else if (known[0]?.kind === queue.kind && !known.some(({ key }) => key === queue.key)) known.push(queue)
  }
  for (const topic of await backend.topics()) if (!byNames.has(topic)) byNames.set(topic, [])
  return byNames
}

async function countsOf(
  { backend, awaiting }: Pick<ListingDeps, 'backend' | 'awaiting'>,
  queue: QueueRef,
): Promise<Counts> {
  const stats = await backend.stats(queue)
  // Asked of two: a job may have begun to wait, or have ended, in between.
  const count = Math.min(awaiting.count(queue), stats.active)
  return { ...stats, active: stats.active - count, awaiting: count }
}

function sum(parts: readonly Counts[], backlog: number): Counts {
  const total = parts.reduce(
    (all, { waiting, active, awaiting, delayed, dead, oldestAt }) => ({
      ...all,
      waiting: all.waiting + waiting,
      active: all.active + active,
      awaiting: all.awaiting + awaiting,
      delayed: all.delayed + delayed,
      dead: all.dead + dead,
      oldestAt: oldestAt === undefined ? all.oldestAt : Math.min(oldestAt, all.oldestAt ?? oldestAt),
    }),
    EMPTY,
  )
  return { ...total, waiting: total.waiting + backlog, paused: parts.length > 0 && parts.every(({ paused }) => paused) }
}

function byName([one]: readonly [string, unknown], [other]: readonly [string, unknown]): number {
  return one < other ? -1 : 1
}
