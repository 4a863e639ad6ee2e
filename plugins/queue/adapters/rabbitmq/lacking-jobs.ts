// Jobs of one queue whose functions this engine has not: given back to the broker as long as other engines take its jobs, which may have them. The broker
// knows no functions: it gives a job to one after the other. Each time the job comes here again it stays a while longer, so that one which nobody can run is not
// handed around without a pause.
import type { Clock } from '../../../../base/time/clock.ts'
import type { HeldJob } from './held-job.ts'

/** How long a job stays before it is given back: the first time, and at most. */
const FIRST_MS = 20
const LONGEST_MS = 1_000
/** Jobs that are remembered; of older ones it is forgotten that they were here. */
const MAX_REMEMBERED = 10_000

interface Seen {
  readonly since: number
  times: number
}

export class LackingJobs {
  readonly #clock: Clock
  readonly #hasOthers: () => Promise<boolean>
  readonly #seen = new Map<string, Seen>()

  constructor(clock: Clock, hasOthers: () => Promise<boolean>) {
    this.#clock = clock
    this.#hasOthers = hasOthers
  }

  /** Unix milliseconds at which a job was here for the first time. */
  since(id: string): number | undefined {
    return this.#seen.get(id)?.since
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
    const seen = this.#seen.get(id) ?? { since: this.#clock.now(), times: 0 }
    this.#seen.delete(id)
    this.#seen.set(id, seen)
    if (this.#seen.size > MAX_REMEMBERED) this.#seen.delete(this.#seen.keys().next().value!)
    const waitMs = Math.min(LONGEST_MS, FIRST_MS * 2 ** seen.times++)
    this.#clock.after(waitMs, () => void this.#giveBack(held))
  }

  async #giveBack(held: HeldJob): Promise<void> {
    const others = await this.#hasOthers().catch(() => false)
    if (!held.lacksFunction) return
    if (others) held.end()
    // They may come.
    else this.#giveBackLater(held)
  }
}
