// Where plugin generations register while they start: nobody but the generations of the same hand-over sees it
// until the commit makes it real in one step (design, "Change of generation").
import { FunctionEntry, Provider } from './function-entry.ts'
import type { FunctionRegistration } from './function-entry.ts'
import type { Worker } from './worker.ts'
import type { PluginSlot } from './plugin-slot.ts'
import type { WorkerMessage } from '../../protocol/messages.ts'

export type FindEntry = (namespace: string, id: string) => FunctionEntry | undefined

export class Stage {
  readonly #entries = new Map<string, FunctionEntry>()
  #messages: { worker: Worker; message: WorkerMessage }[] = []
  /** Refused registrations in words that name both parties; any makes the start fail. */
  readonly conflicts: string[] = []

  readonly #slots: readonly PluginSlot[]
  readonly #stagedElsewhere: FindEntry
  readonly #onProvided: () => void

  /**
   * @param slots the plugins that are replaced together: their ids may move between them.
   * @param stagedElsewhere what plugins have registered that start at the same time, but not together with these.
   * @param onProvided told each time a generation has registered a function.
   */
  constructor(slots: readonly PluginSlot[], stagedElsewhere: FindEntry, onProvided: () => void) {
    this.#slots = slots
    this.#stagedElsewhere = stagedElsewhere
    this.#onProvided = onProvided
  }

  replaces(slot: PluginSlot): boolean {
    return this.#slots.includes(slot)
  }

  find(namespace: string, id: string): FunctionEntry | undefined {
    return this.#entries.get(key(namespace, id))
  }

  register(worker: Worker, namespace: string, id: string, registration: FunctionRegistration): void {
    let entry = this.find(namespace, id)
    if (entry === undefined) {
      entry = new FunctionEntry(namespace, id)
      this.#entries.set(key(namespace, id), entry)
    }
    const others = [...entry.providers, ...(this.#stagedElsewhere(namespace, id)?.providers ?? [])]
    const rival = others.find((provider) => provider.worker.slot !== worker.slot)
    if (rival !== undefined) {
      this.conflicts.push(
        `function '${id}' is registered by both plugin '${rival.worker.slot?.name}' and plugin '${worker.slot?.name}'`,
      )
      return
    }
    const provider = new Provider(worker, entry, registration)
    entry.add(provider)
    worker.providers.set(registration.rawId, provider)
    this.#onProvided()
  }

  unregister(worker: Worker, rawId: string): void {
    const provider = worker.providers.get(rawId)
    if (provider === undefined) return
    worker.providers.delete(rawId)
    provider.entry.remove(provider)
  }

  /** Trigger types and bindings take effect at the commit, in the order sent. */
  defer(worker: Worker, message: WorkerMessage): void {
    this.#messages.push({ worker, message })
  }

  /** The deferred messages of the workers that `of` names, in the order sent; each is given out once. */
  takeMessages(of: (worker: Worker) => boolean): { worker: Worker; message: WorkerMessage }[] {
    const taken = this.#messages.filter(({ worker }) => of(worker))
    this.#messages = this.#messages.filter(({ worker }) => !of(worker))
    return taken
  }
}

function key(namespace: string, id: string): string {
  return `${namespace}\n${id}`
}
