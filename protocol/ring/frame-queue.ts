// Frames that found no room, in order, counted in bytes.

export class FrameQueue {
  #frames: Buffer[] = []
  #first = 0
  #bytes = 0

  get length(): number {
    return this.#frames.length - this.#first
  }

  get bytes(): number {
    return this.#bytes
  }

  push(frame: Buffer): void {
    this.#frames.push(frame)
    this.#bytes += frame.length
  }

  peek(): Buffer | undefined {
    return this.#frames[this.#first]
  }

  /** Drops the first frame. `length` is what it had: one that was transferred to another thread has lost its bytes. */
  shift(length: number): void {
    this.#bytes -= length
    // The slot is overwritten so that the frame can be freed before the array is compacted.
    this.#frames[this.#first++] = EMPTY
    if (this.#first < 1024 && this.#first < this.#frames.length) return
    this.#frames = this.#frames.slice(this.#first)
    this.#first = 0
  }

  clear(): void {
    this.#frames = []
    this.#first = 0
    this.#bytes = 0
  }
}

const EMPTY = Buffer.alloc(0)
