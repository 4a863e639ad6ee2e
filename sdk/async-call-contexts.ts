// The trace context of the call that a handler is running for, so that the calls it makes carry it on (spec 08 §11).
// Entered only for calls that have one: the others pay nothing.
import { AsyncLocalStorage } from 'node:async_hooks'
import type { CallContext, CallContexts } from './call-contexts.ts'

export type { CallContext }

const contexts = new AsyncLocalStorage<CallContext>()
let used = false

/** Trace context of the running handler, if its call had one. */
export function currentCallContext(): CallContext | undefined {
  return used ? contexts.getStore() : undefined
}

export function runInCallContext<Result>(context: CallContext, run: () => Result): Result {
  used = true
  return contexts.run(context, run)
}

export const ASYNC_CALL_CONTEXTS: CallContexts = { current: currentCallContext, run: runInCallContext }
