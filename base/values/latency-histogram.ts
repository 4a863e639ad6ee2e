// Latencies of a plugin's calls in buckets that grow by a quarter power of two: constant memory, 19 % resolution.

const BUCKETS_PER_OCTAVE = 4
const SMALLEST_MS = 0.001
const BUCKET_COUNT = 30 * BUCKETS_PER_OCTAVE

export class LatencyHistogram {
  readonly #counts = new Float64Array(BUCKET_COUNT)
  #total = 0

  /** How many values were recorded. */
  get count(): number {
    return this.#total
  }

  record(ms: number): void {
    const bucket = ms <= SMALLEST_MS ? 0 : Math.floor(Math.log2(ms / SMALLEST_MS) * BUCKETS_PER_OCTAVE)
    const index = Math.min(bucket, BUCKET_COUNT - 1)
    this.#counts[index] = (this.#counts[index] ?? 0) + 1
    this.#total++
  }

  /** Upper edge, in milliseconds, of the bucket that holds the given share (0…1) of all recorded values; 0 when empty. */
  percentile(share: number): number {
    if (this.#total === 0) return 0
    const wanted = Math.ceil(this.#total * share)
    let seen = 0
    for (let index = 0; index < BUCKET_COUNT; index++) {
      seen += this.#counts[index] ?? 0
      if (seen >= wanted) return SMALLEST_MS * 2 ** ((index + 1) / BUCKETS_PER_OCTAVE)
    }
    return SMALLEST_MS * 2 ** (BUCKET_COUNT / BUCKETS_PER_OCTAVE)
  }
}
