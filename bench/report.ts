// The result of a benchmark run as plain data: what `--json` prints and the table shows.
import type { Machine, Pinning } from './measure/machine.ts'

export interface BenchReport {
  /** Of this shape. */
  readonly version: 1
  readonly startedAt: string
  readonly machine: Machine
  /** Null: processes ran wherever the system put them. */
  readonly pinned: Pinning | null
  readonly target: string
  readonly rounds: number
  readonly durationMs: number
  readonly scenarios: readonly ScenarioReport[]
  /** With `--check`. */
  readonly checks?: readonly CheckResult[]
}

export interface ScenarioReport {
  readonly scenario: string
  readonly title: string
  readonly cases: readonly CaseReport[]
  /** Why the scenario makes no sense for this target and was left out. */
  readonly skipped?: string
  /** Why the scenario could not be run to its end. */
  readonly failed?: string
}

export interface CaseReport {
  readonly name: string
  /** Of the variants' rates: `calls/s`, `deliveries/s`, … */
  readonly unit: string
  readonly payloadBytes?: number
  readonly inFlight?: number
  /** Calls per second offered; undefined = closed loop. */
  readonly rate?: number
  readonly variants: readonly VariantReport[]
  /** Of the first variant to each other one. */
  readonly ratios: readonly RatioReport[]
  /** Figures that are no rates. */
  readonly measures: readonly MeasureReport[]
  readonly notes: readonly string[]
}

export interface VariantReport {
  readonly name: string
  /** Median over the rounds. */
  readonly perSecond: number
  readonly rates: readonly number[]
  /** Largest minus smallest rate, as a share of the median. */
  readonly spread: number
  /** Medians over the rounds, in microseconds; from when a call was due if open-loop. */
  readonly latencyMicros?: { readonly p50: number; readonly p99: number; readonly p999: number }
  readonly cpuMicrosPerCall?: number
  /** Of the process tree, at the end of the last round. */
  readonly rssBytes?: number
  /** Answers counted, over all rounds: each was checked. */
  readonly verified?: number
  /** Answers that were wrong, by reason, over all rounds. */
  readonly wrong?: Readonly<Record<string, number>>
  readonly unanswered?: number
  /** Median share of one core that the load generator used. */
  readonly generatorCpu?: number
  /** Rounds in which the load generator was the bottleneck. */
  readonly generatorBound?: number
}

export interface RatioReport {
  readonly to: string
  /** Of the rates, round by round. */
  readonly median: number
  readonly min: number
  readonly max: number
  /** Of the CPU time per call, round by round; below 1 = cheaper than the reference. */
  readonly cpu?: { readonly median: number; readonly min: number; readonly max: number }
  /** Of the 99th percentiles of the latency, round by round; below 1 = quicker than the reference. */
  readonly p99?: { readonly median: number; readonly min: number; readonly max: number }
  /** `cpu` when the rounds of one of the two spread by more than 20 %: then 1 / CPU ratio stands for the ratio of rates. */
  readonly decidedBy: 'rate' | 'cpu'
}

export interface MeasureReport {
  readonly name: string
  readonly unit: string
  readonly median: number
  readonly p95: number
  readonly min: number
  readonly max: number
  readonly count: number
}

export interface CheckResult {
  readonly scenario: string
  readonly what: string
  readonly bound: string
  /** Undefined: the run did not yield the figure, which counts as a miss. */
  readonly value: number | undefined
  readonly pass: boolean
  readonly decidedBy?: 'rate' | 'cpu'
}
