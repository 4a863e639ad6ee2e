// Sums up repeated single figures (times, sizes) of a scenario.
import { median, quantile } from './measure/statistics.ts'
import type { CaseReport, MeasureReport } from './report.ts'

/** Undefined when there is nothing to sum up. */
export function describeMeasure(name: string, unit: string, values: readonly number[]): MeasureReport | undefined {
  if (values.length === 0) return undefined
  return {
    name,
    unit,
    median: median(values),
    p95: quantile(values, 0.95),
    min: Math.min(...values),
    max: Math.max(...values),
    count: values.length,
  }
}

/** A case that consists of single figures. */
export function measuredCase(
  name: string,
  measures: readonly (MeasureReport | undefined)[],
  notes: readonly string[] = [],
): CaseReport {
  const known = measures.filter((measure) => measure !== undefined)
  return { name, unit: '', variants: [], ratios: [], measures: known, notes }
}
