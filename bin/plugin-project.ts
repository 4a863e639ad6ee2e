// The project that commands work on: its configuration file, its folder of plugins, and where its engine listens.
// Reads no more of the configuration than that: a file with mistakes elsewhere must not keep anybody from adding a plugin.
import path from 'node:path'
import { parseDocument } from 'yaml'
import { isRecord } from '../base/values/is-record.ts'
import { readConfigText } from '../core/config/config-document.ts'
import { interpolate } from '../core/config/interpolate.ts'
import { locateConfig, notFound } from '../core/config/locate.ts'
import { LISTENER_NAME, WorkerNames } from '../core/config/worker-names.ts'
import { ENGINE_VERSION } from '../core/version.ts'

export interface PluginProject {
  /** Absolute; undefined when there is none. */
  readonly configFile: string | undefined
  /** Folder of the configuration file, else the working directory. */
  readonly root: string
  readonly pluginsDir: string
  /** Of its first listener, where the file says one: another project's engine may hold the default port. */
  readonly port: number | undefined
  /** Of the same listener, as it is written. */
  readonly host: string | undefined
  /** Entries of `workers:` and `modules:` with the names that they are written with, placeholders replaced. */
  readonly entries: readonly ProjectEntry[]
}

export interface ProjectEntry {
  readonly name: string
  readonly config: Readonly<Record<string, unknown>>
}

/** Finds the file as `iii start` does. Throws ConfigError when a file that was named is not there. */
export function findProject(configPath: string | undefined, env = process.env, cwd = process.cwd()): PluginProject {
  const location = locateConfig({ configPath, env, cwd })
  if (location.kind === 'missing' && location.named) throw notFound(location.path)
  const configFile = location.kind === 'file' ? location.path : undefined
  const root = configFile === undefined ? cwd : path.dirname(configFile)
  const { pluginsDir, ...settings } = configFile === undefined ? UNSAID : settingsIn(configFile, env)
  return { configFile, root, pluginsDir: path.resolve(root, pluginsDir ?? 'plugins'), ...settings }
}

interface ProjectSettings extends Pick<PluginProject, 'port' | 'host' | 'entries'> {
  readonly pluginsDir: string | undefined
}

/** The listener is the engine's own: no other worker need be known to find it. */
const CORE_NAMES = new WorkerNames()

const UNSAID: ProjectSettings = { pluginsDir: undefined, port: undefined, host: undefined, entries: [] }

function settingsIn(configFile: string, env: NodeJS.ProcessEnv): ProjectSettings {
  const { text } = interpolate(readConfigText(configFile), { env, engineVersion: ENGINE_VERSION })
  const document = parseDocument(text)
  // Mistakes are for `iii config check`; a broken document has no plain value.
  if (document.errors.length > 0) return UNSAID
  const root: unknown = document.toJS()
  if (typeof root !== 'object' || root === null) return UNSAID
  const { plugins_dir: pluginsDir, workers, modules } = root as Readonly<Record<string, unknown>>
  const entries = [workers, modules].flat().flatMap((item) => entryOf(item) ?? [])
  const listener = entries.find(({ name }) => CORE_NAMES.canonicalName(name) === LISTENER_NAME)
  const { port, host } = listener?.config ?? {}
  return {
    pluginsDir: typeof pluginsDir === 'string' ? pluginsDir : undefined,
    port: typeof port === 'number' && port > 0 ? port : undefined,
    host: typeof host === 'string' ? host : undefined,
    entries,
  }
}

function entryOf(item: unknown): ProjectEntry | undefined {
  if (!isRecord(item)) return undefined
  const { name, class: className, config } = item
  const written = name ?? className
  return typeof written === 'string' ? { name: written, config: isRecord(config) ? config : {} } : undefined
}
