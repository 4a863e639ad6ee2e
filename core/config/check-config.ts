// What a start with a configuration would refuse once it has been read, in the words of the start: for `iii config check`.
import { ConfigError, type ConfigProblem } from './config-error.ts'
import { nobodyEnforcesRbac, problemAt, type EntryProblem } from './entry-problem.ts'
import { listenerOf } from './listener-config.ts'
import type { ResolvedEntries } from './resolve-entries.ts'
import type { EngineConfig } from './types.ts'
import type { WorkerNames } from './worker-names.ts'

/** What the plugin host has found. */
export interface CheckedPlugins {
  readonly problems: readonly {
    /** Name of the instance. */
    readonly plugin: string
    readonly message: string
    readonly problems?: readonly EntryProblem[]
  }[]
  /** Seats of plugins that would start. */
  readonly seats: ReadonlySet<string>
}

/** @throws ConfigError with all of it, each at its line. */
export function refuseProblems(
  config: EngineConfig,
  { listeners }: Pick<ResolvedEntries, 'listeners'>,
  { problems, seats }: CheckedPlugins,
  names: Pick<WorkerNames, 'ofSeat'>,
  ofEntries: readonly ConfigProblem[] = [],
): void {
  const found: ConfigProblem[] = problems.flatMap(
    ({ plugin, message, problems: inEntry = [{ path: [], message }] }) => {
      const entry = config.entries.find(({ instanceId }) => instanceId === plugin)
      return entry === undefined
        ? [{ file: null, message }]
        : inEntry.map((problem) => problemAt(config, entry, problem))
    },
  )
  found.push(...ofEntries)
  const holder = names.ofSeat('session-policy')
  for (const entry of listeners) {
    const { rbac, port } = listenerOf(entry)
    if (!entry.enabled || rbac === undefined || seats.has('session-policy')) continue
    found.push(problemAt(config, entry, nobodyEnforcesRbac(entry.writtenName, port, holder)))
  }
  if (found.length > 0) throw new ConfigError('', found)
}
