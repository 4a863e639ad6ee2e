// Whether two parts of one configuration are to listen on the same address, whatever kind they are: for `iii config check`. In a
// running engine the system says so, when the second of them opens it.
import { shownAddress } from '../../base/net/shown-address.ts'
import type { JsonPath } from '../../base/values/json-path.ts'
import { validateAgainstSchema } from '../../base/values/schema-validation.ts'
import type { PluginSchemas } from './file-schema.ts'
import { Findings } from './findings.ts'
import { listenerOf } from './listener-config.ts'
import type { ReadConfig } from './load.ts'
import type { ResolvedEntries } from './resolve-entries.ts'
import type { WorkerEntry } from './types.ts'

interface Address {
  /** Who listens there, and where that is written. */
  readonly owner: string
  readonly host: string
  readonly port: number
}

/**
 * Of listeners, of the port of `engine.health`, and of built-in plugins, which listen on the `host` and `port` of their settings, if they
 * have such. Of user plugins nothing is known: theirs may be what they connect to.
 * @throws ConfigError with every conflict, at the line of the second one.
 */
export function checkAddresses(
  { config, document, paths }: ReadConfig,
  { listeners, plugins }: Pick<ResolvedEntries, 'listeners' | 'plugins'>,
  schemas: PluginSchemas,
): void {
  const findings = new Findings(document, false)
  const addresses: Address[] = listeners
    .filter(({ enabled }) => enabled)
    .map((entry) => {
      const { host, port } = listenerOf(entry)
      return { owner: `'${entry.writtenName}' at ${entry.origin}`, host, port }
    })
  const add = (address: Address, what: string, path: JsonPath): void => {
    const other = addresses.find((candidate) => excludes(candidate, address))
    addresses.push(address)
    if (other === undefined) return
    findings.problem(
      [...path, 'port'],
      `${what}: address ${shownAddress(address.host, address.port)} is already in use by ${other.owner}`,
      'Give each of them its own port.',
    )
  }
  const { health } = config.engine
  if (health !== null) add({ owner: `'engine.health'`, ...health }, 'engine.health', ['engine', 'health'])
  const builtIns = plugins.filter(({ entry, from }) => from === 'built-in' && entry.enabled)
  for (const { entry } of builtIns) {
    const address = addressOf(entry, schemas)
    if (address === undefined) continue
    add(address, `worker '${entry.writtenName}'`, [...(paths.get(entry.instanceId) ?? []), 'config'])
  }
  findings.throwIfAny()
}

function addressOf(entry: WorkerEntry, schemas: PluginSchemas): Address | undefined {
  const schema = Object.hasOwn(schemas, entry.name) ? schemas[entry.name] : undefined
  if (schema === undefined) return undefined
  const result = validateAgainstSchema<{ host?: unknown; port?: unknown }>(schema, entry.config)
  if (!('value' in result)) return undefined
  const { host, port } = result.value
  return typeof host === 'string' && typeof port === 'number'
    ? { owner: `'${entry.writtenName}' at ${entry.origin}`, host, port }
    : undefined
}

function excludes(a: Address, b: Address): boolean {
  return a.port !== 0 && a.port === b.port && (a.host === b.host || isAny(a.host) || isAny(b.host))
}

function isAny(host: string): boolean {
  return host === '0.0.0.0' || host === '::'
}
