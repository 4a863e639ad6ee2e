// The credit window of one direction of one channel on a ring or pipe: bulk data waits for its reader here and not in the ring,
// where calls would wait behind it.

/** Bytes that may be under way on one channel before its reader has taken any. Both sides know it, nobody sends it. */
export const CHANNEL_WINDOW_BYTES = 256 * 1024

/** Largest binary item that a writer makes of longer data (spec 01 §16.3). */
export const CHANNEL_ITEM_BYTES = 64 * 1024

/** What an item costs: its bytes and a share for its header, so that empty ones are bounded too. */
export function itemCost(length: number): number {
  return length + 64
}

/** The sender's view of the window. */
export class CreditWindow {
  #left: number

  constructor(bytes: number = CHANNEL_WINDOW_BYTES) {
    this.#left = bytes
  }

  /** True when an item may go. An item of any size may, as long as anything is left, so that none is too large for ever. */
  get open(): boolean {
    return this.#left > 0
  }

  spend(length: number): void {
    this.#left -= itemCost(length)
  }

  grant(bytes: number): void {
    this.#left += bytes
  }
}

/** The receiver's view: collects what it has taken and says when it is worth a frame to tell the sender. */
export class CreditReturn {
  #owed = 0
  readonly #step: number

  constructor(windowBytes: number = CHANNEL_WINDOW_BYTES) {
    this.#step = windowBytes / 2
  }

  /** Bytes to grant now, or 0 while they are still collected. */
  take(length: number): number {
    this.#owed += itemCost(length)
    if (this.#owed < this.#step) return 0
    const granted = this.#owed
    this.#owed = 0
    return granted
  }
}
