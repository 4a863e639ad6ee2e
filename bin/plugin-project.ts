// The project that plugin commands work on: its configuration file and its folder of plugins.
// Reads no more of the configuration than that: a file with mistakes elsewhere must not keep anybody from adding a plugin.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { parseDocument } from 'yaml'
import { interpolate } from '../core/config/interpolate.ts'
import { locateConfig, notFound } from '../core/config/locate.ts'
import { ENGINE_VERSION } from '../core/version.ts'

export interface PluginProject {
  /** Absolute; undefined when there is none. */
  readonly configFile: string | undefined
  /** Folder of the configuration file, else the working directory. */
  readonly root: string
  readonly pluginsDir: string
}

/** Finds the file as `iii start` does. Throws ConfigError when a file that was named is not there. */
export function findProject(configPath: string | undefined, env = process.env, cwd = process.cwd()): PluginProject {
  const location = locateConfig({ configPath, env, cwd })
  if (location.kind === 'missing' && location.named) throw notFound(location.path)
  const configFile = location.kind === 'file' ? location.path : undefined
  const root = configFile === undefined ? cwd : path.dirname(configFile)
  const wanted = configFile === undefined ? undefined : pluginsDirIn(configFile, env)
  return { configFile, root, pluginsDir: path.resolve(root, wanted ?? 'plugins') }
}

function pluginsDirIn(configFile: string, env: NodeJS.ProcessEnv): string | undefined {
  const { text } = interpolate(readFileSync(configFile, 'utf8'), { env, engineVersion: ENGINE_VERSION })
  const value = parseDocument(text).get('plugins_dir')
  return typeof value === 'string' ? value : undefined
}
