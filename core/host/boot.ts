// The first start of all plugins: loaded at the same time, started in the order of what they require.
import type { PluginChanges } from './plugin-changes.ts'
import { generationErrorFrom } from './plugin-changes.ts'
import type { Generation } from './generation.ts'
import type { PluginRecord } from './plugin-record.ts'
import type { PluginTable } from './plugin-table.ts'
import { orderByRequires } from './requires.ts'

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

/** @param names the plugins that have entries, in the order of the file. */
export async function bootPlugins(
  names: readonly string[],
  { table, changes }: { table: PluginTable; changes: PluginChanges },
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
  for (const name of levels.flat()) {
    const { record, generation } = prepared.get(name) ?? {}
    if (record?.entry === undefined || generation === undefined) continue
    // One that it requires may have failed at its start.
    const missing = generation.declaration.requires.find((required) => table.find(required)?.generation === undefined)
    try {
      if (missing !== undefined) throw new Error(`'${name}' requires the plugin '${missing}', which does not run`)
      await changes.carryOut([{ record, to: generation, entry: record.entry }], { cause: 'boot' })
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
