// Which workers are told anything about triggers, and the messages that come to one (spec 01 §6).
import type { ErrorBody } from '../../protocol/errors.ts'
import { toldErrorBody } from '../model/told-error.ts'
import type { TypeProvider } from '../model/trigger-type.ts'
import type { Worker } from '../model/worker.ts'
import type { Unbinding } from './provider-outbox.ts'

/** Of a message that is longer than the binder can take; a stack goes as well. */
const MAX_MESSAGE_LENGTH = 10_000

/** Whether a worker is told anything: an old generation that may still drain is, a lost connection is not. */
export function hears(worker: Worker): boolean {
  return worker.phase !== 'gone' && worker.link.open
}

/** Only failures are reported to a binder. */
export function tellOwner(owner: Worker, id: string, triggerType: string, functionId: string, error: ErrorBody): void {
  if (owner.phase !== 'open' || !owner.link.open) return
  const told = { type: 'triggerregistrationresult', id, trigger_type: triggerType, function_id: functionId } as const
  if (owner.link.send({ ...told, error: toldErrorBody(owner.policy, error) })) return
  owner.link.send({ ...told, error: { code: error.code, message: error.message.slice(0, MAX_MESSAGE_LENGTH) } })
}

/** A provider is to fire the binding no more. */
export function tellUnbind(provider: TypeProvider, { id, deliberate, moved }: Unbinding): void {
  if (provider.local !== undefined) return provider.local.onUnbind(id)
  if (!hears(provider.worker)) return
  // What SDKs of others get is the message of the protocol and no more.
  const reason = provider.isBuiltIn ? { ...(deliberate && { deliberate }), ...(moved && { moved }) } : {}
  provider.worker.link.send({ type: 'unregistertrigger', id, trigger_type: provider.sentId, ...reason })
}
