// The names that the engine publishes on Node's `diagnostics_channel`. Public surface; without a subscriber nothing is made.
import { guardedChannel } from './guarded-channel.ts'
import type { Call } from '../model/call.ts'
import type { Worker } from '../model/worker.ts'
import { isBuiltInId } from './trace-context.ts'

/** Message: `{ function_id, caller, callee, ms, ok, built_in }`; caller and callee are worker ids. */
export const invocationChannel = guardedChannel('iii:invocation')

/** Message: `{ event: 'connected' | 'disconnected', worker_id, link, name }`. */
export const workerChannel = guardedChannel('iii:worker')

/** Message: an event of `engine::plugins-changed` with `ms`, the milliseconds that the change took. */
export const pluginChannel = guardedChannel('iii:plugin')

export function publishInvocation(
  { functionId, caller, deliveredAt }: Call,
  callee: Worker,
  error: Buffer | undefined,
): void {
  invocationChannel.publish({
    function_id: functionId,
    caller: caller.id,
    callee: callee.id,
    ms: performance.now() - deliveredAt,
    ok: error === undefined,
    built_in: isBuiltInId(functionId),
  })
}

export function publishWorker(event: 'connected' | 'disconnected', worker: Worker): void {
  if (!workerChannel.hasSubscribers) return
  workerChannel.publish({ event, worker_id: worker.id, link: worker.link.kind, name: worker.name ?? null })
}
