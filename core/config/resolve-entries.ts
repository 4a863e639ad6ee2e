// Which worker stands behind each entry, if any (spec 04 A.7). Apart from loading, since the folder of plugins changes at run time.
import { existsSync } from 'node:fs'
import { closestName } from '../../base/values/closest-name.ts'
import { addressConflicts } from './check-addresses.ts'
import { ConfigError } from './config-error.ts'
import type { ConfigProblem } from './config-error.ts'
import { isListenerEntry } from './listener-config.ts'
import { SURPLUS_REMEDY, surplusEntries } from './instance-ids.ts'
import type { EngineConfig, WorkerEntry } from './types.ts'
import type { WorkerNames } from './worker-names.ts'

export interface ResolveOptions {
  /** From the table of built-in workers. */
  readonly names: WorkerNames
  /** Names found in `plugins_dir`. */
  readonly userPlugins: Iterable<string>
  /** `--strict-config`: an entry without a worker is an error. */
  readonly strict?: boolean | undefined
  /** Instance ids of entries that are no plugins and have somebody who runs them all the same. Default: none. */
  readonly claimed?: ReadonlySet<string>
}

export interface ResolvedEntries {
  /** `iii-worker-manager` entries, the disabled ones included; the first is the engine port (spec 04 A.6). */
  readonly listeners: readonly WorkerEntry[]
  /** What the plugin host is to know, in file order, the disabled ones included. */
  readonly plugins: readonly ResolvedPlugin[]
  /** Entries that nothing runs for, accepted silently or with a warning. */
  readonly skipped: readonly WorkerEntry[]
  /**
   * Of these the enabled ones that a holder of the seat `entries` may run, with what is said when nobody does and they are skipped
   * (`absence`) or refused (`refusal`).
   */
  readonly unclaimed: readonly { readonly entry: WorkerEntry; readonly absence: string; readonly refusal: string }[]
  readonly warnings: readonly string[]
}

export interface ResolvedPlugin {
  readonly entry: WorkerEntry
  readonly from: 'built-in' | 'plugins_dir'
  /** The plugin in `plugins_dir` has the name of a built-in of this version and runs in its place. */
  readonly replaces: boolean
}

/**
 * @throws ConfigError for a second entry of a name that nothing is known of, for two that are to listen on one address, and with `strict`
 * for all entries without a worker.
 */
export function resolveEntries(config: EngineConfig, options: ResolveOptions): ResolvedEntries {
  const { names } = options
  const userPlugins = new Set(options.userPlugins)
  const listeners: WorkerEntry[] = []
  const plugins: ResolvedPlugin[] = []
  const skipped: WorkerEntry[] = []
  const oddities: Absence[] = []
  const shadowed: string[] = []
  const unclaimed: ResolvedEntries['unclaimed'][number][] = []

  for (const entry of config.entries) {
    if (isListenerEntry(entry)) listeners.push(entry)
    else if (names.isCore(entry.name)) skipped.push(entry)
    else if (userPlugins.has(entry.writtenName)) {
      // A plugin is found under its name although that is also the alias of a built-in.
      if (entry.name !== entry.writtenName && names.isProvided(entry.name) && entry.enabled)
        shadowed.push(shadowWarning(entry, config))
      plugins.push({
        entry: renamed(entry, entry.writtenName),
        from: 'plugins_dir',
        replaces: names.isProvided(entry.writtenName),
      })
    } else if (userPlugins.has(entry.name))
      plugins.push({ entry, from: 'plugins_dir', replaces: names.isProvided(entry.name) })
    else if (names.isProvided(entry.name)) plugins.push({ entry, from: 'built-in', replaces: false })
    else {
      skipped.push(entry)
      const odd = absence(entry, config, names, userPlugins)
      if (options.claimed?.has(entry.instanceId) !== true) oddities.push(odd)
      if (entry.enabled) unclaimed.push({ entry, absence: sentences(odd, '; skipped'), refusal: sentences(odd) })
    }
  }
  const surplus = surplusEntries(skipped, (name) => names.isKnown(name))
  if (surplus.length > 0)
    throw new ConfigError(
      '',
      surplus.map(({ entry, message }) => toProblem(entry, message, config, SURPLUS_REMEDY)),
    )
  if (options.strict === true && oddities.length > 0)
    throw new ConfigError(
      '',
      oddities.map((odd) => toProblem(odd.entry, sentences(odd), config, STRICT_REMEDY)),
    )
  const conflicts = addressConflicts(config, { listeners, plugins }, names)
  if (conflicts.length > 0) throw new ConfigError('', conflicts)
  const warnings = [...shadowed, ...oddities.map((odd) => `${odd.entry.origin}: ${sentences(odd, '; skipped')}`)]
  return { listeners, plugins, skipped, unclaimed, warnings }
}

/** Why nothing runs for an entry. */
interface Absence {
  readonly entry: WorkerEntry
  /** Without a full stop. */
  readonly problem: string
  readonly advice?: string
}

function absence(
  entry: WorkerEntry,
  config: EngineConfig,
  names: WorkerNames,
  userPlugins: ReadonlySet<string>,
): Absence {
  const { writtenName, name, workerPath } = entry
  if (names.isKnown(name)) return { entry, problem: `Worker '${writtenName}' is not part of this version` }
  if (workerPath !== undefined) {
    return {
      entry,
      problem: `Worker '${writtenName}' (worker_path ${workerPath}) is not started`,
      advice: 'Start it yourself: it connects like any other worker',
    }
  }
  const { pluginsDir } = config
  const where = existsSync(pluginsDir) ? pluginsDir : `${pluginsDir}, which does not exist`
  return {
    entry,
    problem: `Unknown worker '${writtenName}'`,
    advice:
      `${suggestion(writtenName, names, userPlugins)} A plugin of that name would be looked for in ${where}; 'iii worker add ${writtenName}' installs a worker of a registry`.trimStart(),
  }
}

function shadowWarning({ origin, name, writtenName }: WorkerEntry, { pluginsDir }: EngineConfig): string {
  return `${origin}: '${writtenName}' is a plugin in ${pluginsDir}, not the built-in worker ${name}. For the worker write 'name: ${name}'`
}

/** Classes have most of their letters in common. */
const CLASS_EDITS = 3

/** What would run comes first: whoever follows a suggestion must not be sent back. */
function suggestion(written: string, names: WorkerNames, userPlugins: ReadonlySet<string>): string {
  const near =
    closestName(written, [...names.suggestible, ...userPlugins]) ??
    closestName(written, names.classes, { maxEdits: CLASS_EDITS })
  if (near !== undefined) return ` Did you mean '${near}'?`
  const absent = closestName(written, names.absent)
  return absent === undefined ? '' : ` It looks like '${absent}', which is not part of this version.`
}

/** @param outcome what comes of it. */
function sentences({ problem, advice }: Absence, outcome = ''): string {
  return advice === undefined ? `${problem}${outcome}` : `${problem}${outcome}. ${advice}`
}

function renamed(entry: WorkerEntry, name: string): WorkerEntry {
  if (entry.name === name) return entry
  return { ...entry, name, instanceId: entry.instanceId.replace(entry.name, name) }
}

const STRICT_REMEDY = 'Correct or remove the entry, or run without --strict-config.'

function toProblem(entry: WorkerEntry, message: string, { file }: EngineConfig, remedy: string): ConfigProblem {
  const line = Number(/:(\d+)$/.exec(entry.origin)?.[1])
  return { file, ...(Number.isNaN(line) ? {} : { line }), message, remedy }
}
