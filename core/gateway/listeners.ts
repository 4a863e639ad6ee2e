// All listeners of the engine, brought to a wanted set in two phases (spec 04 A.8). listener-change.ts is one such change.
import { diffEntries } from '../config/diff.ts'
import { isListenerEntry } from '../config/listener-config.ts'
import type { ChangeParticipant } from '../config/change.ts'
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

  /** Binds the addresses that are new; who connects to one before the commit is asked to come back. */
  async prepare({ entries }: EngineConfig): Promise<ListenerChange> {
    const listeners = entries.filter((entry) => isListenerEntry(entry) && entry.enabled)
    const plugins = (of: readonly WorkerEntry[]): readonly WorkerEntry[] =>
      of.filter((entry) => !isListenerEntry(entry) && entry.enabled)
    const { changed, removed, added } = diffEntries(plugins(this.#entries ?? entries), plugins(entries))
    const change = new ListenerChange(this.#deps, this.#open, listeners, {
      portsGivenUp: new Set([...removed, ...changed.map(({ from }) => from)].flatMap((entry) => this.#portsOf(entry))),
      mayHoldSeats: changed.length + added.length > 0,
      heldAddressMs: this.#entries === undefined ? HELD_ADDRESS_START_MS : HELD_ADDRESS_CHANGE_MS,
      signal: this.#deps.signal,
      onOpen: (open) => {
        this.#open = open
      },
      onCommitted: () => {
        this.#entries = entries
      },
    })
    await change.bind()
    return change
  }

  async close(): Promise<void> {
    await Promise.all(this.all.map((listener) => listener.close()))
    this.#open = []
  }

  /** Those that a plugin says it listens on, and the one in its configuration. */
  #portsOf(entry: WorkerEntry): readonly number[] {
    const told = this.#deps.addressesOf(entry).filter((url) => URL.canParse(url))
    return [Number(entry.config['port']), ...told.map((url) => Number(new URL(url).port))]
  }
}
