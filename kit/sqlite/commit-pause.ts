// When a commit waits for company. While one commit waits for a slow disk, the operations for the next one arrive; those that are answered then have
// successors just after that next one has begun, and from there on two halves of the callers take turns at the disk. One short pause
// brings them together, and together they stay, so that it is rare.

/** A commit that took less has nothing to share: where the disk is quick, two halves that take turns keep more threads busy. */
const SLOW_MS = 0.5
/** Part of the time that the last commit took, for which the next one waits. */
const SHARE = 0.25
const MAX_PAUSE_MS = 1
/** Operations of this commit and the last one from which on there is company to wait for. */
const COMPANY = 8
/** A commit of more operations costs little for each of them, whoever shares it. */
const FEW = 64

export class CommitPause {
  #tookMs = 0
  #operations = 0
  #endedAt = 0
  #paused = false

  /** A commit that waited for the disk is over, and its operations are answered. */
  committed(operations: number, tookMs: number, now: number): void {
    this.#operations = operations
    this.#tookMs = tookMs
    this.#endedAt = now
    this.#paused = false
  }

  /** How many milliseconds a commit of so many operations is to wait from now on; 0 = not at all. At most once before each commit. */
  before(operations: number, now: number): number {
    if (this.#paused || this.#tookMs < SLOW_MS || operations >= FEW || this.#operations >= FEW) return 0
    // Those that arrived later than that did not wait for the last commit: there is no crowd.
    if (operations + this.#operations < COMPANY || now - this.#endedAt > this.#tookMs) return 0
    this.#paused = true
    return Math.min(MAX_PAUSE_MS, this.#tookMs * SHARE)
  }
}
