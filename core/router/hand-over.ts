// Replaces the generations of one or more plugins without losing, doubling or reordering a call (design, "Change of generation").
// The plugin host drives it: drain, stage, commit, or one of the ways back. It knows nothing of threads or code.
import type { FunctionEntry } from '../model/function-entry.ts'
import type { Worker } from '../model/worker.ts'
import type { Call } from '../model/call.ts'
import type { PluginSlot } from '../model/plugin-slot.ts'
import { Stage } from '../model/stage.ts'
import { WaitGraph } from './wait-graph.ts'
import type { Log } from '../log.ts'
import type { Registries, WorkerTable } from './ports.ts'

export interface HandOverDeps {
  readonly registries: Registries
  readonly workers: WorkerTable['workers']
  readonly log: Log
  /** Dispatches a call that was held. */
  readonly resume: (call: Call) => void
  readonly failCalls: (worker: Worker) => void
  /** The hand-over is over: the next one may begin. */
  readonly done: () => void
}

export class HandOver {
  readonly slots: readonly PluginSlot[]
  readonly #deps: HandOverDeps
  readonly #stage: Stage
  /** Generations that served when the hand-over began. */
  readonly #old = new Set<Worker>()
  readonly #staged: Worker[] = []
  #waits: WaitGraph | undefined
  #onIdle: ((idle: boolean) => void) | undefined

  constructor(slots: readonly PluginSlot[], deps: HandOverDeps) {
    this.slots = slots
    this.#stage = new Stage(slots)
    this.#deps = deps
    for (const slot of slots) for (const worker of slot.workers) this.#old.add(worker)
  }

  /** Refused registrations of the staged generations, in words that name both parties. */
  get conflicts(): readonly string[] {
    return this.#stage.conflicts
  }

  /**
   * Closes the gates and waits until the old generations have answered every call. Calls that they make pass, and so do
   * calls of any worker that owes them an answer, else `f → worker → f` would wait for itself.
   * @returns false after `ms`: then `reopen` or `failRemaining`.
   */
  drain(ms: number): Promise<boolean> {
    for (const slot of this.slots) if (slot.phase === 'open') slot.phase = 'closed'
    this.#watchWaits()
    if (this.#isIdle()) return Promise.resolve(true)
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#onIdle?.(false), ms)
      this.#onIdle = (idle) => {
        clearTimeout(timer)
        this.#onIdle = undefined
        resolve(idle)
      }
    })
  }

  /** The way back before anything was stopped: the old generations serve on, waiting calls go to them in order. */
  reopen(): void {
    this.#finish()
    for (const slot of this.slots) if (slot.phase === 'closed' && slot.workers.length > 0) this.#open(slot)
  }

  /** What is still in flight on the old generations settles with `invocation_stopped`. */
  failRemaining(): void {
    for (const worker of this.#old) this.#deps.failCalls(worker)
  }

  /** From now on what this generation registers goes to the stage, which the generations of this hand-over see and nobody else. */
  stage(worker: Worker): void {
    worker.stage = this.#stage
    this.#staged.push(worker)
    this.#watchWaits()
    this.#waits?.addRoot(worker)
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
    for (const slot of this.slots) if (slot.workers.length > 0) this.#open(slot)
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

  /** Where a call that arrives at a closed gate may go nevertheless. */
  passage(slot: PluginSlot, entry: FunctionEntry, call: Call): FunctionEntry | undefined {
    if (this.#waits === undefined || !this.slots.includes(slot)) return undefined
    const waiting = this.#waits.rootsOf(call.caller)
    if (waiting.size === 0) return undefined
    if (this.#staged.some((worker) => waiting.has(worker))) {
      const staged = this.#stage.find(entry.namespace, entry.id)
      if (staged !== undefined && staged.providers.length > 0) return staged
    }
    for (const worker of waiting) if (this.#old.has(worker) && slot.workers.some((old) => old.link.open)) return entry
    return undefined
  }

  delivered(call: Call): void {
    if (this.#waits === undefined) return
    const admitted = this.#waits.add(call)
    if (!admitted) return
    // What such a worker sent before it owed an answer comes first: its order holds, and it may be waiting for just that.
    const { resume } = this.#deps
    const waits = this.#waits
    for (const slot of this.slots) {
      if (slot.gate.size > 0) slot.gate.releaseFrom((caller) => waits.rootsOf(caller).size > 0, resume)
    }
  }

  settled(call: Call): void {
    this.#waits?.remove(call)
    if (this.#onIdle !== undefined && this.#isIdle()) this.#onIdle(true)
  }

  workerEnded(worker: Worker): void {
    this.#old.delete(worker)
    this.#waits?.removeRoot(worker)
    if (this.#onIdle !== undefined && this.#isIdle()) this.#onIdle(true)
  }

  #isIdle(): boolean {
    for (const worker of this.#old) if (worker.inFlight > 0) return false
    return true
  }

  /** From here on who waits for whom is kept up to date; what is in flight already is read once. */
  #watchWaits(): void {
    if (this.#waits !== undefined) return
    this.#waits = new WaitGraph([...this.#old])
    for (const worker of this.#deps.workers.values()) for (const call of worker.calls.values()) this.#waits.add(call)
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
    this.#waits = undefined
    this.#onIdle = undefined
    this.#deps.done()
  }
}
