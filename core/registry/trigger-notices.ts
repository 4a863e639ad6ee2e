// Which workers are told anything about triggers, and the one message that a binder may get (spec 01 §6).
import type { ErrorBody } from '../../protocol/errors.ts'
import type { Worker } from '../model/worker.ts'

/** Whether a worker is told anything: an old generation that may still drain is, a lost connection is not. */
export function hears(worker: Worker): boolean {
  return worker.phase !== 'gone' && worker.link.open
}

/** Only failures are reported to a binder. */
export function tellOwner(owner: Worker, id: string, triggerType: string, functionId: string, error: ErrorBody): void {
  if (owner.phase !== 'open' || !owner.link.open) return
  owner.link.send({ type: 'triggerregistrationresult', id, trigger_type: triggerType, function_id: functionId, error })
}
