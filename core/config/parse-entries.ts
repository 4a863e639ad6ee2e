// Items of `workers:` and `modules:`, old and new style mixed, into worker entries (spec 04 A.3, 09 §1).
import type { Isolation } from '../../sdk/plugin.ts'
import { needsProcess } from './entry-problem.ts'
import { ENTRY_SCHEMA } from './entry-schema.ts'
import { LISTENER_SCHEMA } from './listener-schema.ts'
import type { Findings } from './findings.ts'
import { parsePointer, renderPath } from '../../base/values/json-path.ts'
import type { JsonPath } from '../../base/values/json-path.ts'
import { validateAgainstSchema } from '../../base/values/schema-validation.ts'
import { shownValue } from '../../base/values/shown-value.ts'
import type { PluginPermissions, WorkerEntry } from './types.ts'
import { ENGINE_FUNCTIONS_NAME, LISTENER_NAME, type WorkerNames } from './worker-names.ts'
import { textsBelow, withTexts } from './written-config.ts'

/** An entry before it has its instance id. `path`: where it stands in the document. */
export interface ParsedEntry extends Omit<WorkerEntry, 'instanceId'> {
  readonly path: JsonPath
}

const ENTRY_LISTS = ['workers', 'modules'] as const

interface WrittenEntry {
  readonly name?: string
  readonly class?: string
  readonly config?: Readonly<Record<string, unknown>> | null
  readonly isolation?: Isolation
  readonly replicas?: number
  readonly memory_mb?: number
  readonly max_in_flight?: number
  readonly allow?: readonly string[]
  readonly permissions?: PluginPermissions
  readonly enabled?: boolean
  readonly worker_path?: string
  readonly image?: string
}

/** The entries of both lists in effective order: `workers`, then `modules`. A list of nothing (`workers:`) is empty. */
export function parseEntries(
  root: Readonly<Record<string, unknown>>,
  names: WorkerNames,
  findings: Findings,
): ParsedEntry[] {
  return ENTRY_LISTS.flatMap((list) => {
    const items = root[list] ?? []
    if (Array.isArray(items))
      return items.flatMap((item: unknown, index) => parseEntry(item, [list, index], names, findings) ?? [])
    findings.problem([list], `${list}: expected a list of entries, got ${shownValue(items).slice(0, 80)}`)
    return []
  })
}

function parseEntry(read: unknown, path: JsonPath, names: WorkerNames, findings: Findings): ParsedEntry | undefined {
  const place = renderPath(path)
  const { lines, texts = {} } = findings.partsOf(path)
  const item = withTexts(read, texts, ENTRY_SCHEMA)
  if (typeof item !== 'object' || item === null || Array.isArray(item)) {
    findings.problem(
      path,
      `${place}: expected a map with 'name', got ${shownValue(item)}`,
      typeof item === 'string' ? `Write it as \`- name: ${item}\`.` : 'Write it as `- name: NAME`, or remove the item.',
    )
    return undefined
  }
  if (isAbsent(item, 'name') && isAbsent(item, 'class')) {
    findings.problem(path, `${place}: missing 'name'`)
    return undefined
  }
  const result = validateAgainstSchema<WrittenEntry>(ENTRY_SCHEMA, item, { trusted: true })
  if ('problems' in result) {
    const subject = subjectOf(item, place)
    for (const { pointer, message } of result.problems) {
      const inside = parsePointer(pointer)
      const key = message.startsWith('unknown key') ? inside.slice(0, -1) : inside
      findings.problem([...path, ...inside], `${subject}: ${key.length === 0 ? '' : `${renderPath(key)} `}${message}`)
    }
    return undefined
  }
  const entry = { ...toEntry(result.value, path, names, findings), ...(lines !== undefined && { lines }) }
  const configTexts = textsBelow(texts, '/config')
  if (configTexts === undefined) return entry
  // The schema of a listener is at hand; of other workers it is not known here.
  return entry.name === LISTENER_NAME
    ? { ...entry, config: withTexts(entry.config, configTexts, LISTENER_SCHEMA) }
    : { ...entry, texts: configTexts }
}

function toEntry(written: WrittenEntry, path: JsonPath, names: WorkerNames, findings: Findings): ParsedEntry {
  const writtenName = written.name ?? written.class ?? ''
  const name = names.canonicalName(writtenName)
  if (written.name !== undefined && written.class !== undefined) {
    findings.warn(path, `${renderPath(path)} has both 'name' and 'class'; '${written.name}' counts`)
  }
  if (written.image !== undefined && names.isKnown(name)) {
    findings.problem(
      [...path, 'image'],
      `worker '${writtenName}' is built in and takes no 'image' (${written.image})`,
      "Remove 'image'.",
    )
  }
  checkPermissions(written, writtenName, path, findings)
  if (names.isCore(name)) warnOfIdleKeys(written, name, path, findings)
  const config = written.config ?? {}
  return {
    path,
    name,
    writtenName,
    config: names.isKnown(name) ? names.nameAdapter(config) : config,
    isolation: written.isolation,
    replicas: written.replicas ?? 1,
    memoryMb: written.memory_mb,
    maxInFlight: written.max_in_flight,
    allow: written.allow,
    permissions: written.permissions,
    enabled: written.enabled ?? true,
    workerPath: written.worker_path,
    origin: findings.originOf(path),
  }
}

/** With `isolation` left to the plugin, only its definition can tell; the plugin host checks again. */
function checkPermissions(
  { permissions, isolation }: WrittenEntry,
  name: string,
  path: JsonPath,
  findings: Findings,
): void {
  if (permissions === undefined || isolation === undefined || isolation === 'process') return
  const problem = needsProcess(name, isolation)
  findings.problem([...path, ...problem.path], problem.message, problem.remedy)
}

/** The engine's own workers run in the router: what tunes a plugin means nothing to them. */
function warnOfIdleKeys(written: WrittenEntry, name: string, path: JsonPath, findings: Findings): void {
  for (const key of ['isolation', 'replicas', 'memory_mb', 'max_in_flight', 'allow', 'permissions'] as const) {
    if (written[key] !== undefined)
      findings.warn([...path, key], `'${key}' has no effect on '${name}', which is part of the engine`)
  }
  if (written.enabled === false && name === ENGINE_FUNCTIONS_NAME) {
    findings.warn(
      [...path, 'enabled'],
      `'${name}' is part of the engine and always runs; 'enabled: false' has no effect`,
    )
  }
}

function isAbsent(item: object, key: string): boolean {
  const value = (item as Record<string, unknown>)[key]
  return value === undefined || value === null || value === ''
}

function subjectOf(item: object, place: string): string {
  const { name, class: className } = item as Record<string, unknown>
  const written = name ?? className
  return typeof written === 'string' ? `worker '${written}'` : place
}
