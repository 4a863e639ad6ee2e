// Waits between attempts that fail: each longer than the one before, up to a longest one, and spread, so that many who lost the
// same thing do not all come back in the same moment.

/** Settings of `BackOff`. */
export interface BackOffOptions {
  /** Wait after the first failure. */
  readonly firstMs: number
  readonly longestMs: number
  /** How much longer each wait is than the one before. Default 2. */
  readonly factor?: number
  /** Each wait is multiplied by something between these two. Default: it is not. */
  readonly spread?: readonly [least: number, most: number]
}

/** Beyond it a wait is the longest one anyway; 2 ** 1024 is no number. */
const MAX_GROWTHS = 30

/** @param failures how many there were, the one that is waited after included: from 1 on */
export function backOffMs(
  failures: number,
  { firstMs, longestMs, factor = 2, spread: [least, most] = [1, 1] }: BackOffOptions,
  random: () => number = Math.random,
): number {
  const wait = Math.min(firstMs * factor ** Math.min(failures - 1, MAX_GROWTHS), longestMs)
  return wait * (least + (most - least) * random())
}

/** Waits between attempts that fail, each longer up to a longest one. */
export class BackOff {
  readonly #options: BackOffOptions
  readonly #random: () => number
  #failures = 0

  constructor(options: BackOffOptions, random: () => number = Math.random) {
    this.#options = options
    this.#random = random
  }

  /** Since the last success. */
  get failures(): number {
    return this.#failures
  }

  /** Counts a failure and says how many milliseconds to wait after it. */
  failed(): number {
    return backOffMs(++this.#failures, this.#options, this.#random)
  }

  succeeded(): void {
    this.#failures = 0
  }
}
