// What a new configuration changes about the running one (spec 04 A.8). Pure: the caller stops and starts.
import { isDeepStrictEqual } from 'node:util'
import { isListenerEntry, readListenerConfig } from './listener-config.ts'
import type { WorkerEntry } from './types.ts'

export interface EntryPair {
  /** As it runs. */
  readonly from: WorkerEntry
  /** As it is wanted; may have another instance id, which it takes without a restart. */
  readonly to: WorkerEntry
}

/** Each list is in the order of its file: the wanted one, for `removed` the running one. */
export interface EntryDiff {
  readonly unchanged: readonly EntryPair[]
  readonly changed: readonly EntryPair[]
  readonly removed: readonly WorkerEntry[]
  readonly added: readonly WorkerEntry[]
}

/**
 * Instances of one name are matched by equal configuration, then by port, then in order: removing the first of two
 * listeners leaves the second one alone.
 */
export function diffEntries(running: readonly WorkerEntry[], wanted: readonly WorkerEntry[]): EntryDiff {
  const matches = new Map<WorkerEntry, EntryPair>()
  const left = new Set(running)
  const match = (accepts: (from: WorkerEntry, to: WorkerEntry) => boolean): void => {
    for (const to of wanted) {
      if (matches.has(to)) continue
      const from = [...left].find((candidate) => candidate.name === to.name && accepts(candidate, to))
      if (from === undefined) continue
      left.delete(from)
      matches.set(to, { from, to })
    }
  }
  match(isSameEntry)
  match((from, to) => portOf(from) !== undefined && portOf(from) === portOf(to))
  match(() => true)

  const pairs = wanted.flatMap((to) => matches.get(to) ?? [])
  return {
    unchanged: pairs.filter(({ from, to }) => isSameEntry(from, to)),
    changed: pairs.filter(({ from, to }) => !isSameEntry(from, to)),
    removed: running.filter((entry) => left.has(entry)),
    added: wanted.filter((entry) => !matches.has(entry)),
  }
}

/** Equal in all that matters while running: not the instance id, the spelling of the name or the line. */
function isSameEntry(a: WorkerEntry, b: WorkerEntry): boolean {
  return isDeepStrictEqual(whatMatters(a), whatMatters(b))
}

function whatMatters(
  entry: WorkerEntry,
): Omit<WorkerEntry, 'instanceId' | 'writtenName' | 'origin' | 'lines' | 'config'> & { config: unknown } {
  const { instanceId: _id, writtenName: _written, origin: _origin, lines: _lines, config, ...rest } = entry
  return { ...rest, config: effectiveConfig(entry) ?? config }
}

/** A listener whose default is now spelled out, or no longer, is the same listener: its connections stay. */
function effectiveConfig(entry: WorkerEntry): unknown {
  if (!isListenerEntry(entry)) return undefined
  const reading = readListenerConfig(entry.config)
  return 'listener' in reading ? reading.listener : undefined
}

function portOf(entry: WorkerEntry): unknown {
  if (!isListenerEntry(entry)) return entry.config['port']
  const reading = readListenerConfig(entry.config)
  return 'listener' in reading ? reading.listener.port : undefined
}
