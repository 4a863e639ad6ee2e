// Figures of a run in one line, for the person who reads its output; they decide nothing.

export function percentiles(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share: number): number =>
    Math.round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0)
  return `p50 ${at(0.5)}, p95 ${at(0.95)}, max ${at(1)}`
}
