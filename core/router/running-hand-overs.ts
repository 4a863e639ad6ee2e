// The hand-overs that run at the same time, each of other plugins, and the one graph of who waits for whom that they share: what any
// of their plugins waits for passes the gates of all, else two that are replaced and call each other would wait in a circle.
import type { Call } from '../model/call.ts'
import type { FunctionEntry } from '../model/function-entry.ts'
import type { PluginSlot } from '../model/plugin-slot.ts'
import type { Worker } from '../model/worker.ts'
import { HandOver, type HandOverDeps } from './hand-over.ts'
import { WaitGraph } from './wait-graph.ts'

export type RunningHandOversDeps = Omit<HandOverDeps, 'waits' | 'stagedElsewhere' | 'admit' | 'done'>

export class RunningHandOvers {
  readonly #deps: RunningHandOversDeps
  readonly #bySlot = new Map<PluginSlot, HandOver>()
  readonly #running = new Set<HandOver>()
  #waits: WaitGraph | undefined

  constructor(deps: RunningHandOversDeps) {
    this.#deps = deps
  }

  get isEmpty(): boolean {
    return this.#running.size === 0
  }

  of(slot: PluginSlot): HandOver | undefined {
    return this.#bySlot.get(slot)
  }

  begin(slots: readonly PluginSlot[]): HandOver {
    const taken = slots.find((slot) => this.#bySlot.has(slot))
    if (taken !== undefined) throw new Error(`a hand-over of plugin '${taken.name}' is running`)
    const handOver: HandOver = new HandOver(slots, {
      ...this.#deps,
      waits: {
        add: (roots) => this.#addRoots(roots),
        remove: (roots) => {
          for (const root of roots) this.#waits?.removeRoot(root)
        },
        isWaiting: (worker) => this.#waits?.isWaiting(worker) === true,
        rootsOf: (worker) => this.#waits?.rootsOf(worker) ?? NONE,
      },
      stagedElsewhere: (namespace, id) => {
        for (const other of this.#running) {
          const entry = other === handOver ? undefined : other.staged(namespace, id)
          if (entry !== undefined && entry.providers.length > 0) return entry
        }
        return undefined
      },
      admit: () => this.#admit(),
      done: () => this.#end(handOver),
    })
    this.#running.add(handOver)
    for (const slot of slots) this.#bySlot.set(slot, handOver)
    return handOver
  }

  /** Where a call that arrives at a closed gate may go nevertheless. */
  passage(slot: PluginSlot, entry: FunctionEntry, call: Call): FunctionEntry | undefined {
    return this.#bySlot.get(slot)?.passage(slot, entry, call)
  }

  /** The call passes the gate. */
  passing(slot: PluginSlot, call: Call): void {
    this.#bySlot.get(slot)?.passing(call)
  }

  /** The call that a stopping plugin gives back, as it was before it passed a gate; undefined = it has passed none. */
  takeBack(worker: Worker, callId: string | number): Call | undefined {
    const { slot } = worker
    if (slot === undefined) return undefined
    const call = worker.calls.get(callId)
    return call !== undefined && this.#bySlot.get(slot)?.takeBack(worker, call) === true ? call : undefined
  }

  /** The call waits at the gate. */
  waits(slot: PluginSlot, call: Call): void {
    this.#bySlot.get(slot)?.waits(slot, call)
  }

  delivered(call: Call): void {
    if (this.#waits?.add(call) === true) this.#admit()
  }

  settled(call: Call): void {
    this.#waits?.remove(call)
    for (const handOver of this.#running) handOver.settled(call)
  }

  workerEnded(worker: Worker): void {
    this.#waits?.removeRoot(worker)
    for (const handOver of this.#running) handOver.workerEnded(worker)
  }

  /** From the first of them on who waits for whom is kept up to date; what is in flight already is read once. */
  #addRoots(roots: Iterable<Worker>): void {
    if (this.#waits === undefined) {
      this.#waits = new WaitGraph()
      for (const worker of this.#deps.workers.values()) for (const call of worker.calls) this.#waits.add(call)
    }
    for (const root of roots) this.#waits.addRoot(root)
    this.#admit()
  }

  /**
   * Who has come to owe a root an answer passes. What such a worker sent before that comes first: its order holds, and it may be
   * waiting for just that.
   */
  #admit(): void {
    const { registries, resume } = this.#deps
    for (const [slot, handOver] of this.#bySlot) {
      if (slot.gate.size === 0) continue
      slot.gate.releaseIf((call) => {
        const entry = registries.functions.find(call.namespace, call.functionId)
        return entry !== undefined && handOver.passage(slot, entry, call) !== undefined
      }, resume)
    }
    for (const handOver of this.#running) handOver.endDeadEnds()
  }

  #end(handOver: HandOver): void {
    if (!this.#running.delete(handOver)) return
    for (const slot of handOver.slots) this.#bySlot.delete(slot)
    if (this.#running.size === 0) this.#waits = undefined
  }
}

const NONE: ReadonlySet<Worker> = new Set()
