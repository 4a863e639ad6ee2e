// Shared memory of threads that have ended, kept for the next ones. Left to the garbage collector, tens of reloads would hold
// 2 MiB each before it runs, and the process would not shrink again.
import { clearRingMemory, createRingMemory } from '../../protocol/ring/memory.ts'

/** A thread that is replaced, its successor, the standby, and one that is just ending. */
const MAX_SPARE = 4

export class SpareRings {
  readonly #maxSpare: number
  readonly #spare: SharedArrayBuffer[] = []

  constructor(maxSpare = MAX_SPARE) {
    this.#maxSpare = maxSpare
  }

  /** Memory as if just created, for two rings of the default size. */
  take(): SharedArrayBuffer {
    const memory = this.#spare.pop()
    if (memory === undefined) return createRingMemory()
    clearRingMemory(memory)
    return memory
  }

  /** Only for memory that nobody reads or writes any more: the thread has ended and its transport is closed. */
  giveBack(memory: SharedArrayBuffer): void {
    if (this.#spare.length < this.#maxSpare) this.#spare.push(memory)
  }
}
