// How a call is made, where the caller does not wait for its result.
import type { Action } from './handle-types.ts'

/** Makes the `action` of a call: `iii.trigger({ function_id, payload, action: TriggerAction.Void() })`. */
export const TriggerAction = {
  /** Nobody waits: the call resolves with undefined at once, and an error of the function is nobody's. */
  Void(): { readonly type: 'void' } {
    return { type: 'void' }
  },
  /** The call is put into a queue and resolves with its receipt. Rejects with a code where no worker provides queues. */
  Enqueue<const Options extends { readonly queue: string }>(options: Options): Options & { readonly type: 'enqueue' } {
    return { ...options, type: 'enqueue' }
  },
} satisfies Readonly<Record<string, (options: never) => Action>>
