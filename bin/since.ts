// `--since`: a time as people write it, how long ago or when.
import { UsageError } from './exit-codes.ts'

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/**
 * Milliseconds since 1970. `90s`, `5m`, `1h30m`, `2d` count back from `now`; anything else is a time in ISO 8601.
 * @throws UsageError that shows the text
 */
export function sinceTime(text: string, now: number): number {
  if (/^(\d+(ms|s|m|h|d))+$/.test(text)) {
    let ms = 0
    for (const [, count, unit] of text.matchAll(/(\d+)(ms|s|m|h|d)/g)) ms += Number(count) * (UNITS_MS[unit ?? ''] ?? 0)
    return Math.max(0, now - ms)
  }
  // A bare number would be read as a year.
  const time = /^\d{4}-\d\d/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isFinite(time)) return Math.max(0, time)
  throw new UsageError(
    `--since takes how long ago (90s, 5m, 1h30m, 2d) or a time (2026-01-31T12:00:00Z), not '${text}'`,
  )
}
