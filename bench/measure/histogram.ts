// Log-linear histogram of latencies: exact below 64, then 64 steps per power of two (at most 1.6 % off).
// Values are non-negative integers of any unit; memory is fixed.

const STEP_BITS = 6
const STEPS = 1 << STEP_BITS
/** Largest value told apart; anything above counts as this. */
export const HISTOGRAM_LIMIT = 2 ** 31 - 1
const BUCKETS = (31 - STEP_BITS + 1) * STEPS

export class Histogram {
  readonly #counts = new Float64Array(BUCKETS)
  #count = 0
  #max = 0

  get count(): number {
    return this.#count
  }

  get max(): number {
    return this.#max
  }

  record(value: number): void {
    const bounded = value < 0 ? 0 : value > HISTOGRAM_LIMIT ? HISTOGRAM_LIMIT : value | 0
    const bucket = bucketOf(bounded)
    this.#counts[bucket] = this.#counts[bucket]! + 1
    this.#count++
    if (bounded > this.#max) this.#max = bounded
  }

  /** The smallest recorded value, as exact as its bucket, that at least `share` (0 … 1) of the values do not exceed. 0 when empty. */
  quantile(share: number): number {
    const rank = Math.max(1, Math.ceil(share * this.#count))
    let seen = 0
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      seen += this.#counts[bucket]!
      if (seen >= rank) return Math.min(upperEnd(bucket), this.#max)
    }
    return this.#max
  }

  reset(): void {
    this.#counts.fill(0)
    this.#count = 0
    this.#max = 0
  }
}

function bucketOf(value: number): number {
  if (value < STEPS) return value
  const shift = 31 - Math.clz32(value) - STEP_BITS
  return (shift + 1) * STEPS + ((value >>> shift) - STEPS)
}

/** Largest value of a bucket. */
function upperEnd(bucket: number): number {
  if (bucket < STEPS) return bucket
  const shift = Math.floor(bucket / STEPS) - 1
  const step = (bucket % STEPS) + STEPS
  return (step + 1) * 2 ** shift - 1
}
