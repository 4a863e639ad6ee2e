// Whether two parts of one configuration are to listen on the same address, whatever kind they are. Said before anything is started: the
// system would say so only when the second of them opens it, and not where it is written.
import { hostsOverlap } from '../../base/net/overlapping-hosts.ts'
import { shownAddress } from '../../base/net/shown-address.ts'
import type { ConfigProblem } from './config-error.ts'
import { problemAt } from './entry-problem.ts'
import { listenerOf } from './listener-config.ts'
import type { ResolvedEntries } from './resolve-entries.ts'
import type { EngineConfig, WorkerEntry } from './types.ts'
import type { WorkerNames } from './worker-names.ts'

interface Address {
  readonly host: string
  readonly port: number
}

/**
 * Of the port of `engine.health`, of listeners, and of built-in plugins as far as they say which settings hold their address. Of user
 * plugins nothing is known: what looks like an address may be what they connect to.
 * @returns every conflict, at the port of the second one.
 */
export function addressConflicts(
  config: EngineConfig,
  { listeners, plugins }: Pick<ResolvedEntries, 'listeners' | 'plugins'>,
  names: WorkerNames,
): ConfigProblem[] {
  const { health } = config.engine
  const taken: (Address & { readonly owner: string })[] =
    health === null ? [] : [{ owner: `'engine.health'`, ...health }]
  const builtIns = plugins.filter(({ from }) => from === 'built-in').map(({ entry }) => entry)
  return [...listeners, ...builtIns].flatMap((entry) => {
    const address = entry.enabled ? addressOf(entry, listeners, names) : undefined
    if (address === undefined) return []
    const { host, port, portKey } = address
    const other = taken.find((candidate) => excludes(candidate, address))
    taken.push({ owner: `'${entry.writtenName}' at ${entry.origin}`, host, port })
    if (other === undefined) return []
    return problemAt(config, entry, {
      path: ['config', portKey],
      message: `worker '${entry.writtenName}': address ${shownAddress(host, port)} is already in use by ${other.owner}`,
      remedy: [host, other.host].includes('localhost')
        ? "Give each of them its own port, or an address in the place of 'localhost', which may be 127.0.0.1 or ::1."
        : 'Give each of them its own port.',
    })
  })
}

function addressOf(
  entry: WorkerEntry,
  listeners: readonly WorkerEntry[],
  names: WorkerNames,
): (Address & { readonly portKey: string }) | undefined {
  if (listeners.includes(entry)) return { ...listenerOf(entry), portKey: 'port' }
  const { listens } = names.builtIns.find(({ about }) => about.name === entry.name)?.about ?? {}
  if (listens === undefined) return undefined
  const host = entry.config[listens.host] ?? listens.defaults.host
  const port = entry.config[listens.port] ?? listens.defaults.port
  // What else stands there is for its schema to refuse.
  return typeof host === 'string' && typeof port === 'number' ? { host, port, portKey: listens.port } : undefined
}

function excludes(a: Address, b: Address): boolean {
  return a.port !== 0 && a.port === b.port && hostsOverlap(a.host, b.host)
}
