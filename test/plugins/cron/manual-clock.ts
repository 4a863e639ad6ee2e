// A clock of a test whose timers may fire too early, as Node's may, and that counts.
import { ManualClock as PlainClock, settled } from '../../../testing/index.ts'

export { settled }

export class ManualClock extends PlainClock {
  /** Milliseconds that timers fire too early. */
  early = 0
  /** Timers that ran. */
  wakes = 0
  /** Longest time that was asked for. */
  longest = 0

  override after(ms: number, task: () => void): () => void {
    this.longest = Math.max(this.longest, ms)
    // Node rounds up to a millisecond.
    const wait = this.early === 0 ? ms : Math.max(1, ms) - this.early
    return super.after(wait, () => {
      this.wakes++
      task()
    })
  }
}
