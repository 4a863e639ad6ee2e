// The measured part of a run: what the clock, the generator and the target's process tree showed at its two ends.
import type { Histogram } from '../measure/histogram.ts'
import { readTreeUsage, type TreeUsage } from '../measure/process-tree.ts'
import { LATENCY_UNITS_PER_MS } from './caller.ts'
import type { LoadResult } from './load-job.ts'

type WindowFigures = Pick<
  LoadResult,
  'elapsedMs' | 'generatorCpu' | 'targetCpuMicros' | 'targetRssBytes' | 'latencyMicros'
>

export class MeasuredWindow {
  readonly #targetPid: number | undefined
  readonly #startedAt: number
  readonly #ownCpu: NodeJS.CpuUsage
  readonly #target: TreeUsage | undefined

  constructor(targetPid: number | undefined) {
    this.#targetPid = targetPid
    this.#target = this.#readTarget()
    this.#startedAt = performance.now()
    this.#ownCpu = process.cpuUsage()
  }

  end(latency: Histogram): WindowFigures {
    const elapsedMs = performance.now() - this.#startedAt
    const own = process.cpuUsage(this.#ownCpu)
    const target = this.#readTarget()
    const before = this.#target
    return {
      elapsedMs,
      generatorCpu: (own.user + own.system) / 1000 / elapsedMs,
      targetCpuMicros: target === undefined || before === undefined ? undefined : target.cpuMicros - before.cpuMicros,
      targetRssBytes: target?.rssBytes,
      latencyMicros: {
        p50: micros(latency.quantile(0.5)),
        p99: micros(latency.quantile(0.99)),
        p999: micros(latency.quantile(0.999)),
        max: micros(latency.max),
      },
    }
  }

  #readTarget(): TreeUsage | undefined {
    return this.#targetPid === undefined ? undefined : readTreeUsage(this.#targetPid)
  }
}

function micros(units: number): number {
  return (units * 1000) / LATENCY_UNITS_PER_MS
}
