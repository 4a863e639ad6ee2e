// Every value that is in force, and where it comes from: for `iii config explain`.
import { basename } from 'node:path'
import type { ConfigDocument } from './config-document.ts'
import { isListenerEntry } from './listener-config.ts'
import { LISTENER_SCHEMA } from './listener-schema.ts'
import type { PluginSchemas } from './file-schema.ts'
import { NAMESPACE_GRACE_VARIABLE } from './engine-options.ts'
import { renderPath } from '../../base/values/json-path.ts'
import type { JsonPath } from '../../base/values/json-path.ts'
import { maskSecrets } from '../../base/values/masking.ts'
import type { ReadConfig } from './load.ts'
import { validateAgainstSchema } from '../../base/values/schema-validation.ts'
import type { WorkerEntry } from './types.ts'
import { writtenConfig } from './written-config.ts'

export interface ExplainedValue {
  /** `engine.gate_ms`, `iii-worker-manager#1.config.port`, … */
  readonly path: string
  /** Masked where it is a secret. */
  readonly value: unknown
  readonly source: 'file' | 'environment' | 'default' | 'injected' | 'stored'
  /**
   * In words: `iii-config.yaml:12`, `default`, `environment variable PORT (iii-config.yaml:12)`, `added by the engine`,
   * `set at run time (config/hello.yaml)`.
   */
  readonly origin: string
}

type Origin = Pick<ExplainedValue, 'source' | 'origin'>

const DEFAULT_ORIGIN: Origin = { source: 'default', origin: 'default' }
const INJECTED: Origin = { source: 'injected', origin: 'added by the engine' }

/** Keys of an entry as they are in the file, with the value in force and whether it is shown when the file is silent. */
const ENTRY_KEYS: readonly (readonly [key: string, valueOf: (entry: WorkerEntry) => unknown, fallback: boolean])[] = [
  ['enabled', (entry) => entry.enabled, true],
  ['isolation', (entry) => entry.isolation, false],
  ['replicas', (entry) => entry.replicas, false],
  ['memory_mb', (entry) => entry.memoryMb, false],
  ['max_in_flight', (entry) => entry.maxInFlight, false],
  ['allow', (entry) => entry.allow, false],
  ['permissions', (entry) => entry.permissions, false],
  ['worker_path', (entry) => entry.workerPath, false],
]

/** Settings that were set at run time and count in place of the block. */
export interface StoredValue {
  readonly value: Readonly<Record<string, unknown>>
  /** Members of it that still come from the block. */
  readonly ofBlock: readonly string[]
  /** Where they are kept, for people. */
  readonly place: string
}

/**
 * @param schemas of the plugins show their defaults; without one, only what the file says is listed for a plugin.
 * @param stored by instance id.
 */
export function explainConfig(
  { config, document, paths }: ReadConfig,
  schemas: PluginSchemas,
  env: Readonly<Record<string, string | undefined>>,
  stored: ReadonlyMap<string, StoredValue> = new Map(),
): ExplainedValue[] {
  const rows: ExplainedValue[] = []
  const add = (label: JsonPath, value: unknown, origin: Origin): void => {
    rows.push({ path: renderPath(label), value: maskSecrets(value, label), ...origin })
  }
  const addLeaves = (label: JsonPath, value: unknown, path: JsonPath): void => {
    for (const [inside, leaf] of leaves(value)) {
      add([...label, ...inside], leaf, originOf(document, [...path, ...inside]) ?? DEFAULT_ORIGIN)
    }
  }

  add(['plugins_dir'], config.pluginsDir, originOf(document, ['plugins_dir']) ?? DEFAULT_ORIGIN)
  add(['registration_namespace_grace_ms'], config.registrationNamespaceGraceMs, namespaceGraceOrigin(document, env))
  addLeaves(['engine'], config.engine, ['engine'])

  for (const entry of config.entries) {
    const path = paths.get(entry.instanceId) ?? []
    const standsInFile = path.length > 0
    for (const [key, valueOf, always] of ENTRY_KEYS) {
      const written = standsInFile ? originOf(document, [...path, key]) : undefined
      if (written === undefined && !always) continue
      add([entry.instanceId, key], valueOf(entry), written ?? (standsInFile ? DEFAULT_ORIGIN : INJECTED))
    }
    const label = [entry.instanceId, 'config']
    const kept = stored.get(entry.instanceId)
    const effective = effectiveConfig(kept === undefined ? entry : { ...entry, config: kept.value, texts: {} }, schemas)
    if (kept !== undefined) {
      const written: Origin = { source: 'stored', origin: `set at run time (${kept.place})` }
      const originIn = (inside: JsonPath): Origin => {
        if (!isWritten(kept.value, inside)) return DEFAULT_ORIGIN
        const isOfBlock = kept.ofBlock.includes(String(inside[0]))
        return (isOfBlock ? originOf(document, [...path, 'config', ...inside]) : undefined) ?? written
      }
      for (const [inside, leaf] of leaves(effective)) add([...label, ...inside], leaf, originIn(inside))
    } else if (standsInFile) addLeaves(label, effective, [...path, 'config'])
    else for (const [inside, leaf] of leaves(effective)) add([...label, ...inside], leaf, DEFAULT_ORIGIN)
  }
  return rows
}

function isWritten(value: unknown, path: JsonPath): boolean {
  let inside = value
  for (const part of path) {
    if (typeof inside !== 'object' || inside === null || !Object.hasOwn(inside, part)) return false
    inside = (inside as Record<string | number, unknown>)[part]
  }
  return true
}

function originOf(document: ConfigDocument | null, path: JsonPath): Origin | undefined {
  const found = document?.sourceOf(path) ?? document?.sourceOf(path.map((part) => (part === 'name' ? 'class' : part)))
  if (document === null || found === undefined) return undefined
  const place = `${basename(document.file)}:${found.line}`
  const variables = [
    ...new Set(found.placeholders.filter(({ source }) => source === 'environment').map(({ name }) => name)),
  ]
  if (variables.length > 0)
    return { source: 'environment', origin: `environment variable ${variables.join(', ')} (${place})` }
  const unset = [...new Set(found.placeholders.map(({ name }) => name))]
  if (unset.length > 0) return { source: 'file', origin: `${place}, default of unset ${unset.join(', ')}` }
  return { source: 'file', origin: place }
}

function namespaceGraceOrigin(
  document: ConfigDocument | null,
  env: Readonly<Record<string, string | undefined>>,
): Origin {
  if ((env[NAMESPACE_GRACE_VARIABLE] ?? '') !== '') {
    return { source: 'environment', origin: `environment variable ${NAMESPACE_GRACE_VARIABLE}` }
  }
  return originOf(document, ['registration_namespace_grace_ms']) ?? DEFAULT_ORIGIN
}

/** With defaults, as far as the schema is known and the values fit it. */
function effectiveConfig(entry: WorkerEntry, schemas: PluginSchemas): unknown {
  const schema = isListenerEntry(entry) ? LISTENER_SCHEMA : schemas[entry.name]
  if (schema === undefined) return entry.config
  const written = writtenConfig(entry, schema)
  const result = validateAgainstSchema(schema, written)
  return 'value' in result ? result.value : written
}

/** Scalars, and empty lists and maps inside, with their paths. Nothing at all for an empty block. */
function leaves(value: unknown): [path: JsonPath, leaf: unknown][] {
  if (typeof value !== 'object' || value === null) return [[[], value]]
  const items: [string | number, unknown][] = Array.isArray(value) ? [...value.entries()] : Object.entries(value)
  return items.flatMap(([key, item]) => {
    const inside = leaves(item)
    if (inside.length === 0) return [[[key], item]] as [JsonPath, unknown][]
    return inside.map(([path, leaf]): [JsonPath, unknown] => [[key, ...path], leaf])
  })
}
