// The configuration: file → interpolation → YAML → checks → what the engine is to run (spec 04 A.8, the boot sequence's first half).
// Reads, never writes. Which entries have a worker behind them is decided later, by `resolveEntries`.
import { statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { didYouMean } from '../../base/values/closest-name.ts'
import { readConfigDocument } from './config-document.ts'
import type { ConfigDocument } from './config-document.ts'
import { DEFAULT_PLUGINS_DIR, readEngineOptions, readNamespaceGrace } from './engine-options.ts'
import { Findings } from './findings.ts'
import { checkRepetition, plainEntry, withInstanceIds, withMandatory, withSeatHolders } from './instance-ids.ts'
import type { JsonPath } from '../../base/values/json-path.ts'
import { isListenerEntry, readListenerConfig } from './listener-config.ts'
import { locateConfig, notFound } from './locate.ts'
import type { LocateOptions } from './locate.ts'
import { parseEntries } from './parse-entries.ts'
import type { ParsedEntry } from './parse-entries.ts'
import { deepFreeze } from '../../base/values/schema-validation.ts'
import { shownValue } from '../../base/values/shown-value.ts'
import type { EngineConfig, WorkerEntry } from './types.ts'
import type { WorkerNames } from './worker-names.ts'
import { withTexts } from './written-config.ts'

export interface LoadOptions extends LocateOptions {
  /** `--strict-config`: unknown top-level keys are errors. */
  readonly strict?: boolean | undefined
  readonly engineVersion: string
  /** From the table of built-in workers. */
  readonly names: WorkerNames
}

/** A configuration together with the file that it was read from, for those who show where each value stands. */
export interface ReadConfig {
  readonly config: EngineConfig
  /** Null for the embedded default. */
  readonly document: ConfigDocument | null
  /** Where each entry stands in the document, by instance id; `[]` for added ones. */
  readonly paths: ReadonlyMap<string, JsonPath>
}

/** Accepted without a word and without effect: iii or its tools write them (spec 04 A.2). */
const HARMLESS_KEYS = ['port', 'rootfs', 'version']
/** A running engine takes one that has no byte for the work of an editor that is about to write. */
export const EMPTY_FILE_REMEDY = "Write 'workers: []' if nothing is to run"
const EMPTY_FILE = `the file is empty: a start runs no worker of it, a running engine does not take it up. ${EMPTY_FILE_REMEDY}`
const TOP_LEVEL_KEYS = ['workers', 'modules', 'plugins_dir', 'engine', 'registration_namespace_grace_ms']

/**
 * Reads the configuration. Creates nothing.
 * @throws ConfigError with every problem at once.
 */
export function loadConfig(options: LoadOptions): EngineConfig {
  return readConfig(options).config
}

export function readConfig(options: LoadOptions): ReadConfig {
  const location = locateConfig(options)
  if (location.kind === 'missing') throw notFound(location.path)
  if (location.kind === 'embedded') return buildConfig(null, options)
  return buildConfig(readConfigDocument(location.path, options), options)
}

/** The configuration of a document at hand. */
export function buildConfig(document: ConfigDocument | null, options: LoadOptions): ReadConfig {
  const root = document?.value ?? {}
  const findings = new Findings(document, options.strict === true)
  if (document?.isEmpty === true) findings.warn([], EMPTY_FILE)
  checkTopLevelKeys(root, findings)
  const engine = readEngineOptions(root['engine'], findings)
  const registrationNamespaceGraceMs = readNamespaceGrace(
    root['registration_namespace_grace_ms'],
    options.env,
    findings,
  )
  const projectRoot = document === null ? resolve(options.cwd) : dirname(document.file)
  const pluginsDir = readPluginsDir(root, projectRoot, findings)

  const { names, env } = options
  // Without a file those of the packaged `iii-config.yaml` run, with their defaults.
  const written = document === null ? names.defaults.map(plainEntry) : parseEntries(root, names, findings)
  checkRepetition(written, names, findings)
  const parsed = withInstanceIds(withSeatHolders(withMandatory(written, names, env), names))
  checkListeners(parsed, findings)
  findings.throwIfAny()

  const paths = new Map(parsed.map(({ instanceId, path }) => [instanceId, path]))
  const entries = parsed.map(({ path: _path, ...entry }): WorkerEntry => entry)
  const { warnings } = findings
  const file = document?.file ?? null
  const config = deepFreeze({
    file,
    projectRoot,
    pluginsDir,
    engine,
    registrationNamespaceGraceMs,
    entries,
    warnings: [...warnings],
  })
  return { config, document, paths }
}

function checkTopLevelKeys(root: Readonly<Record<string, unknown>>, findings: Findings): void {
  for (const key of Object.keys(root)) {
    if (TOP_LEVEL_KEYS.includes(key) || HARMLESS_KEYS.includes(key)) continue
    findings.oddity([key], `unknown top-level key '${key}' is ignored.${didYouMean(key, TOP_LEVEL_KEYS)}`)
  }
}

/** It need not be there yet: `iii plugin new` makes it. */
function readPluginsDir(root: Readonly<Record<string, unknown>>, projectRoot: string, findings: Findings): string {
  const fallback = resolve(projectRoot, DEFAULT_PLUGINS_DIR)
  const { texts = {} } = findings.partsOf(['plugins_dir'])
  const written = withTexts(root['plugins_dir'], texts, { type: 'string' })
  if (written === undefined) return fallback
  if (typeof written !== 'string' || written === '') {
    findings.problem(['plugins_dir'], `plugins_dir must be a path, got ${shownValue(written)}`)
    return fallback
  }
  const path = resolve(projectRoot, written)
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === false)
    findings.problem(['plugins_dir'], `plugins_dir must be a folder, and '${path}' is none`)
  return path
}

function checkListeners(entries: readonly (WorkerEntry & ParsedEntry)[], findings: Findings): void {
  const listeners = entries.filter(isListenerEntry)
  for (const entry of listeners) {
    const reading = readListenerConfig(entry.config)
    if ('problems' in reading) {
      for (const { path, message } of reading.problems) {
        findings.problem([...entry.path, 'config', ...path], `worker '${entry.writtenName}': ${message}`)
      }
      continue
    }
    if (!entry.enabled) continue
    for (const { path, message } of reading.warnings) findings.warn([...entry.path, 'config', ...path], message)
  }
  if (!listeners.some(({ enabled }) => enabled))
    findings.warn([], 'no listener is enabled: external workers have no way to connect')
}
