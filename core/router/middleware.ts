// A listener's middleware: called instead of the target, with what the caller sent (spec 04 B.5).
import type { Action } from '../model/action.ts'
import type { Call } from '../model/call.ts'

/** The payload for the middleware; the caller's goes along verbatim. */
export function middlewareRequest(call: Call, action: Action | undefined): Buffer {
  const { policy } = call.caller
  const head = JSON.stringify({
    function_id: call.functionId,
    action: action ?? null,
    context: policy.kind === 'session' ? policy.rights.context : {},
    namespace: call.namespace,
  })
  return Buffer.concat([Buffer.from(`${head.slice(0, -1)},"payload":`), call.data, Buffer.from('}')])
}
