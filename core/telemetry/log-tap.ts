// The lines of the engine's own log for somebody who keeps them: collected within a turn, handed over after it, bounded.
// What the taker itself logs while it takes is not handed to it again.
import type { LogLine, LogLines } from '../log.ts'

const MAX_LINES = 1_000

export interface LogTapOptions {
  /** Lines that wait at most; beyond it the oldest are dropped. Default 1,000. */
  readonly maxLines?: number
}

export class LogTap {
  readonly #take: (lines: readonly LogLine[]) => void
  readonly #onDropped: () => void
  readonly #maxLines: number
  readonly #stop: () => void
  #waiting: LogLine[] = []
  #isTaking = false

  /** @param onDropped called for each line that came faster than it was taken. */
  constructor(
    log: LogLines,
    take: (lines: readonly LogLine[]) => void,
    onDropped: () => void,
    { maxLines = MAX_LINES }: LogTapOptions = {},
  ) {
    this.#take = take
    this.#onDropped = onDropped
    this.#maxLines = maxLines
    this.#stop = log.onLine((line) => this.#add(line))
  }

  close(): void {
    this.#stop()
    this.#waiting = []
  }

  #add(line: LogLine): void {
    if (this.#isTaking) return
    if (this.#waiting.length === 0) setImmediate(() => this.#handOver())
    this.#waiting.push(line)
    if (this.#waiting.length <= this.#maxLines) return
    this.#waiting.shift()
    this.#onDropped()
  }

  #handOver(): void {
    const lines = this.#waiting
    this.#waiting = []
    if (lines.length === 0) return
    this.#isTaking = true
    try {
      this.#take(lines)
    } finally {
      this.#isTaking = false
    }
  }
}
