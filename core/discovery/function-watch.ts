// Who wants to know at once which functions there are, of a prefix or at all: the bindings of `engine::functions-changed`.
// Unlike `engine::functions-available` nothing is collected: whoever is told knows of a function before it gets the first call
// that the registering worker makes afterwards. Keeps what each binding was told; firing is the caller's business.
import { isTrusted } from '../model/policy.ts'
import type { LogicalBinding } from '../model/binding.ts'
import type { FunctionEntry } from '../model/function-entry.ts'

export interface WatchedFunction {
  readonly function_id: string
  readonly namespace: string
}

export interface FunctionsChanged {
  readonly event: 'functions_changed'
  readonly added: readonly WatchedFunction[]
  readonly removed: readonly WatchedFunction[]
}

export type FireFunctionsChanged = (binding: LogicalBinding, event: FunctionsChanged) => void

interface Watch {
  binding: LogicalBinding
  readonly prefix: string
  readonly trusted: boolean
  /** What the binding was told to be there, by namespace and id. */
  readonly told: Set<string>
  /** The first event is still to come; it holds everything. */
  fresh: boolean
}

export interface FunctionWatchDeps {
  readonly all: () => Iterable<FunctionEntry>
  /** Somebody who shares the binding is not restricted to what a session sees. */
  readonly seesAll: (binding: LogicalBinding) => boolean
  readonly sees: (binding: LogicalBinding, entry: FunctionEntry) => boolean
  readonly fire: FireFunctionsChanged
}

export class FunctionWatch {
  readonly #deps: FunctionWatchDeps
  readonly #watches = new Map<string, Watch>()
  /** The same once more: of each function that comes all are asked, and a fleet of workers has ten thousand. */
  #each: readonly Watch[] = []

  constructor(deps: FunctionWatchDeps) {
    this.#deps = deps
  }

  /** Throws when the config does not fit; the first event is told by `tellAll`. */
  bind(binding: LogicalBinding): void {
    const { prefix, trusted } = readConfig(binding.config)
    // Every function of a busy engine is a flood; those who keep track of all take it, a session has no need to.
    if (prefix === '' && !this.#deps.seesAll(binding))
      throw new TypeError(
        '`prefix` must be the first letters of the ids to watch: a session cannot watch all functions',
      )
    const known = this.#watches.get(binding.id)
    if (known !== undefined && known.prefix === prefix && known.trusted === trusted) {
      known.binding = binding
      return
    }
    this.#watches.set(binding.id, { binding, prefix, trusted, told: new Set(), fresh: false })
    this.#each = [...this.#watches.values()]
  }

  /** Somebody who shares the binding has been told nothing yet: it is told of everything anew. */
  begin(id: string): void {
    const watch = this.#watches.get(id)
    if (watch === undefined) return
    watch.fresh = true
    watch.told.clear()
  }

  unbind(id: string): void {
    if (this.#watches.delete(id)) this.#each = [...this.#watches.values()]
  }

  /** Tells a new binding of everything that is there; an empty list too, so that it knows. */
  tellAll(id: string): void {
    const watch = this.#watches.get(id)
    if (watch === undefined || !watch.fresh) return
    watch.fresh = false
    const added: WatchedFunction[] = []
    for (const entry of this.#deps.all()) {
      if (!this.#shows(watch, entry)) continue
      watch.told.add(keyOf(entry))
      added.push(named(entry))
    }
    this.#deps.fire(watch.binding, { event: 'functions_changed', added, removed: [] })
  }

  /** A provider of the function came or went. */
  changed(entry: FunctionEntry): void {
    const watches = this.#each
    for (let index = 0; index < watches.length; index++) {
      const watch = watches[index] as Watch
      if (watch.fresh || !entry.id.startsWith(watch.prefix)) continue
      const key = keyOf(entry)
      const is = this.#shows(watch, entry)
      if (is === watch.told.has(key)) continue
      if (is) watch.told.add(key)
      else watch.told.delete(key)
      const change = is ? { added: [named(entry)], removed: [] } : { added: [], removed: [named(entry)] }
      this.#deps.fire(watch.binding, { event: 'functions_changed', ...change })
    }
  }

  #shows({ prefix, trusted, binding }: Watch, entry: FunctionEntry): boolean {
    if (entry.providers.length === 0 || !entry.id.startsWith(prefix)) return false
    if (trusted && !entry.providers.some(({ worker }) => isTrusted(worker.policy))) return false
    return this.#deps.sees(binding, entry)
  }
}

function readConfig(config: unknown): { prefix: string; trusted: boolean } {
  const { prefix = '', trusted = false } = (config ?? {}) as Record<string, unknown>
  if (typeof prefix !== 'string')
    throw new TypeError(`\`prefix\` must be the first letters of the ids to watch, got ${JSON.stringify(prefix)}`)
  if (typeof trusted !== 'boolean')
    throw new TypeError(`\`trusted\` must be true or false, got ${JSON.stringify(trusted)}`)
  return { prefix, trusted }
}

function keyOf({ namespace, id }: FunctionEntry): string {
  return `${namespace}\n${id}`
}

function named({ id, namespace }: FunctionEntry): WatchedFunction {
  return { function_id: id, namespace }
}
