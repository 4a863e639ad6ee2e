// From the `config` block of an `iii-worker-manager` entry to the listener that the gateway runs.
import { isLoopbackHost } from '../../base/net/loopback-host.ts'
import { normaliseOrigin } from '../../base/net/origin.ts'
import { parseExposeFilter } from '../../protocol/expose-filters.ts'
import { parsePointer, renderPath } from '../../base/values/json-path.ts'
import type { JsonPath } from '../../base/values/json-path.ts'
import { LISTENER_SCHEMA } from './listener-schema.ts'
import type { ListenerConfig } from './listener-schema.ts'
import { validateAgainstSchema } from '../../base/values/schema-validation.ts'
import type { WorkerEntry } from './types.ts'
import { LISTENER_NAME } from './worker-names.ts'

/** Something about a `config` block; `path` starts inside it. */
export interface ConfigRemark {
  readonly path: JsonPath
  readonly message: string
  readonly remedy?: string
}

export type ListenerReading =
  | { readonly listener: ListenerConfig; readonly warnings: readonly ConfigRemark[] }
  | { readonly problems: readonly ConfigRemark[] }

/** The block as its schema gives it: defaults filled in. */
interface WrittenListener extends Omit<ListenerConfig, 'rbac'> {
  readonly rbac?: Readonly<Record<string, unknown>> & {
    readonly auth_function_id?: string
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
  checkFilters(written.rbac?.expose_functions ?? [], problems, warnings)
  if (problems.length > 0) return { problems }

  const misplaced = written.rbac?.middleware_function_id
  if (misplaced !== undefined) {
    const ignored = written.middleware_function_id === undefined ? '' : '; the one beside rbac is used'
    warnings.push(remark(['rbac', 'middleware_function_id'], `belongs beside rbac, not inside it${ignored}`))
  }
  if (!isLoopbackHost(written.host) && written.rbac?.auth_function_id === undefined) {
    const open = `port ${written.port} on ${written.host} is open to the network`
    const may =
      written.rbac === undefined
        ? ': whoever reaches it may call and register everything'
        : ' without rbac.auth_function_id: whoever reaches it may call what expose_functions names'
    warnings.push({ path: ['host'], message: `${open}${may}` })
  }
  const origins = written.allowed_origins?.map(normaliseOrigin)
  return {
    listener: Object.freeze({
      ...written,
      rbac: writtenRbac(config),
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

export function isListenerEntry(entry: Pick<WorkerEntry, 'name'>): boolean {
  return entry.name === LISTENER_NAME
}

/** A middleware that got in there belongs to the listener. */
function writtenRbac({ rbac }: Readonly<Record<string, unknown>>): ListenerConfig['rbac'] {
  if (rbac === undefined) return undefined
  const { middleware_function_id: _misplaced, ...block } = rbac as Record<string, unknown>
  return Object.freeze(block)
}

/** They are the holder's of the seat to read, but a slip in one is to be told when the file is read. */
function checkFilters(filters: readonly unknown[], problems: ConfigRemark[], warnings: ConfigRemark[]): void {
  for (const [index, item] of filters.entries()) {
    const path = ['rbac', 'expose_functions', index]
    const result = parseExposeFilter(item)
    if ('problem' in result) problems.push(remark(path, result.problem))
    else if (result.warning !== undefined) warnings.push(remark(path, result.warning))
  }
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
