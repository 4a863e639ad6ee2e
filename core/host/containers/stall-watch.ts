// Notices plugins whose loop stands still: frames wait unread for seconds because the thread computes or is blocked in a system call
// (design, "The ring"). Who gets none is nudged by one.
import type { Clock } from '../../../base/time/clock.ts'

export interface StallWatchOptions {
  readonly clock: Clock
  /** Unread for this long: stalled, which is shown. Default 5 s. */
  readonly stalledMs?: number
  /** Unread for this long: ended as a crash. Default 30 s. */
  readonly crashMs?: number
  readonly checkEveryMs?: number
  /** A debugger may be at work: what stands at a breakpoint is stalled, and not hopeless. Default: Node's inspector is open. */
  readonly isDebugged?: () => boolean
}

export const STALL_WATCH_DEFAULTS = { stalledMs: 5_000, crashMs: 30_000, checkEveryMs: 1_000 } as const

export interface Watched {
  /** How long the oldest unread frame has waited; 0 = nothing waits. */
  unreadForMs(): number
  /** Nothing waits: gives it something to read. */
  nudge(): void
  onStalled(unreadForMs: number): void
  onRecovered(): void
  onHopeless(unreadForMs: number): void
}

export class StallWatch {
  readonly #clock: Clock
  readonly #stalledMs: number
  readonly #crashMs: number
  readonly #everyMs: number
  readonly #isDebugged: () => boolean
  readonly #watched = new Map<Watched, boolean>()
  #cancel: (() => void) | undefined

  constructor({
    clock,
    stalledMs = STALL_WATCH_DEFAULTS.stalledMs,
    crashMs = STALL_WATCH_DEFAULTS.crashMs,
    checkEveryMs = STALL_WATCH_DEFAULTS.checkEveryMs,
    isDebugged = isInspectorOpen,
  }: StallWatchOptions) {
    this.#clock = clock
    this.#stalledMs = stalledMs
    this.#crashMs = crashMs
    this.#everyMs = checkEveryMs
    this.#isDebugged = isDebugged
  }

  /** Watches until the returned function is called. */
  watch(watched: Watched): () => void {
    this.#watched.set(watched, false)
    this.#arm()
    return () => {
      this.#watched.delete(watched)
      if (this.#watched.size === 0) this.close()
    }
  }

  close(): void {
    this.#cancel?.()
    this.#cancel = undefined
  }

  #arm(): void {
    this.#cancel ??= this.#clock.after(this.#everyMs, () => {
      this.#cancel = undefined
      this.#check()
      if (this.#watched.size > 0) this.#arm()
    })
  }

  #check(): void {
    for (const [watched, stalled] of this.#watched) {
      const unreadFor = watched.unreadForMs()
      if (unreadFor >= this.#crashMs && !this.#isDebugged()) {
        this.#watched.delete(watched)
        watched.onHopeless(unreadFor)
      } else if (unreadFor >= this.#stalledMs && !stalled) {
        this.#watched.set(watched, true)
        watched.onStalled(unreadFor)
      } else if (unreadFor < this.#stalledMs && stalled) {
        this.#watched.set(watched, false)
        watched.onRecovered()
      }
      if (unreadFor === 0) watched.nudge()
    }
  }
}

/** Asked each time: `SIGUSR1` lets a debugger into an engine that runs. Its module is not loaded by every engine. */
function isInspectorOpen(): boolean {
  return process.getBuiltinModule('node:inspector').url() !== undefined
}
