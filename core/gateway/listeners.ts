// All listeners of the engine, brought to a wanted set in two phases (spec 04 A.8). listener-change.ts is one such change.
import { diffEntries, type EntryDiff } from '../config/diff.ts'
import { isListenerEntry, listenerOf } from '../config/listener-config.ts'
import type { ChangeParticipant } from '../config/change.ts'
import { functionsNamedBy } from '../config/named-functions.ts'
import type { EngineConfig, WorkerEntry } from '../config/types.ts'
import type { ListenerDeps } from './listener.ts'
import type { Listener } from './listener.ts'
import { ListenerChange } from './listener-change.ts'

/** At the start, for an address that is held though nobody listens there: what Linux keeps an ended connection for, and some more. */
export const HELD_ADDRESS_START_MS = 65_000
/** In a running engine, where other changes wait behind this one. */
export const HELD_ADDRESS_CHANGE_MS = 5_000

export interface ListenersDeps extends ListenerDeps {
  /** Ends such waiting. */
  readonly signal?: AbortSignal | undefined
  /** URLs that the running plugin of an entry listens on, as far as it says so. */
  addressesOf(entry: WorkerEntry): readonly string[]
  /** Ports that neither listeners nor plugins hold, and that are free when this configuration comes into force. */
  portsGivenUp(wanted: EngineConfig): readonly number[]
}

export interface OpenListener {
  readonly entry: WorkerEntry
  readonly listener: Listener
}

export class Listeners implements ChangeParticipant {
  readonly #deps: ListenersDeps
  #open: readonly OpenListener[] = []
  /** Entries of the configuration in force; undefined before the first. */
  #entries: readonly WorkerEntry[] | undefined

  constructor(deps: ListenersDeps) {
    this.#deps = deps
  }

  get all(): readonly Listener[] {
    return this.#open.map(({ listener }) => listener)
  }

  /** Binds the addresses that are new; who connects to one before the commit is asked to come back, or waits (`acceptEarly`). */
  async prepare(wanted: EngineConfig): Promise<ListenerChange> {
    const { entries } = wanted
    const { changed, added } = this.#pluginDiff(entries)
    const change = new ListenerChange(this.#deps, this.#open, enabledListeners(entries), {
      portsGivenUp: new Set([...this.#portsOfPlugins(entries), ...this.#deps.portsGivenUp(wanted)]),
      mayHoldSeats: this.#entries === undefined || changed.length + added.length > 0,
      heldAddressMs: this.#entries === undefined ? HELD_ADDRESS_START_MS : HELD_ADDRESS_CHANGE_MS,
      signal: this.#deps.signal,
      onOpen: (open) => {
        this.#open = open
      },
      onCommitted: () => {
        this.#entries = entries
        this.#deps.router.functions.reserve(functionsNamedBy(entries))
      },
    })
    await change.bind()
    return change
  }

  /** Ports of listeners and plugins that are free when this configuration comes into force. */
  portsGivenUp({ entries }: EngineConfig): ReadonlySet<number> {
    const kept = new Set(enabledListeners(entries).map((entry) => listenerOf(entry).port))
    const left = this.all.map(({ port }) => port).filter((port) => !kept.has(port))
    return new Set([...left, ...this.#portsOfPlugins(entries)])
  }

  async close(): Promise<void> {
    await Promise.all(this.all.map((listener) => listener.close()))
    this.#open = []
  }

  #pluginDiff(entries: readonly WorkerEntry[]): EntryDiff {
    return diffEntries(enabledPlugins(this.#entries ?? entries), enabledPlugins(entries))
  }

  /** Of plugins that stop or change. */
  #portsOfPlugins(entries: readonly WorkerEntry[]): readonly number[] {
    const { changed, removed } = this.#pluginDiff(entries)
    return [...removed, ...changed.map(({ from }) => from)].flatMap((entry) => this.#portsOf(entry))
  }

  /** Those that a plugin says it listens on, and the one in its configuration. */
  #portsOf(entry: WorkerEntry): readonly number[] {
    const told = this.#deps.addressesOf(entry).filter((url) => URL.canParse(url))
    return [Number(entry.config['port']), ...told.map((url) => Number(new URL(url).port))]
  }
}

function enabledListeners(entries: readonly WorkerEntry[]): readonly WorkerEntry[] {
  return entries.filter((entry) => isListenerEntry(entry) && entry.enabled)
}

function enabledPlugins(entries: readonly WorkerEntry[]): readonly WorkerEntry[] {
  return entries.filter((entry) => !isListenerEntry(entry) && entry.enabled)
}
