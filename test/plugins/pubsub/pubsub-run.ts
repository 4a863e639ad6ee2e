// What the cases of pub/sub run on: one worker's view of an engine with `iii-pubsub`.
import { randomUUID } from 'node:crypto'
import { Collector } from '../../support/deadline.ts'
import type { TestBinding, WorkerRun } from '../../support/worker-run.ts'

/** Binds type `subscribe`. */
export interface PubSubRun extends WorkerRun {
  /** Resolves when what is published from then on reaches the binding. */
  bind(binding: TestBinding): Promise<void>
}

/** A topic that no other case uses. */
export const freshTopic = (): string => `topic.${randomUUID()}`

export const publish = (run: PubSubRun, topic: unknown, data: unknown): Promise<unknown> =>
  run.call('publish', { topic, data })

export interface Subscribed {
  readonly id: string
  readonly function_id: string
  readonly events: Collector<unknown>
  readonly metadata: unknown[]
}

/** Binds a function that collects what it gets. */
export async function collect(
  run: PubSubRun,
  config: unknown,
  more: { id?: string; metadata?: unknown } = {},
): Promise<Subscribed> {
  const events = new Collector<unknown>()
  const metadata: unknown[] = []
  const id = more.id ?? randomUUID()
  const function_id = `test::collect-${randomUUID()}`
  await run.provide(function_id, (event, sidecar) => {
    metadata.push(sidecar)
    events.add(event)
  })
  await run.bind({ ...more, id, function_id, config })
  return { id, function_id, events, metadata }
}

/**
 * After this, all that was published before has reached those who get it: each publish of the barrier goes the same way, and
 * comes after it.
 */
export async function barrier(run: PubSubRun): Promise<void> {
  const { id, events } = await collect(run, { topic: 'barrier' })
  for (let round = 1; round <= 3; round++) {
    await publish(run, 'barrier', round)
    await events.take(round)
  }
  await run.unbind(id)
}
