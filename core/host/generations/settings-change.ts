// Brings one running plugin to settings that were set at run time: in place where it can, else by a change of generation.
// When it can't be done nothing has changed, and the error says why.
import { isDeepStrictEqual } from 'node:util'
import type { Clock } from '../../../base/time/clock.ts'
import type { PluginChanges } from './plugin-changes.ts'
import type { PluginRecord } from '../table/plugin-record.ts'
import type { Config, SettingsSeat, SettleSettings } from './plugin-settings.ts'
import type { PluginTable } from '../table/plugin-table.ts'

/** `unchanged`: the plugin runs with these settings already, or does not run and gets them at its next start. */
export type HowApplied = 'unchanged' | 'in_place' | 'generation'

export interface SettingsSurroundings {
  readonly table: PluginTable
  readonly changes: PluginChanges
  readonly clock: Clock
  readonly settle: SettleSettings
  readonly seat: SettingsSeat
}

/** @throws {CodedError} PLUGIN_CONFIG_INVALID, or why the new generation does not run; the old settings are in force then. */
export async function changeSettings(
  record: PluginRecord,
  value: Config,
  { table, changes, clock, settle, seat }: SettingsSurroundings,
): Promise<HowApplied> {
  const { generation, entry } = record
  if (generation === undefined || entry === undefined) return 'unchanged'
  const { plan, declaration } = generation
  const { config, from } = await settle(plan.source, declaration, plan.entry, value)
  if (isDeepStrictEqual(config, generation.config)) return 'unchanged'
  const began = clock.now()
  if (await generation.reconfigure({ config, from }, plan.entry)) {
    table.reconfigured(record, plan.entry, 'settings', clock.now() - began)
    seat.changed(generation.about, config)
    return 'in_place'
  }
  // The code that runs, not what lies on disk: somebody changes settings, and nothing else.
  const to = await changes.prepare({ ...plan, apart: true, settings: value })
  await changes.carryOut([{ record, to, entry: plan.entry }], { cause: 'settings' })
  return 'generation'
}
