// What the cases of pub/sub run on: one worker's view of an engine with `iii-pubsub`.
import { randomUUID } from 'node:crypto'
import type { ErrorBody } from '../../../protocol/errors.ts'
import { Collector } from '../../support/deadline.ts'

export type TestHandler = (data: never, metadata?: unknown) => unknown

export interface TestBinding {
  readonly id: string
  readonly function_id: string
  readonly config: unknown
  readonly metadata?: unknown
}

export interface PubSubRun {
  /** Resolves with `undefined` when the answer has no result; rejects with an error that has `code` and `message`. */
  call(functionId: string, input: unknown): Promise<any>
  provide(functionId: string, handler: TestHandler): void | Promise<void>
  /** Binds type `subscribe`; resolves when the binding is accepted. */
  bind(binding: TestBinding): Promise<void>
  unbind(id: string): void | Promise<void>
  /** Binds and waits for the refusal. */
  refusalOf(binding: TestBinding): Promise<ErrorBody>
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
