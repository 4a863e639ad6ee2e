// Who waits for whose answer: needed only while plugins are handed over, to let those calls pass that a drain itself waits for.
import type { Worker } from '../model/worker.ts'
import type { Call } from '../model/call.ts'

export class WaitGraph {
  readonly #roots = new Set<Worker>()
  /** caller → callee → number of unanswered calls. */
  readonly #edges = new Map<Worker, Map<Worker, number>>()
  /** Worker → the roots that wait for it, directly or through others. Computed on demand. */
  #reached: Map<Worker, Set<Worker>> | undefined

  addRoot(worker: Worker): void {
    this.#roots.add(worker)
    this.#reached = undefined
  }

  removeRoot(worker: Worker): void {
    this.#roots.delete(worker)
    this.#reached = undefined
  }

  /** Records a delivered call that somebody waits for. True when its callee thereby came to owe a root an answer. */
  add(call: Call): boolean {
    const { callee } = call
    const caller = waiterOf(call)
    if (callee === undefined || caller === undefined || caller === callee) return false
    let callees = this.#edges.get(caller)
    if (callees === undefined) {
      callees = new Map()
      this.#edges.set(caller, callees)
    }
    const count = callees.get(callee)
    if (count !== undefined) {
      callees.set(callee, count + 1)
      return false
    }
    // Asked while the call does not count yet: who is reached may have to be computed anew.
    const brings = !this.rootsOf(caller).isSubsetOf(this.rootsOf(callee))
    callees.set(callee, 1)
    if (brings) this.#reached = undefined
    return brings
  }

  remove(call: Call): void {
    const { callee } = call
    const caller = waiterOf(call)
    if (callee === undefined || caller === undefined) return
    const callees = this.#edges.get(caller)
    const count = callees?.get(callee)
    if (callees === undefined || count === undefined) return
    if (count > 1) {
      callees.set(callee, count - 1)
      return
    }
    callees.delete(callee)
    if (this.#reached?.has(caller) === true) this.#reached = undefined
  }

  /** Somebody owes this worker an answer. */
  isWaiting(worker: Worker): boolean {
    return (this.#edges.get(worker)?.size ?? 0) > 0
  }

  /** The roots for which this worker works at the moment; a root works for itself. */
  rootsOf(worker: Worker): ReadonlySet<Worker> {
    this.#reached ??= this.#reach()
    return this.#reached.get(worker) ?? NONE
  }

  #reach(): Map<Worker, Set<Worker>> {
    const reached = new Map<Worker, Set<Worker>>()
    for (const root of this.#roots) {
      const queue = [root]
      for (let worker = queue.pop(); worker !== undefined; worker = queue.pop()) {
        let roots = reached.get(worker)
        if (roots === undefined) {
          roots = new Set()
          reached.set(worker, roots)
        }
        if (roots.has(root)) continue
        roots.add(root)
        for (const callee of this.#edges.get(worker)?.keys() ?? []) queue.push(callee)
      }
    }
    return reached
  }
}

/** Whose call it is, if anybody waits for it. What the engine makes in somebody's place is theirs. */
export function waiterOf({ madeFor, isForVoid, caller, invocationId }: Call): Worker | undefined {
  if (madeFor !== undefined) return isForVoid === true ? undefined : madeFor
  return invocationId === undefined ? undefined : caller
}

const NONE: ReadonlySet<Worker> = new Set()
