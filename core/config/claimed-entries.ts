// Entries that are no plugins and that the holder of the seat `entries` would run, asked without running it: for a start that is to refuse
// what nobody runs before anything has run, and for a check of the configuration.
import type { BuiltInAbout } from '../../sdk/built-in.ts'
import type { ConfigProblem } from './config-error.ts'
import { problemAt } from './entry-problem.ts'
import { resolveEntries, type ResolvedEntries, type ResolveOptions } from './resolve-entries.ts'
import type { EngineConfig } from './types.ts'

/** As `resolveEntries`; what the holder would run is nothing odd. */
export async function resolveClaimedEntries(
  config: EngineConfig,
  options: Omit<ResolveOptions, 'claimed'>,
): Promise<ResolvedEntries> {
  const resolved = resolveEntries(config, { ...options, strict: false })
  const claimed = await claimedEntries(config, resolved, options)
  return resolveEntries(config, { ...options, claimed })
}

/** What the holder would refuse of what it would run, each at its entry. */
export async function refusedEntries(
  config: EngineConfig,
  resolved: ResolvedEntries,
  { names }: Pick<ResolveOptions, 'names'>,
): Promise<ConfigProblem[]> {
  const wouldRefuse = holderOf(resolved, names)?.wouldRefuse
  const found: ConfigProblem[] = []
  if (wouldRefuse === undefined) return found
  for (const { entry } of resolved.unclaimed) {
    const { name, workerPath } = entry
    const message = await wouldRefuse({ name, workerPath }, config.projectRoot)
    if (message !== undefined) found.push(problemAt(config, entry, { path: [], message }))
  }
  return found
}

/** Instance ids. */
async function claimedEntries(
  { projectRoot }: EngineConfig,
  resolved: ResolvedEntries,
  { names }: Pick<ResolveOptions, 'names'>,
): Promise<ReadonlySet<string>> {
  const wouldRun = holderOf(resolved, names)?.wouldRun
  const claimed = new Set<string>()
  if (wouldRun === undefined) return claimed
  for (const { entry } of resolved.unclaimed) {
    const { name, workerPath, instanceId } = entry
    if (await wouldRun({ name, workerPath }, projectRoot)) claimed.add(instanceId)
  }
  return claimed
}

function holderOf({ plugins }: ResolvedEntries, names: ResolveOptions['names']): BuiltInAbout | undefined {
  const holder = names.ofSeat('entries')
  const runs = plugins.some(({ entry, from }) => from === 'built-in' && entry.enabled && entry.name === holder)
  return runs ? names.builtIns.find(({ about }) => about.name === holder)?.about : undefined
}
