// `diagnostics_channel` name that the engine publishes for each settled invocation. Public surface; costs nothing without a subscriber.
import { channel } from 'node:diagnostics_channel'
import type { Worker } from '../model/worker.ts'
import type { Call } from '../model/call.ts'
import { isBuiltInId } from './trace-context.ts'

/** Message: `{ function_id, caller, callee, ms, ok, built_in }`; caller and callee are worker ids. */
export const invocationChannel = channel('iii:invocation')

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
