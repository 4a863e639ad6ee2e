// Jobs of one queue whose functions this engine has not: given back to the broker as long as other engines take its jobs, which may have them. The broker
// knows no functions: it gives a job to one consumer after the other. Each time the job comes here again it stays a while longer, so that one which nobody can
// run is not handed around without a pause. What comes straight back goes on at once: it was only this engine's turn, and two engines that give their jobs back
// in step would otherwise get their own ones again, for ever.
import { backOffMs } from '../../../../base/time/back-off.ts'
import type { Clock } from '../../../../base/time/clock.ts'
import { RateWindow } from '../../line/rate-window.ts'
import type { Job } from '../../job.ts'
import type { Consumer } from '../backend.ts'
import type { HeldJob } from './held-job.ts'

/** How long a job stays before it is given back. */
const STAY = { firstMs: 20, longestMs: 1_000, spread: [0.5, 1] } as const
/** What comes again within this time no other engine has kept. */
const STRAIGHT_MS = STAY.firstMs * STAY.spread[0]
/** How often a job that comes straight back goes on at once, between two stays: more than an engine has consumers of a queue. */
const MAX_STRAIGHT = 16
/** How often that happens to the jobs of one queue. */
const STRAIGHT_RATE = { max: 500, perMs: 1_000 }
/** Jobs that are remembered; of older ones it is forgotten that they were here. */
const MAX_REMEMBERED = 10_000

interface Seen {
  readonly since: number
  times: number
  /** When it was given back for the last time, by a clock that nobody sets. */
  leftAt: number
  /** How often it came straight back since it last stayed. */
  straight: number
}

export class LackingJobs {
  readonly #clock: Clock
  readonly #hasOthers: () => Promise<boolean>
  readonly #seen = new Map<string, Seen>()
  readonly #straight = new RateWindow(STRAIGHT_RATE)
  /** The question that is under way: all jobs whose stay ends meanwhile share its answer. */
  #asking: Promise<boolean> | undefined

  constructor(clock: Clock, hasOthers: () => Promise<boolean>) {
    this.#clock = clock
    this.#hasOthers = hasOthers
  }

  /** Unix milliseconds at which a job was here for the first time. */
  since(id: string): number | undefined {
    return this.#seen.get(id)?.since
  }

  /** Whether a job that comes goes on at once: it has just been given back here, and its function is still missing. */
  passesOn({ id, functionId, namespace }: Job, consumer: Consumer | undefined): boolean {
    const seen = this.#seen.get(id)
    const now = this.#clock.passed()
    if (seen === undefined || now - seen.leftAt >= STRAIGHT_MS || seen.straight >= MAX_STRAIGHT) return false
    if (consumer?.canRun?.(functionId, namespace) !== false || this.#straight.waitMs(now) > 0) return false
    this.#straight.started(now)
    seen.straight++
    seen.leftAt = now
    return true
  }

  forget(id: string): void {
    this.#seen.delete(id)
  }

  /** It waits for something; where that is its function it is given back after a while. */
  offer(held: HeldJob): void {
    if (held.lacksFunction) this.#giveBackLater(held)
  }

  #giveBackLater(held: HeldJob): void {
    const { id } = held.job
    const seen = this.#seen.get(id) ?? { since: this.#clock.now(), times: 0, leftAt: -Infinity, straight: 0 }
    this.#seen.delete(id)
    this.#seen.set(id, seen)
    if (this.#seen.size > MAX_REMEMBERED) this.#seen.delete(this.#seen.keys().next().value!)
    seen.straight = 0
    this.#clock.after(backOffMs(++seen.times, STAY), () => void this.#giveBack(held))
  }

  async #giveBack(held: HeldJob): Promise<void> {
    this.#asking ??= this.#hasOthers()
      .catch(() => false)
      .finally(() => (this.#asking = undefined))
    const others = await this.#asking
    if (!held.lacksFunction) return
    // They may come.
    if (!others) return this.#giveBackLater(held)
    const seen = this.#seen.get(held.job.id)
    if (seen !== undefined) seen.leftAt = this.#clock.passed()
    held.end()
  }
}
