// All listeners of the engine, brought to a wanted set: what goes is closed before anything opens, so that ports can move (spec 04 A.8).
import { diffEntries } from '../config/diff.ts'
import { listenerOf } from '../config/listener-config.ts'
import type { WorkerEntry } from '../config/types.ts'
import { Listener, type ListenerDeps } from './listener.ts'

interface OpenListener {
  entry: WorkerEntry
  readonly listener: Listener
}

export class Listeners {
  readonly #deps: ListenerDeps
  #open: OpenListener[] = []

  constructor(deps: ListenerDeps) {
    this.#deps = deps
  }

  get all(): readonly Listener[] {
    return this.#open.map(({ listener }) => listener)
  }

  /**
   * Opens, closes and keeps listeners so that these entries are served.
   * @throws the first failure, after the previous set was opened again.
   */
  async apply(entries: readonly WorkerEntry[]): Promise<void> {
    const previous = this.#open.map(({ entry }) => entry)
    const { unchanged, changed, removed, added } = diffEntries(previous, entries)
    const kept = unchanged.flatMap(({ from, to }) =>
      this.#open.filter(({ entry }) => entry === from).map(({ listener }) => ({ entry: to, listener })),
    )
    for (const { entry, listener } of kept) listener.instanceId = entry.instanceId
    const gone = new Set([...removed, ...changed.map(({ from }) => from)])
    await this.#close(({ entry }) => gone.has(entry))
    this.#open = kept
    const opened: OpenListener[] = []
    try {
      for (const entry of [...changed.map(({ to }) => to), ...added]) opened.push(await this.#start(entry))
    } catch (error) {
      this.#open = [...kept, ...opened]
      await this.#close(({ entry }) => opened.some((other) => other.entry === entry))
      this.#open = kept
      for (const entry of gone) await this.#reopen(entry)
      throw error
    }
    const byEntry = new Map([...kept, ...opened].map((open) => [open.entry, open]))
    this.#open = entries.flatMap((entry) => byEntry.get(entry) ?? [])
  }

  async close(): Promise<void> {
    await this.#close(() => true)
    this.#open = []
  }

  /** The way back: one that can't be opened any more must not keep the others closed. */
  async #reopen(entry: WorkerEntry): Promise<void> {
    try {
      this.#open.push(await this.#start(entry))
    } catch (error) {
      this.#deps.log.error(`listener '${entry.instanceId}' could not be opened again`, error)
    }
  }

  async #start(entry: WorkerEntry): Promise<OpenListener> {
    const listener = new Listener(entry.instanceId, listenerOf(entry), this.#deps)
    await listener.open()
    return { entry, listener }
  }

  async #close(which: (open: OpenListener) => boolean): Promise<void> {
    await Promise.all(this.#open.filter(which).map(({ listener }) => listener.close()))
  }
}
