// Watches a running generation: the end of its containers, its memory, and whether it still reads.
import type { Log } from '../../log.ts'
import type { Clock } from '../../../base/time/clock.ts'
import type { ContainerExit } from './container.ts'
import type { Generation } from '../generations/generation.ts'
import type { Replica } from '../generations/replica.ts'
import { watchMemory } from './memory-watch.ts'
import { StallWatch, type StallWatchOptions } from './stall-watch.ts'

export type OnCrash = (generation: Generation, replica: Replica, exit: ContainerExit) => void

const MEGABYTE = 1024 * 1024

export class CrashWatch {
  readonly #clock: Clock
  readonly #log: Log
  readonly #stalls: StallWatch
  readonly #onCrash: OnCrash
  readonly #watched = new Map<Generation, (() => void)[]>()

  constructor(clock: Clock, log: Log, onCrash: OnCrash, stalls: Omit<StallWatchOptions, 'clock'> = {}) {
    this.#clock = clock
    this.#log = log
    this.#onCrash = onCrash
    this.#stalls = new StallWatch({ clock, ...stalls })
  }

  watch(generation: Generation): void {
    const ends: (() => void)[] = []
    this.#watched.set(generation, ends)
    for (const replica of generation.replicas) {
      const { container } = replica.place
      void container.exited.then((exit) => {
        if (!this.#watched.has(generation) || generation.ending) return
        replica.exit = exit
        this.#onCrash(generation, replica, exit)
      })
      ends.push(this.#watchStall(generation, replica))
      const { memoryMb } = generation.plan.entry
      if (memoryMb !== undefined) ends.push(this.#watchMemory(generation, replica, memoryMb))
    }
  }

  /** Nothing that befalls it is told any more. */
  unwatch(generation: Generation): void {
    for (const end of this.#watched.get(generation) ?? []) end()
    this.#watched.delete(generation)
  }

  close(): void {
    for (const generation of [...this.#watched.keys()]) this.unwatch(generation)
    this.#stalls.close()
  }

  #watchStall({ name }: Generation, replica: Replica): () => void {
    const { container } = replica.place
    return this.#stalls.watch({
      unreadForMs: () => container.unreadForMs(),
      nudge: () => container.nudge(),
      onStalled: (ms) => {
        replica.stalledSince = this.#clock.now() - ms
        this.#log.warn(
          `plugin '${name}' is stalled: ${container.kind} ${container.number} has read nothing for ${Math.round(ms)} ms`,
        )
      },
      onRecovered: () => {
        // One that is being ended, or has ended, has nothing unread either.
        if (container.state !== 'running') return
        replica.stalledSince = undefined
        this.#log.info(`plugin '${name}' reads again`)
      },
      onHopeless: (ms) => {
        void container.end({ code: 'STALLED', message: `it read nothing for ${Math.round(ms)} ms` })
      },
    })
  }

  #watchMemory({ name }: Generation, { place: { container } }: Replica, limitMb: number): () => void {
    return watchMemory({
      clock: this.#clock,
      limitBytes: limitMb * MEGABYTE,
      measure: () => container.memoryBytes(),
      onExceeded: (used) => {
        const message = `it used ${Math.ceil(used / MEGABYTE)} MB, more than its memory_mb of ${limitMb}`
        this.#log.warn(`plugin '${name}' is ended: ${message}`)
        void container.end({ code: 'MEMORY', message })
      },
    })
  }
}
