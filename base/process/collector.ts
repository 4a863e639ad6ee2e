// V8's own function that collects, without the option of Node that gives it to everybody.
import { setFlagsFromString } from 'node:v8'

type Collect = (
  options:
    | { readonly type: 'major'; readonly execution: 'sync'; readonly flavor: 'last-resort' }
    | { readonly type: 'minor' },
) => void

/** A context that is made while the flag is set has the function. The flag is that of all threads: another one may have taken it back. */
export function collector(): Collect | undefined {
  // Who has set it himself keeps it, for threads that are still to come.
  if (globalThis.gc !== undefined) return globalThis.gc as Collect
  setFlagsFromString('--expose-gc')
  const gc: unknown = process.getBuiltinModule('node:vm').runInNewContext('globalThis.gc')
  setFlagsFromString('--no-expose-gc')
  return typeof gc === 'function' ? (gc as Collect) : undefined
}
