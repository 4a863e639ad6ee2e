// Functions that the configuration names: auth functions, hooks, middleware, and whatever else a worker is told to ask. Sessions are kept
// from registering these (spec 09 §4 a).
import { isRecord } from '../../base/values/is-record.ts'
import type { WorkerEntry } from './types.ts'

/** Settings that hold the id of a function, or several; `expose_functions` and the like hold filters. */
const NAMES_FUNCTION = /(?:^|_)function(?:_ids?)?$/

export function functionsNamedBy(entries: readonly WorkerEntry[]): ReadonlySet<string> {
  const ids = new Set<string>()
  for (const { config, enabled } of entries) if (enabled) collect(config, ids)
  return ids
}

function collect(settings: unknown, ids: Set<string>): void {
  if (Array.isArray(settings)) return settings.forEach((item) => collect(item, ids))
  if (!isRecord(settings)) return
  for (const [name, value] of Object.entries(settings)) {
    if (!NAMES_FUNCTION.test(name)) collect(value, ids)
    else for (const id of Array.isArray(value) ? value : [value]) if (typeof id === 'string') ids.add(id)
  }
}
