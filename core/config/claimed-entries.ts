// Entries that are no plugins and that the holder of the seat `entries` would run, asked without running it: for a start that is to refuse
// what nobody runs before anything has run, and for a check of the configuration.
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

/** Instance ids. */
async function claimedEntries(
  { projectRoot }: EngineConfig,
  { plugins, unclaimed }: ResolvedEntries,
  { names }: Pick<ResolveOptions, 'names'>,
): Promise<ReadonlySet<string>> {
  const holder = names.ofSeat('entries')
  const runs = plugins.some(({ entry, from }) => from === 'built-in' && entry.enabled && entry.name === holder)
  const wouldRun = runs ? names.builtIns.find(({ about }) => about.name === holder)?.about.wouldRun : undefined
  const claimed = new Set<string>()
  if (wouldRun === undefined) return claimed
  for (const { entry } of unclaimed) {
    const { name, workerPath, instanceId } = entry
    if (await wouldRun({ name, workerPath }, projectRoot)) claimed.add(instanceId)
  }
  return claimed
}
