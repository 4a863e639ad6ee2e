// Which plugins have settings that were stored at run time, and whether they count, as the keeper of settings decides it. Starts nothing.
import path from 'node:path'
import type { PluginSchemas } from '../core/config/file-schema.ts'
import type { EngineConfig, WorkerEntry } from '../core/config/types.ts'
import type { WorkerNames } from '../core/config/worker-names.ts'
import { writtenConfig } from '../core/config/written-config.ts'
import { ENGINE_VERSION } from '../core/version.ts'
import type { StoredReading } from '../sdk/built-in.ts'

export type StoredSettings = StoredReading & {
  /** Of the instance. */
  readonly name: string
  /** Absolute path. */
  readonly file: string
}

/** Of entries that are enabled, in the order of the file. Empty when the entries are kept by another engine. */
export async function storedSettings(
  { entries, projectRoot }: EngineConfig,
  names: WorkerNames,
  schemas: PluginSchemas,
): Promise<StoredSettings[]> {
  const keeper = names.builtIns.find(({ about }) => about.settingsFolder !== undefined)?.about
  const folder = await keeper?.settingsFolder?.(entries.find(({ name }) => name === keeper.name)?.config ?? {})
  const readStored = keeper?.readStored
  if (folder === undefined || readStored === undefined) return []
  const read = async (entry: WorkerEntry): Promise<StoredSettings | undefined> => {
    const { instanceId: name } = entry
    const schema = schemas[entry.name]
    const block = schema === undefined ? entry.config : writtenConfig(entry, schema)
    // The other names are those of a plugin's first instance.
    for (const id of name === entry.name ? [name, ...names.aliasesOf(name)] : [name]) {
      const file = path.resolve(projectRoot, folder, `${id}.yaml`)
      const place = { env: process.env, engineVersion: ENGINE_VERSION }
      const reading = await readStored({ file, id, block, ...(schema !== undefined && { schema }), ...place })
      if (reading !== undefined) return { name, file, ...reading }
    }
    return undefined
  }
  const found = await Promise.all(entries.filter(({ enabled }) => enabled).map(read))
  return found.filter((each) => each !== undefined)
}
