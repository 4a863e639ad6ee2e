// Which plugins have settings that were stored at run time. `iii config explain` reads the configuration file alone and starts
// nothing, so it can't say what the keeper of settings would decide; but somebody has to know that there is more to it.
import { existsSync } from 'node:fs'
import path from 'node:path'
import type { EngineConfig } from '../core/config/types.ts'
import type { BuiltIn } from '../sdk/built-in.ts'

export interface StoredSettings {
  readonly name: string
  /** Absolute path. */
  readonly file: string
}

/** Of entries that are enabled, in the order of the file. Empty when the entries are kept by another engine. */
export async function storedSettings(
  { entries, projectRoot }: EngineConfig,
  builtIns: readonly BuiltIn[],
): Promise<StoredSettings[]> {
  const keeper = builtIns.find(({ about }) => about.settingsFolder !== undefined)?.about
  const folder = await keeper?.settingsFolder?.(entries.find(({ name }) => name === keeper.name)?.config ?? {})
  if (folder === undefined) return []
  return entries
    .filter(({ enabled }) => enabled)
    .map(({ name }) => ({ name, file: path.resolve(projectRoot, folder, `${name}.yaml`) }))
    .filter(({ file }) => existsSync(file))
}
