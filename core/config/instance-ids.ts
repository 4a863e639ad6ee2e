// Several entries of one name: which may repeat, which pairs are one worker twice, and the ids of the instances.
import { aliasPairs, isRepeatable, mandatoryNames } from './builtin-names.ts'
import type { KnownWorker } from './builtin-names.ts'
import type { Findings } from './findings.ts'
import type { ParsedEntry } from './parse-entries.ts'
import type { WorkerEntry } from './types.ts'

/** Set in the environment, it keeps `iii-worker-ops` from being added (spec 04 A.5). */
const NO_DAEMONS_VARIABLE = 'IIIWORKER_DISABLE_BUILTIN_DAEMONS'

/** One problem for all pairs of canonical name and alias (spec 04 A.3.2), one for each instance too many (A.6). */
export function checkRepetition(entries: readonly ParsedEntry[], findings: Findings): void {
  const firstOf = new Map<string, ParsedEntry>()
  const paired = new Set<string>()
  const lines: string[] = []
  for (const [name, alias] of aliasPairs()) {
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

  for (const entry of entries) {
    const first = firstOf.get(entry.name)
    if (first === undefined) firstOf.set(entry.name, entry)
    else if (!isRepeatable(entry.name) && !paired.has(entry.name)) {
      findings.problem(
        entry.path,
        `duplicate instance of '${entry.name}' is not supported: the first is at ${first.origin}`,
        'Remove one of them.',
      )
    }
  }
}

/** Adds the mandatory workers that this version has and that no entry names, with their defaults (spec 04 A.5). */
export function withMandatory(
  entries: readonly ParsedEntry[],
  known: readonly KnownWorker[],
  env: Readonly<Record<string, string | undefined>>,
): ParsedEntry[] {
  const present = new Set(entries.map(({ name }) => name))
  const provided = new Set(known.filter((worker) => worker.provided).map(({ name }) => name))
  const noDaemons = (env[NO_DAEMONS_VARIABLE] ?? '') !== ''
  const added = mandatoryNames().filter(
    (name) => provided.has(name) && !present.has(name) && !(noDaemons && name === 'iii-worker-ops'),
  )
  return [...entries, ...added.map(plainEntry)]
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
