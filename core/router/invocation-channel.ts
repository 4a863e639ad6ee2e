// `diagnostics_channel` name that the engine publishes for each settled invocation. Public surface; costs nothing without a subscriber.
import { channel } from 'node:diagnostics_channel'

/** Message: `{ function_id, caller, callee, ms, ok, built_in }`; ids are worker ids. */
export const invocationChannel = channel('iii:invocation')
