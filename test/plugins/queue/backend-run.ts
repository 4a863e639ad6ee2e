// A backend with one queue in hand: what the cases of all backends are written with.
import { randomUUID } from 'node:crypto'
import {
  namedQueue,
  type Backend,
  type Consumption,
  type Delivery,
  type Outcome,
  type QueueRef,
  type Settled,
  type Stored,
} from '../../../plugins/queue/adapters/backend.ts'
import type { Job, NewJob } from '../../../plugins/queue/job.ts'
import { QUEUE_DEFAULTS, type QueueSettings } from '../../../plugins/queue/settings.ts'
import { Collector } from '../../support/deadline.ts'

export const DONE: Outcome = { kind: 'done' }
export const FAILED: Outcome = { kind: 'failed', code: 'boom', message: 'it broke' }
export const RETURNED: Outcome = { kind: 'returned' }

export interface QueueRun {
  readonly backend: Backend
  readonly queue: QueueRef
  /** Payloads of the deliveries that began, in their order. */
  readonly begun: Collector<unknown>
  readonly settled: Collector<{ readonly data: unknown; readonly how: Settled; readonly job: Job }>
  declare(settings: Partial<QueueSettings>): Promise<void>
  /** Stores jobs with these payloads. */
  put(...payloads: readonly unknown[]): Promise<Stored[]>
  putWith(payload: unknown, members: Partial<NewJob>): Promise<Stored>
  consume(deliver?: (payload: any, delivery: Delivery) => Outcome | Promise<Outcome>): Promise<Consumption>
}

/** @param name keeps runs on a shared server apart */
export async function queueRun(
  backend: Backend,
  settings: Partial<QueueSettings> = {},
  name: string = `q-${randomUUID()}`,
): Promise<QueueRun> {
  const queue = namedQueue(name)
  const declare = (changed: Partial<QueueSettings>): Promise<void> =>
    backend.declare(queue, { ...QUEUE_DEFAULTS, backoffMs: 10, ...changed })
  await declare(settings)
  const begun = new Collector<unknown>()
  const settled: QueueRun['settled'] = new Collector()
  return {
    backend,
    queue,
    begun,
    settled,
    declare,
    put: (...payloads) => backend.enqueue(payloads.map((payload) => ({ queue, job: job(payload) }))),
    putWith: async (payload, members) => (await backend.enqueue([{ queue, job: job(payload, members) }]))[0]!,
    consume: (deliver = () => DONE) =>
      backend.consume(queue, {
        async deliver(delivery) {
          const payload: unknown = JSON.parse(delivery.job.data)
          begun.add(payload)
          return deliver(payload, delivery)
        },
        settled: (ended, how) => settled.add({ data: JSON.parse(ended.data), how, job: ended }),
      }),
  }
}

export function job(payload: unknown, members: Partial<NewJob> = {}): NewJob {
  return { id: randomUUID(), functionId: 'test::f', data: JSON.stringify(payload), ...members }
}

/** A delivery that ends when the test says so. */
export class Gate {
  readonly #open = Promise.withResolvers<void>()

  readonly open = (): void => this.#open.resolve()

  async pass(outcome: Outcome = DONE): Promise<Outcome> {
    await this.#open.promise
    return outcome
  }
}
