// What a caller counts while a run goes on.

export interface LoadCounts {
  /** Answers that belong to their call and have the right value. */
  verified: number
  /** Answers that were wrong, by what was wrong: an error code of the target, or a word of our own. */
  readonly wrong: Map<string, number>
  /** Verified answers that had to be parsed: their form was a new one. */
  parsed: number
}

export function newCounts(): LoadCounts {
  return { verified: 0, wrong: new Map(), parsed: 0 }
}

export function countWrong({ wrong }: LoadCounts, reason: string): void {
  wrong.set(reason, (wrong.get(reason) ?? 0) + 1)
}

/** What was wrong in all parts of a run. */
export function sumWrong(all: readonly LoadCounts[]): Record<string, number> {
  const sum: Record<string, number> = {}
  for (const { wrong } of all) for (const [reason, count] of wrong) sum[reason] = (sum[reason] ?? 0) + count
  return sum
}
