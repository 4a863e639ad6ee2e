// When two entries of one instance mean the same. Pure.
import { isDeepStrictEqual } from 'node:util'
import type { WorkerEntry } from '../../config/types.ts'

/** Where an entry stands in the file is no difference. */
export function sameEntry(a: WorkerEntry | undefined, b: WorkerEntry | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  return isDeepStrictEqual(compared(a), compared(b))
}

export function onlyConfigDiffers(a: WorkerEntry, b: WorkerEntry): boolean {
  const without = { config: null, texts: null }
  return isDeepStrictEqual({ ...compared(a), ...without }, { ...compared(b), ...without })
}

function compared(entry: WorkerEntry) {
  const { origin: _origin, lines: _lines, instanceId: _instanceId, writtenName: _writtenName, ...rest } = entry
  return rest
}
