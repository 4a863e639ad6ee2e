// What is stored under another name of a plugin, as iii keeps it under the short one: `state.yaml` for `iii-state`.
import { isDeepStrictEqual } from 'node:util'
import type { PluginLog } from '../../sdk/plugin.ts'
import type { EntryTable } from './entry-table.ts'
import type { AppliedSettings } from './plugin-settings.ts'
import { seedHolds } from './seed.ts'

export interface OtherNamesContext {
  readonly table: EntryTable
  readonly log: Pick<PluginLog, 'warn'>
}

/** Something is stored there that does not count. */
export function warnOfUnreadNames(
  { plugin, aliases, config }: AppliedSettings,
  { table, log }: OtherNamesContext,
): void {
  const own = table.stored.get(plugin)
  for (const alias of aliases) {
    const other = table.stored.get(alias)
    if (other === undefined || other.value === null || isDeepStrictEqual(other.value, own?.value)) continue
    const counts = own !== undefined ? `${plugin}.yaml` : 'its block in the configuration file'
    if (own === undefined && seedHolds(other.seed, config)) continue
    log.warn(
      `The stored settings '${alias}' (${alias}.yaml) are not read: of ${plugin}, whose other name that is, ${counts} counts.`,
    )
  }
}
