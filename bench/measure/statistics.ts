// Medians, spreads and ratios over the rounds of a run. Pure functions on lists of numbers.

/** NaN for an empty list. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  if (sorted.length === 0) return Number.NaN
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** Nearest-rank quantile, `share` in 0 … 1. NaN for an empty list. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
}

/** Distance between the largest and the smallest value, as a share of the median. 0 for fewer than two values. */
export function spread(values: readonly number[]): number {
  if (values.length < 2) return 0
  return (Math.max(...values) - Math.min(...values)) / median(values)
}

export interface Ratio {
  readonly median: number
  readonly min: number
  readonly max: number
}

/**
 * Ratio of two interleaved series, round by round: what disturbed one round disturbed both of its members.
 * Undefined when no round has both values, or the divisor is 0.
 */
export function pairedRatio(
  of: readonly (number | undefined)[],
  to: readonly (number | undefined)[],
): Ratio | undefined {
  const ratios: number[] = []
  for (const [round, value] of of.entries()) {
    const divisor = to[round]
    if (value !== undefined && divisor !== undefined && divisor > 0) ratios.push(value / divisor)
  }
  if (ratios.length === 0) return undefined
  return { median: median(ratios), min: Math.min(...ratios), max: Math.max(...ratios) }
}
