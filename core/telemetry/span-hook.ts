// Where somebody can follow each call: begun before it is dispatched, ended when it is settled, dropped or given up.
import type { Call } from '../model/call.ts'

export interface SpanHook {
  /** Before anything looks at the call. May put its own context in place of `call.traceparent` and `call.baggage`. */
  begin(call: Call): void
  /** Once for each call that was begun. `error` is the raw JSON of an error body, valid until this returns; undefined = success. */
  end(call: Call, error: Buffer | undefined): void
}
