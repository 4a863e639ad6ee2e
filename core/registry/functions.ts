// All functions by (namespace, id), who provides them, and which registrations are refused (spec 01 §8).
import { isTrusted } from '../model/policy.ts'
import { DEFAULT_NAMESPACE } from '../../protocol/messages.ts'
import { FunctionEntry, Provider } from '../model/function-entry.ts'
import type { FunctionRegistration } from '../model/function-entry.ts'
import type { Worker } from '../model/worker.ts'

/** Why a registration was refused, and who has the id. */
export interface Conflict {
  readonly reason: string
  readonly ownerWorkerId: string
}

export interface FunctionRegistryEvents {
  /** A provider was added to an entry: calls that were held for the id can go. */
  onProvided(entry: FunctionEntry): void
  /** The set of ids changed. */
  onChanged(): void
  /** A session's registration had to go, because the id is not for sessions any more. */
  onEvicted(provider: Provider): void
  /** A provider of the entry came or went. */
  onProvidersChanged(entry: FunctionEntry): void
}

export class FunctionRegistry {
  readonly #namespaces = new Map<string, Map<string, FunctionEntry>>()
  readonly #defaults = new Map<string, FunctionEntry>()
  readonly #events: FunctionRegistryEvents
  /** Ids that no session may have, in any namespace. */
  #reserved: ReadonlySet<string> = new Set()
  readonly #mode: 'load_balance' | 'replace' | 'reject'

  constructor(mode: 'load_balance' | 'replace' | 'reject', events: FunctionRegistryEvents) {
    this.#mode = mode
    this.#events = events
    this.#namespaces.set(DEFAULT_NAMESPACE, this.#defaults)
  }

  find(namespace: string, id: string): FunctionEntry | undefined {
    if (namespace === DEFAULT_NAMESPACE) return this.#defaults.get(id)
    return this.#namespaces.get(namespace)?.get(id)
  }

  /**
   * The namespace in which an id of `namespace` resolves (spec 01 §13): that one if it has the id, else `default` if a plugin or the
   * engine owns the id there. What sessions alone provide does not hide a function of these.
   */
  homeOf(namespace: string, id: string): string {
    if (namespace === DEFAULT_NAMESPACE) return namespace
    return this.isShared(id) ? this.trustedHomeOf(namespace, id) : namespace
  }

  /** `namespace` if somebody but a session has the id there, else `default`. */
  trustedHomeOf(namespace: string, id: string): string {
    const own = this.find(namespace, id)
    return own !== undefined && isTrustedEntry(own) ? namespace : DEFAULT_NAMESPACE
  }

  /** A plugin or the engine owns the id: every namespace that has none of its own shares it. */
  isShared(id: string): boolean {
    const entry = this.#defaults.get(id)
    return entry !== undefined && (entry.slot !== undefined || entry.providers.some(isLocal))
  }

  /** What a call of `id` in `namespace` would reach. */
  resolve(namespace: string, id: string): FunctionEntry | undefined {
    return this.find(this.homeOf(namespace, id), id)
  }

  /** Every entry with at least one provider. */
  *all(): Generator<FunctionEntry> {
    for (const entries of this.#namespaces.values()) {
      for (const entry of entries.values()) if (entry.providers.length > 0) yield entry
    }
  }

  /** Ids of a namespace that have a provider. */
  *idsIn(namespace: string): Generator<string> {
    for (const { id, providers } of this.#namespaces.get(namespace)?.values() ?? []) if (providers.length > 0) yield id
  }

  /** Namespaces in which the id has a provider, sorted; for the text of a miss (spec 01 §13). */
  namespacesOf(id: string): string[] {
    const found: string[] = []
    for (const [namespace, entries] of this.#namespaces) {
      if ((entries.get(id)?.providers.length ?? 0) > 0) found.push(namespace)
    }
    return found.sort()
  }

  /** Ids that trusted workers on sockets provide, or whose return is awaited. */
  external(): FunctionEntry[] {
    const found: FunctionEntry[] = []
    for (const entries of this.#namespaces.values()) {
      entries.forEach((entry) => {
        if (entry.grace?.isTrusted === true || entry.providers.some(isExternal)) found.push(entry)
      })
    }
    return found
  }

  /** Makes an id known before anybody provides it; undefined when somebody does, or a plugin owns it. */
  foresee(namespace: string, id: string): FunctionEntry | undefined {
    const entry = this.#ensure(namespace, id)
    return entry.providers.length === 0 && entry.slot === undefined ? entry : undefined
  }

  /** Adds or replaces a worker's registration of an id. The policy was asked before. */
  register(worker: Worker, id: string, registration: FunctionRegistration): Conflict | undefined {
    const entry = this.#ensure(worker.namespace, id)
    // Nearly all are the first of their id, and nobody's.
    const isFree = entry.providers.length === 0 && entry.slot === undefined && isTrusted(worker.policy)
    const conflict = isFree ? undefined : this.#conflict(worker, entry)
    if (conflict !== undefined) {
      this.#dropIfEmpty(entry)
      return conflict
    }
    const known = worker.providers.get(registration.rawId)
    if (known !== undefined && known.entry !== entry) this.#remove(known)
    const before = entry.providers[0]
    const provider = new Provider(worker, entry, registration)
    entry.add(provider)
    worker.providers.set(registration.rawId, provider)
    if (worker.slot !== undefined) entry.slot = worker.slot
    // A trusted worker has the id for itself, also while it is not there for a moment or cannot take a call (spec 09 §4 a).
    if (before === undefined) return this.#provided(entry, true)
    if (isTrusted(worker.policy)) this.#evictSessions(entry)
    else if (prefixLength(before.worker) < prefixLength(worker)) this.#evictSessions(entry, (other) => other !== worker)
    return this.#provided(entry, false)
  }

  #provided(entry: FunctionEntry, isFirst: boolean): undefined {
    this.#events.onProvided(entry)
    if (isFirst) this.#events.onChanged()
    this.#events.onProvidersChanged(entry)
  }

  /** What the configuration names as auth function, hook or middleware is not for sessions, served or not (spec 09 §4 a). */
  reserve(ids: ReadonlySet<string>): void {
    this.#reserved = ids
    for (const entries of this.#namespaces.values()) {
      for (const entry of [...entries.values()]) if (ids.has(entry.id)) this.#evictSessions(entry)
    }
  }

  /** Removes what this worker registered under the id that it sent; anything else is left alone. */
  unregister(worker: Worker, rawId: string): Provider | undefined {
    const provider = worker.providers.get(rawId)
    if (provider === undefined) return undefined
    worker.providers.delete(rawId)
    this.#remove(provider)
    return provider
  }

  /**
   * Removes everything that a worker provides. `keep` sees each entry that lost its last provider and says whether the
   * id stays known (restart grace, a plugin's gate); entries that are not kept are deleted.
   */
  dropWorker(worker: Worker, keep: (entry: FunctionEntry) => boolean): void {
    const providers = [...worker.providers.values()]
    worker.providers.clear()
    let changed = false
    for (const provider of providers) {
      const { entry } = provider
      entry.remove(provider)
      this.#events.onProvidersChanged(entry)
      if (entry.providers.length > 0) continue
      changed = true
      if (!keep(entry)) this.delete(entry)
    }
    if (changed) this.#events.onChanged()
  }

  /** Entries that a plugin owns, with or without a provider at the moment. */
  *ownedBy(slot: FunctionEntry['slot']): Generator<FunctionEntry> {
    for (const entries of this.#namespaces.values()) {
      for (const entry of entries.values()) if (entry.slot === slot) yield entry
    }
  }

  /** The plugin gives the id up: external providers, if any, serve it again (spec 01 §8.6). */
  disown(entry: FunctionEntry): void {
    entry.slot = undefined
    if (entry.providers.length === 0) this.delete(entry)
    this.#events.onChanged()
  }

  delete(entry: FunctionEntry): void {
    const { namespace, id } = entry
    const entries = this.#namespaces.get(namespace)
    if (entries?.get(id) !== entry) return
    entries.delete(id)
    // Whoever connects may name a new one each time.
    if (entries.size === 0 && namespace !== DEFAULT_NAMESPACE) this.#namespaces.delete(namespace)
  }

  #conflict(worker: Worker, entry: FunctionEntry): Conflict | undefined {
    // What stands in for another place owns nothing: it is shadowed where a worker of this engine serves.
    if (worker.policy.kind === 'peer') return undefined
    const { slot } = entry
    if (slot !== undefined && slot !== worker.slot) {
      if (worker.slot !== undefined) {
        return { reason: `function '${entry.id}' belongs to plugin '${slot.name}'`, ownerWorkerId: '' }
      }
      if (slot.options.builtIn) {
        return { reason: `function '${entry.id}' belongs to the built-in worker '${slot.name}'`, ownerWorkerId: '' }
      }
    }
    const local = entry.providers.find(isLocal)
    if (local !== undefined && local.worker !== worker) {
      return { reason: `function '${entry.id}' belongs to the engine`, ownerWorkerId: '' }
    }
    const isSession = !isTrusted(worker.policy)
    if (!isSession && entry.providers.length === 0) return undefined
    // Sessions have to go, whichever mode it is.
    const rival = entry.providers.find(
      (provider) =>
        provider.worker !== worker && !provider.isRemote && (isSession || isTrusted(provider.worker.policy)),
    )
    if (isSession) {
      if (this.#reserved.has(entry.id)) {
        return { reason: `function '${entry.id}' is named by the configuration`, ownerWorkerId: '' }
      }
      if (isTrustedEntry(entry) || slot !== undefined || this.homeOf(entry.namespace, entry.id) !== entry.namespace) {
        return { reason: `function '${entry.id}' is served by a trusted worker`, ownerWorkerId: '' }
      }
      const [other] = entry.providers
      if (other !== undefined && prefixLength(other.worker) > prefixLength(worker)) {
        return { reason: `function '${entry.id}' is below the prefix of another session`, ownerWorkerId: '' }
      }
    }
    if (this.#mode === 'reject' && rival !== undefined && worker.slot === undefined && rival.worker.phase === 'open') {
      return {
        reason: `function '${entry.id}' is registered by another worker (engine.duplicate_functions: reject)`,
        ownerWorkerId: isSession ? '' : rival.worker.id,
      }
    }
    return undefined
  }

  #evictSessions(entry: FunctionEntry, whom: (session: Worker) => boolean = () => true): void {
    for (const provider of entry.providers.filter(({ worker }) => !isTrusted(worker.policy) && whom(worker))) {
      provider.worker.providers.delete(provider.registration.rawId)
      this.#remove(provider)
      this.#events.onEvicted(provider)
    }
  }

  #ensure(namespace: string, id: string): FunctionEntry {
    let entries = this.#namespaces.get(namespace)
    if (entries === undefined) {
      entries = new Map()
      this.#namespaces.set(namespace, entries)
    }
    let entry = entries.get(id)
    if (entry === undefined) {
      entry = new FunctionEntry(namespace, id)
      entries.set(id, entry)
    }
    return entry
  }

  #remove(provider: Provider): void {
    const { entry } = provider
    if (!entry.remove(provider)) return
    const { slot } = provider.worker
    if (slot !== undefined && !entry.providers.some((other) => other.worker.slot === slot)) entry.slot = undefined
    this.#events.onProvidersChanged(entry)
    if (entry.providers.length > 0) return
    this.#dropIfEmpty(entry)
    this.#events.onChanged()
  }

  #dropIfEmpty(entry: FunctionEntry): void {
    if (entry.providers.length === 0 && entry.slot === undefined && entry.grace === undefined) this.delete(entry)
  }
}

function isLocal({ registration }: Provider): boolean {
  return registration.handler !== undefined
}

function isExternal({ worker: { link, policy } }: Provider): boolean {
  return link.kind === 'socket' && policy.kind === 'trusted'
}

/** Somebody but a session serves the id, or is awaited. */
function isTrustedEntry({ providers, grace }: FunctionEntry): boolean {
  return grace?.isTrusted === true || providers.some(({ worker }) => isTrusted(worker.policy))
}

/**
 * Of sessions that come to the same id by different prefixes those with the longest have it: below it is nobody else. So the first provider
 * of an entry tells for all.
 */
function prefixLength({ policy }: Worker): number {
  return policy.kind === 'session' ? (policy.rights.prefix?.length ?? 0) : 0
}
