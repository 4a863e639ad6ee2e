// Replaces the generations of one or more plugins without losing, doubling or reordering a call (design, "Change of generation").
// The plugin host drives it: drain, stage, commit, or one of the ways back. It knows nothing of threads or code.
import type { ErrorBody } from '../../protocol/errors.ts'
import type { FunctionEntry } from '../model/function-entry.ts'
import type { DrainedState } from '../model/drained-state.ts'
import type { Worker } from '../model/worker.ts'
import type { Call } from '../model/call.ts'
import type { PluginSlot } from '../model/plugin-slot.ts'
import { Stage, type FindEntry } from '../model/stage.ts'
import type { Log } from '../log.ts'
import type { Registries, WorkerTable } from './ports.ts'
import { waiterOf } from './wait-graph.ts'

export interface HandOverDeps {
  readonly registries: Registries
  readonly workers: WorkerTable['workers']
  readonly log: Log
  /** Dispatches a call that was held. */
  readonly resume: (call: Call) => void
  readonly fail: (call: Call, body: ErrorBody) => void
  readonly failCalls: (worker: Worker, why: string) => void
  /** Whoever calls a plugin that has failed is told so. */
  readonly refusalOf: (slot: PluginSlot) => ErrorBody | undefined
  readonly waits: Waits
  /** What generations of other hand-overs have registered that are not in force yet. */
  readonly stagedElsewhere: FindEntry
  /** Lets go what may pass now and could not before. */
  readonly admit: () => void
  /** The hand-over is over: another one of these plugins may begin. */
  readonly done: () => void
}

/** Who waits for whom, as far as generations that are being replaced or are starting are concerned: these are its roots. */
export interface Waits {
  add(roots: Iterable<Worker>): void
  remove(roots: Iterable<Worker>): void
  /** Somebody owes this worker an answer. */
  isWaiting(worker: Worker): boolean
  /** The roots for which this worker works at the moment; a root works for itself. */
  rootsOf(worker: Worker): ReadonlySet<Worker>
}

export class HandOver {
  readonly slots: readonly PluginSlot[]
  readonly #deps: HandOverDeps
  readonly #stage: Stage
  /** Generations that served when the hand-over began. */
  readonly #old = new Set<Worker>()
  readonly #staged: Worker[] = []
  /** Among `#old`: they get no call any more. */
  readonly #closed = new Set<Worker>()
  /** What passed a gate and is not answered: should it come back, somebody else gets it. */
  readonly #passed = new Map<Call, Pick<Call, 'data' | 'metadata'>>()
  /** A call waits that a staged generation waits for, and that none of them can answer yet. */
  #isAwaited = false
  readonly #wakes = new Map<PluginSlot, () => void>()
  #onIdle: ((idle: boolean) => void) | undefined
  #drainsUntil: DrainedState = 'answered'
  #isForced = false
  /** What calls of plugins that had failed before were told. */
  readonly #refusals = new Map<PluginSlot, ErrorBody>()
  #deadEnd: PluginSlot | undefined

  constructor(slots: readonly PluginSlot[], deps: HandOverDeps) {
    this.slots = slots
    this.#stage = new Stage(slots, deps.stagedElsewhere, () => {
      if (!this.#isAwaited) return
      this.#isAwaited = false
      deps.admit()
    })
    this.#deps = deps
    for (const slot of slots) {
      for (const worker of slot.workers) this.#old.add(worker)
      const refusal = deps.refusalOf(slot)
      if (refusal !== undefined) this.#refusals.set(slot, refusal)
    }
  }

  /** Name of the plugin for whose sake the drain was given up: it has ended, and what the drain waits for waits for it. */
  get deadEnd(): string | undefined {
    return this.#deadEnd?.name
  }

  /** Refused registrations of the staged generations, in words that name both parties. */
  get conflicts(): readonly string[] {
    return this.#stage.conflicts
  }

  /**
   * Closes the gates and waits until the old generations have answered every call. Calls that they make pass, and so do
   * calls of any worker that owes them an answer, else `f → worker → f` would wait for itself. Where such a call finds nobody who could
   * answer it before the end, the drain is given up at once.
   * @param until with `quiet`, also until nobody owes them an answer
   * @param isForced nothing of what serves is started again: the drain goes on, and such a call fails
   * @returns false after `ms`, or when it is given up: then `reopen` or `failRemaining`.
   */
  drain(ms: number, until: DrainedState = 'answered', isForced = false): Promise<boolean> {
    this.#drainsUntil = until
    this.#isForced = isForced
    for (const slot of this.slots) if (slot.phase === 'open') slot.phase = 'closed'
    this.#deps.waits.add(this.#old)
    if (this.#isIdle()) return Promise.resolve(true)
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#onIdle?.(false), ms)
      this.#onIdle = (idle) => {
        clearTimeout(timer)
        this.#onIdle = undefined
        resolve(idle)
      }
      this.endDeadEnds()
    })
  }

  /** Calls wait at the gates, or somebody has come to be waited for. */
  endDeadEnds(): void {
    if (this.#onIdle === undefined) return
    for (const slot of this.slots) if (slot.gate.size > 0 && !this.#isServed(slot)) this.#endDeadEnd(slot)
  }

  /** A call waits at the gate. */
  waits(slot: PluginSlot, call: Call): void {
    if (this.#onIdle !== undefined && !this.#isServed(slot) && this.#isDrainedFor(call)) this.#endDeadEnd(slot)
  }

  /** Nobody is left of what served here: a call that the drain waits for would have it wait for itself. */
  #endDeadEnd(slot: PluginSlot): void {
    const refusal = this.#refusals.get(slot) ?? (this.#isForced ? goneWith(slot) : undefined)
    const isDrainedFor = (call: Call): boolean => this.#isDrainedFor(call)
    if (refusal !== undefined) return slot.gate.releaseIf(isDrainedFor, (call) => this.#deps.fail(call, refusal))
    if (!slot.gate.holds(isDrainedFor)) return
    this.#deadEnd = slot
    this.#onIdle?.(false)
  }

  #isServed(slot: PluginSlot): boolean {
    return slot.workers.some((old) => old.link.open && !this.#closed.has(old))
  }

  /** Somebody waits for this call for whom the drain waits. */
  #isDrainedFor(call: Call): boolean {
    const waiter = waiterOf(call)
    if (waiter === undefined) return false
    // One whose link is closed is about to end as well.
    return [...this.#deps.waits.rootsOf(waiter)].some(
      (root) => this.#old.has(root) && root.link.open && this.#isBusy(root),
    )
  }

  /** The way back before anything was stopped: the old generations serve on, waiting calls go to them in order. */
  reopen(): void {
    this.#finish()
    for (const slot of this.slots) if (slot.phase === 'closed' && slot.workers.length > 0) this.#open(slot)
  }

  /** What is still in flight on the old generations settles with `invocation_stopped`; `why` in words for the callers. */
  failRemaining(why: string): void {
    for (const worker of this.#old) this.#deps.failCalls(worker, why)
  }

  /** An old generation has stopped: what passed the gates until now waits there from now on. */
  close(worker: Worker): void {
    this.#closed.add(worker)
  }

  /** From now on what this generation registers goes to the stage, which the generations of this hand-over see and nobody else. */
  stage(worker: Worker): void {
    worker.stage = this.#stage
    this.#staged.push(worker)
    this.#deps.waits.add([...this.#old, worker])
  }

  /** After the commit the gate stays closed until somebody calls, and wakes whom it is of. What the engine tells it passes. */
  rest(slot: PluginSlot, wake: () => void): void {
    this.#wakes.set(slot, wake)
  }

  /** Resolves when everything is checked that the staged generations have registered. */
  async registered(): Promise<void> {
    for (const worker of this.#staged) while (worker.registering !== undefined) await worker.registering
  }

  /**
   * One step: the staged generations take over functions, trigger types and bindings, the old ones are retired,
   * the gates let their calls go in order. Nobody sees half a plugin.
   */
  commit(): void {
    this.#deps.registries.triggers.inOneStep(() => this.#takeOver())
    for (const slot of this.slots)
      slot.workers = this.#staged.filter((worker) => worker.slot === slot && worker.phase === 'open')
    this.#finish()
    for (const slot of this.slots) {
      slot.wake = this.#wakes.get(slot)
      if (slot.wake === undefined && slot.workers.length > 0) this.#open(slot)
      else if (slot.gate.size > 0) slot.wake?.()
    }
  }

  #takeOver(): void {
    const { functions, triggers } = this.#deps.registries
    for (const worker of this.#old) {
      if (worker.phase === 'open') worker.phase = 'leaving'
      functions.dropWorker(worker, () => true)
    }
    for (const slot of this.slots) for (const entry of [...functions.ownedBy(slot)]) functions.disown(entry)
    for (const worker of this.#staged) this.#adopt(worker)
    // The new bindings are there before the old ones go: equal ones coalesce, and their providers notice nothing.
    for (const worker of this.#old) triggers.dropWorker(worker)
  }

  /** Forgets the staged generations. Slots whose old generation still serves keep it; the gates of the others stay closed. */
  abandon(): void {
    for (const worker of this.#staged) {
      worker.stage = undefined
      worker.providers.clear()
    }
    this.#finish()
  }

  /** What the staged generations have registered. */
  staged(namespace: string, id: string): FunctionEntry | undefined {
    return this.#stage.find(namespace, id)
  }

  /** Where a call that arrives at a closed gate may go nevertheless. */
  passage(slot: PluginSlot, entry: FunctionEntry, call: Call): FunctionEntry | undefined {
    const waiting = this.#deps.waits.rootsOf(call.madeFor ?? call.caller)
    if (waiting.size === 0) return undefined
    if (this.#staged.some((worker) => waiting.has(worker))) {
      const staged = this.staged(entry.namespace, entry.id)
      if (staged !== undefined && staged.providers.length > 0) return staged
      this.#isAwaited = true
    }
    // What starts here is not answered by the code that it replaces; who works for anything else that is being replaced is.
    const isForOld = [...waiting].some((worker) => !this.#staged.includes(worker))
    return isForOld && this.#isServed(slot) ? entry : undefined
  }

  /** Its bytes are kept, as it may come back. */
  passing(call: Call): void {
    const { data, metadata } = call
    this.#passed.set(call, {
      data: Buffer.from(data),
      metadata: metadata === undefined ? undefined : Buffer.from(metadata),
    })
  }

  /** An old generation gives a call back that it has not run. True = the call is as it was before it passed. */
  takeBack(worker: Worker, call: Call): boolean {
    const kept = this.#passed.get(call)
    if (kept === undefined) return false
    // It runs none any more: who calls it now waits as well, behind this one.
    this.#closed.add(worker)
    Object.assign(call, kept)
    return true
  }

  /** A call of somebody has been answered. */
  settled(call: Call): void {
    this.#passed.delete(call)
    if (this.#onIdle !== undefined && this.#isIdle()) this.#onIdle(true)
  }

  workerEnded(worker: Worker): void {
    this.#old.delete(worker)
    if (this.#onIdle !== undefined && this.#isIdle()) this.#onIdle(true)
  }

  #isIdle(): boolean {
    for (const worker of this.#old) if (this.#isBusy(worker)) return false
    return true
  }

  #isBusy(worker: Worker): boolean {
    return worker.inFlight > 0 || (this.#drainsUntil === 'quiet' && this.#deps.waits.isWaiting(worker))
  }

  #adopt(worker: Worker): void {
    const { registries, log } = this.#deps
    const providers = [...worker.providers.values()]
    worker.providers.clear()
    worker.stage = undefined
    for (const { entry, registration } of providers) {
      const conflict = registries.functions.register(worker, entry.id, registration)
      if (conflict !== undefined) log.error(conflict.reason, { plugin: worker.slot?.name })
    }
    for (const { message } of this.#stage.takeMessages((candidate) => candidate === worker)) {
      registries.triggers.handle(worker, message)
    }
  }

  #open(slot: PluginSlot): void {
    slot.phase = 'open'
    slot.gate.release(this.#deps.resume)
  }

  #finish(): void {
    this.#onIdle = undefined
    this.#deps.waits.remove([...this.#old, ...this.#staged])
    this.#deps.done()
  }
}

function goneWith({ name }: PluginSlot): ErrorBody {
  const message = `Plugin '${name}' has ended, and is replaced or stopped only when whoever makes this call has finished`
  return { code: 'plugin_unavailable', message }
}
