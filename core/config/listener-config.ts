// From the `config` block of an `iii-worker-manager` entry to the listener that the gateway runs.
import { isLoopbackHost } from '../../base/net/loopback-host.ts'
import { normaliseOrigin } from '../../base/net/origin.ts'
import type { ExposeFilter } from '../model/policy.ts'
import { LISTENER_NAME } from './builtin-names.ts'
import { parseExposeFilter } from './expose-filters.ts'
import { parsePointer, renderPath } from '../../base/values/json-path.ts'
import type { JsonPath } from '../../base/values/json-path.ts'
import { LISTENER_SCHEMA } from './listener-schema.ts'
import type { ListenerConfig, ListenerRbac } from './listener-schema.ts'
import { validateAgainstSchema } from '../../base/values/schema-validation.ts'
import type { WorkerEntry } from './types.ts'

/** Something about a `config` block; `path` starts inside it. */
export interface ConfigRemark {
  readonly path: JsonPath
  readonly message: string
  readonly remedy?: string
}

export type ListenerReading =
  | { readonly listener: ListenerConfig; readonly warnings: readonly ConfigRemark[] }
  | { readonly problems: readonly ConfigRemark[] }

/** The block as its schema gives it: defaults filled in, filters still as written. */
interface WrittenListener extends Omit<ListenerConfig, 'rbac'> {
  readonly rbac?: Omit<ListenerRbac, 'expose_functions'> & {
    readonly expose_functions: readonly unknown[] | null
    readonly middleware_function_id?: string
  }
}

/** Checks the block and fills in its defaults. */
export function readListenerConfig(config: Readonly<Record<string, unknown>>): ListenerReading {
  const result = validateAgainstSchema<WrittenListener>(LISTENER_SCHEMA, config, { trusted: true })
  if ('problems' in result) {
    return { problems: result.problems.map(({ pointer, message }) => remark(parsePointer(pointer), message)) }
  }
  const written = result.value
  const problems: ConfigRemark[] = contradictions(written)
  const warnings: ConfigRemark[] = []
  const rbac = written.rbac === undefined ? undefined : readRbac(written.rbac, problems, warnings)
  if (problems.length > 0) return { problems }

  const misplaced = written.rbac?.middleware_function_id
  if (misplaced !== undefined) {
    const ignored = written.middleware_function_id === undefined ? '' : '; the one beside rbac is used'
    warnings.push(remark(['rbac', 'middleware_function_id'], `belongs beside rbac, not inside it${ignored}`))
  }
  if (!isLoopbackHost(written.host) && rbac?.auth_function_id === undefined) {
    const open = `port ${written.port} on ${written.host} is open to the network without rbac.auth_function_id: whoever reaches it`
    const may = rbac === undefined ? 'may call and register everything' : 'may call what expose_functions names'
    warnings.push({ path: ['host'], message: `${open} ${may}` })
  }
  const origins = written.allowed_origins?.map(normaliseOrigin)
  return {
    listener: Object.freeze({
      ...written,
      rbac,
      middleware_function_id: written.middleware_function_id ?? misplaced,
      allowed_origins: origins === undefined ? undefined : Object.freeze(origins),
    }),
    warnings,
  }
}

/** The listener of an entry that `loadConfig` gave, which has checked it. */
export function listenerOf(entry: WorkerEntry): ListenerConfig {
  const reading = readListenerConfig(entry.config)
  if ('listener' in reading) return reading.listener
  const reasons = reading.problems.map(({ message }) => message).join('; ')
  throw new Error(`worker '${entry.name}' (${entry.origin}): ${reasons}`)
}

export function isListenerEntry(entry: WorkerEntry): boolean {
  return entry.name === LISTENER_NAME
}

function readRbac(
  written: NonNullable<WrittenListener['rbac']>,
  problems: ConfigRemark[],
  warnings: ConfigRemark[],
): ListenerRbac {
  const filters: ExposeFilter[] = []
  for (const [index, item] of (written.expose_functions ?? []).entries()) {
    const path = ['rbac', 'expose_functions', index]
    const result = parseExposeFilter(item)
    if ('problem' in result) {
      problems.push(remark(path, result.problem))
      continue
    }
    filters.push(result.filter)
    if (result.warning !== undefined) warnings.push(remark(path, result.warning))
  }
  return Object.freeze({
    auth_function_id: written.auth_function_id,
    expose_functions: Object.freeze(filters),
    on_function_registration_function_id: written.on_function_registration_function_id,
    on_trigger_registration_function_id: written.on_trigger_registration_function_id,
    on_trigger_type_registration_function_id: written.on_trigger_type_registration_function_id,
  })
}

/** Values that each are fine and together are not. */
function contradictions(written: WrittenListener): ConfigRemark[] {
  const problems: ConfigRemark[] = []
  const { outbox_soft_bytes: soft, outbox_hard_bytes: hard, ping_interval_ms: ping, idle_timeout_ms: idle } = written
  if (hard < soft)
    problems.push(remark(['outbox_hard_bytes'], `must not be below outbox_soft_bytes (${soft}), got ${hard}`))
  if (ping > 0 && idle > 0 && idle <= ping) {
    problems.push(
      remark(
        ['idle_timeout_ms'],
        `must be longer than ping_interval_ms (${ping}), got ${idle}: quiet connections would be dropped`,
      ),
    )
  }
  return problems
}

function remark(path: JsonPath, message: string): ConfigRemark {
  return { path, message: `${renderPath(['config', ...path])}: ${message}` }
}
