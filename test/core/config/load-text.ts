// Reads a configuration from a text, as if it stood in /project/iii-config.yaml.
import { parseConfigDocument } from '../../../core/config/config-document.ts'
import { ConfigError } from '../../../core/config/config-error.ts'
import { buildConfig, type ReadConfig } from '../../../core/config/load.ts'
import type { EngineConfig, WorkerEntry } from '../../../core/config/types.ts'
import { plainEntry } from '../../../core/config/instance-ids.ts'
import type { WorkerNames } from '../../../core/config/worker-names.ts'
import { namesWith } from '../../support/worker-names.ts'

export const FILE = '/project/iii-config.yaml'
export const KNOWN = namesWith('iii-state')

export interface LoadTextOptions {
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly strict?: boolean
  readonly known?: WorkerNames
}

export function readText(text: string, { env = {}, strict = false, known = KNOWN }: LoadTextOptions = {}): ReadConfig {
  const options = { cwd: '/somewhere/else', env, strict, engineVersion: '1.2.3', names: known }
  return buildConfig(parseConfigDocument(FILE, text, options), options)
}

export function loadText(text: string, options?: LoadTextOptions): EngineConfig {
  return readText(text, options).config
}

/** The error that loading gives. */
export function errorOf(text: string, options?: LoadTextOptions): ConfigError {
  try {
    loadText(text, options)
  } catch (error) {
    if (error instanceof ConfigError) return error
    throw error
  }
  throw new Error('the configuration was accepted')
}

/** The entries that stand in the text, without those that are added. */
export function entriesOf(text: string, options?: LoadTextOptions): readonly WorkerEntry[] {
  return loadText(text, options).entries.filter(({ origin }) => origin !== '(default)')
}

/** An entry whose name is all there is to it. */
export function entry(name: string, changes: Partial<WorkerEntry> = {}): WorkerEntry {
  return {
    instanceId: name,
    ...plainEntry(name),
    origin: 'iii-config.yaml:1',
    ...changes,
  }
}
