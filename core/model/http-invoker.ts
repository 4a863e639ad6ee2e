// How the router has functions invoked over HTTP (spec 01 §10): who does it is handed to it.
import type { Call } from './call.ts'
import type { Provider } from './function-entry.ts'
import type { Worker } from './worker.ts'

export interface HttpInvoker {
  /** Resolves when the target of a registration is accepted; rejects with the reason, also when nobody is there to invoke it. */
  check(worker: Worker, functionId: string, invocation: unknown): Promise<void>
  /** Makes the call in place of its provider. `onSettled` gets raw JSON, valid until it returns. */
  invoke(call: Call, provider: Provider, onSettled: NonNullable<Call['onSettled']>): void
}
