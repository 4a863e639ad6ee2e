// The types of `iii-host/browser`: those of the SDK, with what is known of the functions and trigger types that the engine and its
// built-in workers provide. At run time the name leads to `sdk/browser.ts`; no value is in here.
import './core/engine-functions/known-ids.generated.ts'
import './plugins/known-ids.generated.ts'

export * from './sdk/browser.ts'
