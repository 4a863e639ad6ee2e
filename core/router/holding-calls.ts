// Calls that are held at a gate, or refused where it has no room.
import type { ErrorBody } from '../../protocol/errors.ts'
import type { Call } from '../model/call.ts'
import type { Gate } from '../model/gate.ts'
import type { EngineOptions } from '../model/options.ts'

/** False = there is no room, and the call has failed. @param cameBack it had been let go */
export type HoldCall = (gate: Gate, call: Call, cameBack?: boolean) => boolean

export function holdingCalls(
  options: Pick<EngineOptions, 'max_invocation_ms'>,
  counts: { gateWaits: number },
  fail: (call: Call, body: ErrorBody) => void,
): HoldCall {
  return (gate, call, cameBack = false) => {
    // It may change while the engine runs.
    const { max_invocation_ms: cap } = options
    const maxMs = cap > 0 ? cap : undefined
    counts.gateWaits++
    if (cameBack ? gate.takeBack(call, maxMs) : gate.hold(call, maxMs)) return true
    fail(call, {
      code: 'overloaded',
      message: `Too many calls of ${call.functionId} wait for its provider; try again later`,
    })
    return false
  }
}
