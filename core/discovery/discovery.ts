// The engine's own trigger types (spec 04 C.6, 09 §3): what happens to workers, functions and plugins, told to bound functions.
// Events are raised anywhere, also inside dispatch, and fired after it; per binding they arrive in the order raised.
import type { Log } from '../log.ts'
import type { Caller, Registries } from '../router/ports.ts'
import type { FunctionRegistry } from '../registry/functions.ts'
import { checkOwners } from '../registry/binding-policy.ts'
import type { LogicalBinding } from '../model/binding.ts'
import type { FunctionEntry } from '../model/function-entry.ts'
import { functionRows } from './function-rows.ts'
import { FunctionWatch } from './function-watch.ts'
import { seesAll, seesFunction, type Viewer } from '../registry/visibility.ts'
import type { Worker } from '../model/worker.ts'

export interface PluginEvent {
  readonly event: 'started' | 'reloaded' | 'stopped' | 'failed' | 'stale'
  readonly name: string
  readonly generation: number
  readonly error?: unknown
}

export interface DiscoveryDeps {
  readonly registries: Registries
  readonly caller: Caller
  /** Whose view of the functions is complete. */
  readonly engineWorker: Worker
  readonly log: Log
}

export interface DiscoveryOptions {
  /** How long changes of the set of functions are collected. Default 500. */
  readonly collectMs?: number
  /** Least time between two `functions_changed` events. Default 1000. */
  readonly intervalMs?: number
}

/** What was made within one flush, by who looks. */
type Payloads = Map<object, Buffer>

const WORKERS = 'engine::workers-available'
const FUNCTIONS = 'engine::functions-available'
const PLUGINS = 'engine::plugins-changed'
const WATCHED_FUNCTIONS = 'engine::functions-changed'

/** Config of a type that takes no settings. */
const NO_SETTINGS = { type: 'object', properties: {}, additionalProperties: false } as const

const TYPES = [
  {
    id: WORKERS,
    description: 'A worker connected, announced itself or disconnected',
    payload: {
      type: 'object',
      properties: {
        event: { enum: ['worker_connected', 'worker_metadata_updated', 'worker_disconnected'] },
        worker_id: { type: 'string' },
      },
    },
  },
  {
    id: FUNCTIONS,
    description: 'The set of registered functions changed',
    payload: { type: 'object', properties: { event: { const: 'functions_changed' }, functions: { type: 'array' } } },
  },
  {
    id: PLUGINS,
    description: 'A plugin was started, reloaded or stopped, failed, or has new code that was refused',
    payload: {
      type: 'object',
      properties: {
        event: { enum: ['started', 'reloaded', 'stopped', 'failed', 'stale'] },
        name: { type: 'string' },
        generation: { type: 'integer' },
        error: {},
      },
    },
  },
  {
    id: WATCHED_FUNCTIONS,
    description: 'Functions came or went; told at once, before the next call of the worker that registered them',
    config: {
      type: 'object',
      additionalProperties: false,
      properties: {
        prefix: { type: 'string', description: 'The first letters of the ids. Default: all ids, but for sessions.' },
        trusted: { type: 'boolean', description: 'Only functions that a trusted worker provides. Default: all.' },
      },
    },
    payload: {
      type: 'object',
      properties: {
        event: { const: 'functions_changed' },
        added: { type: 'array', description: 'First everything that is there, then what is new.' },
        removed: { type: 'array' },
      },
    },
  },
] as const

export class Discovery {
  readonly #functions: FunctionRegistry
  readonly #caller: Caller
  readonly #engineWorker: Worker
  readonly #log: Log
  readonly #collectMs: number
  readonly #intervalMs: number
  /** Live bindings by type, then by id. */
  readonly #bound = new Map<string, Map<string, LogicalBinding>>()
  /** Raised and not fired yet; emptied within the same turn of the loop. */
  #queue: { readonly type: string; readonly id: string; readonly payload: (made: Payloads) => Buffer }[] = []
  #timer: NodeJS.Timeout | undefined
  #firedAt = -Infinity
  /** Ids at the last event, to leave out those that changed nothing; undefined = none told yet. */
  #toldIds: Set<string> | undefined
  readonly #watch: FunctionWatch

  constructor({ registries, caller, engineWorker, log }: DiscoveryDeps, options: DiscoveryOptions = {}) {
    this.#functions = registries.functions
    this.#caller = caller
    this.#engineWorker = engineWorker
    this.#log = log
    this.#collectMs = options.collectMs ?? 500
    this.#intervalMs = options.intervalMs ?? 1000
    this.#watch = new FunctionWatch({
      all: () => this.#functions.all(),
      seesAll: (binding) => viewersOf(binding) === undefined,
      sees: (binding, entry) => viewersOf(binding)?.some((viewer) => seesFunction(viewer, entry)) ?? true,
      fire: (binding, event) => this.#fire(binding, Buffer.from(JSON.stringify(event))),
    })
    for (const { id, description, payload, ...more } of TYPES) {
      const bindings = new Map<string, LogicalBinding>()
      this.#bound.set(id, bindings)
      registries.triggers.registerLocalType({
        id,
        description,
        triggerRequestFormat: 'config' in more ? more.config : NO_SETTINGS,
        callRequestFormat: payload,
        onBind: (binding) => this.#onBind(id, bindings, binding),
        onJoined: (binding) => id === WATCHED_FUNCTIONS && this.#tellOfAll(binding),
        onUnbind: (bindingId) => this.#onUnbind(bindings, bindingId),
      })
    }
  }

  /** To be told of every worker that is added; those inside the engine are left out. */
  workerConnected(worker: Worker): void {
    this.#workerEvent('worker_connected', worker)
  }

  workerMetadataUpdated(worker: Worker): void {
    this.#workerEvent('worker_metadata_updated', worker)
  }

  workerDisconnected(worker: Worker): void {
    this.#workerEvent('worker_disconnected', worker)
  }

  /** The set of function ids may have changed. */
  functionsChanged(): void {
    if (this.#timer !== undefined || this.#bindingsOf(FUNCTIONS).size === 0) return
    const wait = Math.max(this.#collectMs, this.#firedAt + this.#intervalMs - performance.now())
    this.#timer = setTimeout(() => this.#fireFunctions(), wait)
    this.#timer.unref()
  }

  /** A provider of the function came or went. Not put off: whoever watches knows of it before any later call. */
  providersChanged(entry: FunctionEntry): void {
    this.#watch.changed(entry)
  }

  pluginsChanged(event: PluginEvent): void {
    const payload = Buffer.from(JSON.stringify(event))
    for (const id of this.#bindingsOf(PLUGINS).keys()) this.#raise(PLUGINS, id, () => payload)
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#queue = []
  }

  #workerEvent(event: string, worker: Worker): void {
    if (worker.policy.kind === 'engine' || worker.slot !== undefined || worker.internal !== undefined) return
    const bindings = this.#bindingsOf(WORKERS)
    if (bindings.size === 0) return
    const payload = Buffer.from(JSON.stringify({ event, worker_id: worker.id }))
    for (const id of bindings.keys()) this.#raise(WORKERS, id, () => payload)
  }

  #onBind(type: string, bindings: Map<string, LogicalBinding>, binding: LogicalBinding): void {
    const isNew = !bindings.has(binding.id)
    if (type === WATCHED_FUNCTIONS) {
      this.#watch.bind(binding)
      this.#tellOfAll(binding)
    }
    bindings.set(binding.id, binding)
    if (type !== FUNCTIONS || !isNew) return
    // Old SDKs would otherwise know of no function until the next change.
    this.#toldIds ??= this.#currentIds()
    this.#raise(FUNCTIONS, binding.id, (made) => this.#functionsPayload(binding, made))
  }

  /** Not within the registration: the function that is bound may be registered by the same step. */
  #tellOfAll({ id }: LogicalBinding): void {
    this.#watch.begin(id)
    queueMicrotask(() => this.#watch.tellAll(id))
  }

  #onUnbind(bindings: Map<string, LogicalBinding>, id: string): void {
    bindings.delete(id)
    this.#watch.unbind(id)
    if (this.#bindingsOf(FUNCTIONS).size === 0) this.#toldIds = undefined
  }

  #fireFunctions(): void {
    this.#timer = undefined
    const bindings = this.#bindingsOf(FUNCTIONS)
    if (bindings.size === 0) return
    const ids = this.#currentIds()
    if (this.#toldIds !== undefined && isEqualSet(this.#toldIds, ids)) return
    this.#toldIds = ids
    this.#firedAt = performance.now()
    for (const binding of bindings.values())
      this.#raise(FUNCTIONS, binding.id, (made) => this.#functionsPayload(binding, made))
  }

  #currentIds(): Set<string> {
    const ids = new Set<string>()
    for (const { namespace, id } of this.#functions.all()) ids.add(`${namespace}\n${id}`)
    return ids
  }

  /** Of a session's binding: what the session sees; of one that several share: what any of them sees. */
  #functionsPayload(binding: LogicalBinding, made: Payloads): Buffer {
    const engineWorker = this.#engineWorker
    const viewers = viewersOf(binding) ?? [{ worker: engineWorker, policy: engineWorker.policy }]
    const [first] = viewers
    // One viewer may have bound a hundred thousand functions: what it sees is the same for all of them.
    const key = viewers.length === 1 ? (first?.worker ?? first?.policy) : undefined
    const known = key && made.get(key)
    if (known !== undefined) return known
    const payload = this.#functionsEvent(viewers)
    if (key !== undefined) made.set(key, payload)
    return payload
  }

  #functionsEvent(viewers: readonly Viewer[]): Buffer {
    const functions = this.#functions
    const rows = new Map<string, unknown>()
    for (const viewer of viewers) {
      for (const row of functionRows(functions, viewer)) rows.set(`${row.namespace}\n${row.function_id}`, row)
    }
    return Buffer.from(JSON.stringify({ event: 'functions_changed', functions: [...rows.values()] }))
  }

  #bindingsOf(type: string): Map<string, LogicalBinding> {
    return this.#bound.get(type) as Map<string, LogicalBinding>
  }

  #raise(type: string, id: string, payload: (made: Payloads) => Buffer): void {
    this.#queue.push({ type, id, payload })
    if (this.#queue.length === 1) queueMicrotask(() => this.#flush())
  }

  #flush(): void {
    const queue = this.#queue
    this.#queue = []
    const made: Payloads = new Map()
    for (const { type, id, payload } of queue) {
      const binding = this.#bindingsOf(type).get(id)
      if (binding !== undefined) this.#fire(binding, payload(made))
    }
  }

  #fire(binding: LogicalBinding, data: Buffer): void {
    const { functionId, metadata } = binding
    const functions = this.#functions
    const namespace = functions.homeOf(binding.namespace, functionId)
    const refusal = checkOwners(binding, { namespace, functionId }, functions)
    if (refusal !== undefined) {
      this.#log.debug(`trigger '${binding.id}' not fired: ${refusal.message}`, { function_id: functionId })
      return
    }
    const request = { functionId, namespace, data }
    const sidecar = metadata === undefined ? {} : { metadata: Buffer.from(JSON.stringify(metadata)) }
    this.#caller.invokeThen({ ...request, ...sidecar }, (_result, error) => {
      // What a listener makes of an event is its own business; the log helps its author.
      if (error !== undefined)
        this.#log.debug(`handler '${functionId}' of '${binding.content.triggerType}' failed: ${error.toString()}`)
    })
  }
}

/** Undefined = not restricted: at least one owner sees everything. */
function viewersOf(binding: LogicalBinding): Viewer[] | undefined {
  const viewers: Viewer[] = []
  for (const { owner, madeUnder } of binding.members.values()) {
    const policy = owner?.policy ?? madeUnder
    const viewer = policy === undefined ? undefined : { worker: owner, policy }
    if (viewer === undefined || seesAll(viewer)) return undefined
    viewers.push(viewer)
  }
  return viewers
}

function isEqualSet(left: ReadonlySet<string>, right: ReadonlySet<string>): boolean {
  return left.size === right.size && left.isSubsetOf(right)
}
