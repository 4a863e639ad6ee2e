// What the cases of streams run on, an abstract connection, and the short forms that they share.
import { randomUUID } from 'node:crypto'
import type { ErrorBody } from '../../../protocol/errors.ts'
import { Collector } from '../../support/deadline.ts'
import type { WorkerRun } from '../../support/worker-run.ts'

/** A worker of an engine with `iii-stream`; binds type `stream`. */
export interface StreamRun extends WorkerRun {
  /** Takes a function back. */
  withdraw(functionId: string): void | Promise<void>
}

export interface StreamEvent {
  type: string
  timestamp: number
  streamName: string
  groupId: string
  id: string | null
  event: { type: string; data?: unknown; event?: { type: string; data: unknown } }
}

/** A stream that no other case uses. */
export const freshStream = () => `stream-${randomUUID()}`

export const at = (stream_name: string, item_id = 'i', group_id = 'g') => ({ stream_name, group_id, item_id })

/** Binds a function that collects its events. */
export async function collect(run: StreamRun, config: unknown) {
  const events = new Collector<StreamEvent>()
  const id = randomUUID()
  const function_id = `test::collect-${id}`
  await run.provide(function_id, (event) => events.add(event))
  await run.bind({ id, function_id, config })
  return events
}

/** After this, everything that earlier calls of this worker have caused and that does not wait has been sent to it. */
export const barrier = async (run: StreamRun, rounds = 3) => {
  for (let round = 0; round < rounds; round++) await run.call('stream::get', at('barrier'))
}

export const failureOf = async (call: Promise<unknown>): Promise<ErrorBody> =>
  call.then(
    (result) => ({ code: 'none', message: `succeeded with ${JSON.stringify(result)}` }),
    (error: ErrorBody) => error,
  )
