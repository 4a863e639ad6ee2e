// Where the configuration of an engine comes from, decided once: a file that may change, or what the caller gave.
import { join } from 'node:path'
import { deepFreeze } from '../../base/values/schema-validation.ts'
import { parseConfigDocument } from './config-document.ts'
import { buildConfig, loadConfig, type LoadOptions } from './load.ts'
import { locateConfig, notFound } from './locate.ts'
import type { EngineConfig } from './types.ts'

/** A configuration at hand: as it was loaded, as the text of a configuration file, or as the value of such a text. */
export type GivenConfig = EngineConfig | string | Readonly<Record<string, unknown>>

export interface ConfigSource {
  /** Absolute path; null when there is no file. */
  readonly file: string | null
  /** @throws ConfigError with every problem at once. */
  read(): EngineConfig
}

/** In messages, in the place of a file's name. */
const NO_FILE = '(given configuration)'

/**
 * @param given counts alone; relative paths in it refer to `options.cwd`.
 * @throws ConfigError when there is no file. None is created.
 */
export function configSource(given: GivenConfig | undefined, options: LoadOptions): ConfigSource {
  if (given !== undefined) return { file: null, read: () => readGiven(given, options) }
  const location = locateConfig(options)
  if (location.kind === 'missing') throw notFound(location.path)
  if (location.kind === 'embedded') return { file: null, read: () => loadConfig(options) }
  const { path } = location
  return { file: path, read: () => loadConfig({ ...options, configPath: path }) }
}

function readGiven(given: GivenConfig, options: LoadOptions): EngineConfig {
  if (isLoaded(given)) return given
  const text = typeof given === 'string' ? given : JSON.stringify(given, null, 2)
  const document = parseConfigDocument(join(options.cwd, NO_FILE), text, options)
  return deepFreeze({ ...buildConfig(document, options).config, file: null })
}

function isLoaded(given: GivenConfig): given is EngineConfig {
  return typeof given === 'object' && 'entries' in given && 'projectRoot' in given && 'engine' in given
}
