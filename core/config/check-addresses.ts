// Whether two workers of one configuration are to listen on the same address, whatever kind they are: for `iii config check`. In a
// running engine the system says so, when the second of them opens it.
import { shownAddress } from '../../base/net/shown-address.ts'
import { validateAgainstSchema } from '../../base/values/schema-validation.ts'
import type { PluginSchemas } from './file-schema.ts'
import { Findings } from './findings.ts'
import { listenerOf } from './listener-config.ts'
import type { ReadConfig } from './load.ts'
import type { ResolvedEntries } from './resolve-entries.ts'
import type { WorkerEntry } from './types.ts'

interface Address {
  readonly entry: WorkerEntry
  readonly host: string
  readonly port: number
}

/**
 * Built-in plugins listen on the `host` and `port` of their settings, if they have such. Of user plugins nothing is known: theirs may be
 * what they connect to.
 * @throws ConfigError with every conflict, at the line of the second worker.
 */
export function checkAddresses(
  { document, paths }: ReadConfig,
  { listeners, plugins }: Pick<ResolvedEntries, 'listeners' | 'plugins'>,
  schemas: PluginSchemas,
): void {
  const findings = new Findings(document, false)
  const addresses: Address[] = listeners
    .filter(({ enabled }) => enabled)
    .map((entry) => {
      const { host, port } = listenerOf(entry)
      return { entry, host, port }
    })
  const builtIns = plugins.filter(({ entry, from }) => from === 'built-in' && entry.enabled)
  for (const { entry } of builtIns) {
    const address = addressOf(entry, schemas)
    if (address === undefined) continue
    const other = addresses.find((candidate) => excludes(candidate, address))
    addresses.push(address)
    if (other === undefined) continue
    findings.problem(
      [...(paths.get(entry.instanceId) ?? []), 'config', 'port'],
      `worker '${entry.writtenName}': address ${shownAddress(address.host, address.port)} is already in use by '${other.entry.writtenName}' at ${other.entry.origin}`,
      'Give each of them its own port.',
    )
  }
  findings.throwIfAny()
}

function addressOf(entry: WorkerEntry, schemas: PluginSchemas): Address | undefined {
  const schema = Object.hasOwn(schemas, entry.name) ? schemas[entry.name] : undefined
  if (schema === undefined) return undefined
  const result = validateAgainstSchema<{ host?: unknown; port?: unknown }>(schema, entry.config)
  if (!('value' in result)) return undefined
  const { host, port } = result.value
  return typeof host === 'string' && typeof port === 'number' ? { entry, host, port } : undefined
}

function excludes(a: Address, b: Address): boolean {
  return a.port !== 0 && a.port === b.port && (a.host === b.host || isAny(a.host) || isAny(b.host))
}

function isAny(host: string): boolean {
  return host === '0.0.0.0' || host === '::'
}
