// Several entries of one name: which may repeat, which pairs are one worker twice, and the ids of the instances.
import type { SeatName } from '../../protocol/seats.ts'
import type { Findings } from './findings.ts'
import { isListenerEntry } from './listener-config.ts'
import type { ParsedEntry } from './parse-entries.ts'
import type { WorkerEntry } from './types.ts'
import type { WorkerNames } from './worker-names.ts'

/** Whoever holds it decides on the connections to listeners with `rbac`. */
const SESSION_SEAT: SeatName = 'session-policy'

/**
 * One problem for all pairs of canonical name and alias (spec 04 A.3.2), one for each instance too many (A.6). Of names that the
 * table does not have nothing is said here: the definition of a plugin decides.
 */
export function checkRepetition(entries: readonly ParsedEntry[], names: WorkerNames, findings: Findings): void {
  const paired = new Set<string>()
  const lines: string[] = []
  for (const [name, alias] of names.aliasPairs) {
    const canonical = entries.find((entry) => entry.writtenName === name)
    const short = entries.find((entry) => entry.writtenName === alias)
    if (canonical === undefined || short === undefined) continue
    paired.add(name)
    lines.push(
      `\n  '${name}' (${canonical.origin}) and '${alias}' (${short.origin}) are the same worker: remove either one`,
    )
  }
  const culprit = entries.find(({ name }) => paired.has(name))
  if (culprit !== undefined) findings.problem(culprit.path, `Duplicate worker configurations:${lines.join('')}`)

  for (const { entry, message } of surplusEntries(entries, (name) => mayRepeat(name, names) || paired.has(name))) {
    findings.problem(entry.path, message, SURPLUS_REMEDY)
  }
}

function mayRepeat(name: string, names: WorkerNames): boolean {
  return !names.isKnown(name) || names.isRepeatable(name)
}

export const SURPLUS_REMEDY = 'Remove one of them.'

/** The entries behind the first of their name, of names that may not repeat; each with what is wrong, which names the first. */
export function surplusEntries<Entry extends Pick<WorkerEntry, 'name' | 'origin'>>(
  entries: readonly Entry[],
  mayRepeat: (name: string) => boolean,
): { readonly entry: Entry; readonly message: string }[] {
  const firstOf = new Map<string, Entry>()
  return entries.flatMap((entry) => {
    const first = firstOf.get(entry.name)
    if (first === undefined) firstOf.set(entry.name, entry)
    if (first === undefined || mayRepeat(entry.name)) return []
    const message = `duplicate instance of '${entry.name}' is not supported: the first is at ${first.origin}`
    return [{ entry, message }]
  })
}

/** Adds the mandatory workers that this version has and that no entry names, with their defaults (spec 04 A.5). */
export function withMandatory(
  entries: readonly ParsedEntry[],
  names: WorkerNames,
  env: Readonly<Record<string, string | undefined>>,
): ParsedEntry[] {
  const present = new Set(entries.map(({ name }) => name))
  const added = names.mandatory(env).filter((name) => !present.has(name))
  return [...entries, ...added.map(plainEntry)]
}

/** Adds the workers that hold a seat which another entry can't do without, where no entry names one that does. */
export function withSeatHolders(entries: readonly ParsedEntry[], names: WorkerNames): ParsedEntry[] {
  const isWanted = entries.some(
    (entry) => entry.enabled && isListenerEntry(entry) && entry.config['rbac'] !== undefined,
  )
  const holder = isWanted ? names.ofSeat(SESSION_SEAT) : undefined
  if (holder === undefined || entries.some(({ name }) => name === holder)) return [...entries]
  return [...entries, plainEntry(holder)]
}

/** An entry that stands in no file. */
export function plainEntry(name: string): ParsedEntry {
  return {
    path: [],
    name,
    writtenName: name,
    config: {},
    isolation: undefined,
    replicas: 1,
    memoryMb: undefined,
    maxInFlight: undefined,
    allow: undefined,
    permissions: undefined,
    enabled: true,
    workerPath: undefined,
    origin: '(default)',
  }
}

/** `name`, `name#1`, `name#2`, … in order (spec 04 A.6). */
export function withInstanceIds(entries: readonly ParsedEntry[]): (WorkerEntry & ParsedEntry)[] {
  const counts = new Map<string, number>()
  return entries.map((entry) => {
    const count = counts.get(entry.name) ?? 0
    counts.set(entry.name, count + 1)
    return { ...entry, instanceId: count === 0 ? entry.name : `${entry.name}#${count}` }
  })
}
