// The first start of all plugins: loaded at the same time, started in the order of what they require.
import type { WorkerEntry } from '../../config/types.ts'
import type { Log } from '../../log.ts'
import { fallbackAddress } from './address-fallback.ts'
import type { PluginChanges } from './plugin-changes.ts'
import { generationErrorFrom } from './plugin-changes.ts'
import type { Generation } from './generation.ts'
import type { PluginRecord } from '../table/plugin-record.ts'
import { keepsSettings, type SettleSettings } from './plugin-settings.ts'
import type { PluginTable } from '../table/plugin-table.ts'
import { orderByRequires } from '../table/requires.ts'

export interface BootReport {
  readonly started: readonly string[]
  /** What does not run, and why. A built-in among them ends the start of the engine. */
  readonly failed: readonly {
    readonly name: string
    readonly builtIn: boolean
    readonly code: string
    readonly message: string
  }[]
}

export interface BootSurroundings {
  readonly table: PluginTable
  readonly changes: PluginChanges
  readonly settle: SettleSettings
  readonly log: Log
}

/** @param names the plugins that have entries, in the order of the file. */
export async function bootPlugins(
  names: readonly string[],
  { table, changes, settle, log }: BootSurroundings,
): Promise<BootReport> {
  const prepared = new Map<string, { record: PluginRecord; generation: Generation }>()
  const began = performance.now()
  const records = names.flatMap((name) => table.find(name) ?? []).filter(({ wanted }) => wanted)
  const fail = (record: PluginRecord, error: unknown): void => table.failed(record, generationErrorFrom(error), 'boot')
  await Promise.all(
    records.map(async (record) => {
      const { entry } = record
      if (entry === undefined) return
      record.state = 'starting'
      try {
        const generation = await changes.prepare(await changes.plan(record, entry))
        prepared.set(record.name, { record, generation })
      } catch (error) {
        fail(record, error)
      }
    }),
  )
  const requires = new Map(
    records.flatMap(({ name }) => {
      const declaration = prepared.get(name)?.generation.declaration
      return declaration === undefined ? [] : [[name, declaration.requires] as const]
    }),
  )
  const { levels, problems } = orderByRequires(requires)
  for (const [name, problem] of problems) {
    const { record, generation } = prepared.get(name) ?? {}
    if (record === undefined) continue
    await changes.drop([generation])
    fail(record, generationErrorFrom(new Error(problem)))
  }
  const decides = (name: string): boolean => {
    const declaration = prepared.get(name)?.generation.declaration
    return declaration !== undefined && keepsSettings(declaration)
  }
  const bringUp = async (record: PluginRecord, generation: Generation, entry: WorkerEntry): Promise<void> => {
    try {
      await changes.carryOut([{ record, to: generation, entry }], { cause: 'boot' })
    } catch (error) {
      const settings = await fallbackAddress(generation, error, settle)
      if (settings === undefined) throw error
      log.warn(`plugin '${record.name}': ${generationErrorFrom(error).message}; it serves on the address of the file`, {
        host: settings['host'],
        port: settings['port'],
      })
      const again = await changes.prepare({ ...generation.plan, settings })
      await changes.carryOut([{ record, to: again, entry }], { cause: 'boot' })
    }
  }
  let decided = false
  for (const name of settingsFirst(levels.flat(), requires, decides)) {
    const { record, generation } = prepared.get(name) ?? {}
    if (record?.entry === undefined || generation === undefined) continue
    // One that it requires may have failed at its start.
    const missing = generation.declaration.requires.find((required) => table.find(required)?.generation === undefined)
    try {
      if (missing !== undefined) throw new Error(`'${name}' requires the plugin '${missing}', which does not run`)
      // It was prepared before anybody could be asked for its settings.
      if (decided) await generation.settleAgain()
      await bringUp(record, generation, record.entry)
      decided ||= decides(name)
      record.loadMs = Math.round(performance.now() - began)
    } catch (error) {
      await changes.drop([generation])
      fail(record, error)
    }
  }
  const failed = records.flatMap(({ name, source, failure }) =>
    failure === undefined ? [] : [{ name, builtIn: source?.builtIn === true, ...failure }],
  )
  return { started: records.filter(({ generation }) => generation !== undefined).map(({ name }) => name), failed }
}

/** Who holds the seat `settings` starts before all that do not have to run before it: their settings are its to decide. */
function settingsFirst(
  names: readonly string[],
  requires: ReadonlyMap<string, readonly string[]>,
  decides: (name: string) => boolean,
): readonly string[] {
  const first = new Set<string>()
  const add = (name: string): void => {
    if (first.has(name)) return
    for (const required of requires.get(name) ?? []) add(required)
    first.add(name)
  }
  for (const name of names) if (decides(name)) add(name)
  return [...first, ...names.filter((name) => !first.has(name))]
}
