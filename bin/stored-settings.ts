// Which plugins have settings that were stored at run time. `iii config explain` reads the configuration file alone and starts
// nothing, so it can't say what the worker `configuration` would decide; but somebody has to know that there is more to it.
import { existsSync } from 'node:fs'
import path from 'node:path'
import type { EngineConfig } from '../core/config/types.ts'

export interface StoredSettings {
  readonly name: string
  /** Absolute path. */
  readonly file: string
}

/** Of entries that are enabled, in the order of the file. Empty when the entries are kept by another engine. */
export function storedSettings({ entries, projectRoot }: EngineConfig): StoredSettings[] {
  const folder = folderOf(entries.find(({ name }) => name === 'configuration')?.config)
  if (folder === undefined) return []
  return entries
    .filter(({ enabled }) => enabled)
    .map(({ name }) => ({ name, file: path.resolve(projectRoot, folder, `${name}.yaml`) }))
    .filter(({ file }) => existsSync(file))
}

interface Adapter {
  readonly name?: unknown
  readonly config?: { readonly directory?: unknown } | null
}

function folderOf(config: Readonly<Record<string, unknown>> | undefined): string | undefined {
  const adapter = config?.['adapter'] as Adapter | null | undefined
  if (adapter?.name === 'bridge') return undefined
  const directory = adapter?.config?.directory
  return typeof directory === 'string' ? directory : 'config'
}
