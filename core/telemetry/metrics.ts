// The values of the figures in metrics-table.ts: counters that are counted up where things happen, and readings that are taken
// when somebody asks. Counting is the increment of a field, so that it may stand on the path of every call.
import type { LatencyHistogram } from '../../base/values/latency-histogram.ts'
import { METRICS, type CounterName, type MetricName } from './metrics-table.ts'

/** Counters that the router itself counts up. */
export interface CallCounts {
  success: number
  error: number
  overloaded: number
  voidDropped: number
  gateWaits: number
  spawns: number
  deaths: number
  pluginsLost: number
  accepted: number
  refused: number
  linesDropped: number
}

/** Of a histogram: how many values, and the edges below which half, 95 % and 99 % of them are, in its unit. */
export interface HistogramFigure {
  readonly count: number
  readonly p50: number
  readonly p95: number
  readonly p99: number
}

export type MetricsSnapshot = { readonly [Name in MetricName]?: number | HistogramFigure }

export class Metrics {
  readonly counts: CallCounts = {
    success: 0,
    error: 0,
    overloaded: 0,
    voidDropped: 0,
    gateWaits: 0,
    spawns: 0,
    deaths: 0,
    pluginsLost: 0,
    accepted: 0,
    refused: 0,
    linesDropped: 0,
  }
  readonly #readings = new Map<MetricName, () => number>()

  constructor() {
    const { counts } = this
    const counted: Readonly<Partial<Record<CounterName, () => number>>> = {
      'iii.invocations.success': () => counts.success,
      'iii.invocations.error': () => counts.error,
      'iii.invocations.overloaded': () => counts.overloaded,
      'iii.invocations.void.dropped': () => counts.voidDropped,
      'iii.gate.waits': () => counts.gateWaits,
      'iii.workers.spawns': () => counts.spawns,
      'iii.workers.deaths': () => counts.deaths,
      'iii.plugins.lost': () => counts.pluginsLost,
      'iii.registrations.accepted': () => counts.accepted,
      'iii.registrations.refused': () => counts.refused,
      'iii.log.lines.dropped': () => counts.linesDropped,
      'iii.invocations.total': () => counts.success + counts.error + this.#value('iii.invocations.deferred'),
    }
    for (const [name, read] of Object.entries(counted)) this.#readings.set(name as MetricName, read)
  }

  /** Says where a figure that somebody else keeps is read. */
  read(name: MetricName, reading: () => number): void {
    this.#readings.set(name, reading)
  }

  /** All figures that have a reading, by name. `duration`: what is observed of the calls, while it is. */
  snapshot(duration?: LatencyHistogram): MetricsSnapshot {
    const figures: Partial<Record<MetricName, number | HistogramFigure>> = {}
    for (const name of Object.keys(METRICS) as MetricName[]) {
      if (METRICS[name].kind !== 'histogram') {
        const reading = this.#readings.get(name)
        if (reading !== undefined) figures[name] = reading()
      } else if (duration !== undefined) figures[name] = figureOf(duration)
    }
    return figures
  }

  #value(name: MetricName): number {
    return this.#readings.get(name)?.() ?? 0
  }
}

function figureOf(histogram: LatencyHistogram): HistogramFigure {
  const seconds = (share: number): number => histogram.percentile(share) / 1000
  return { count: histogram.count, p50: seconds(0.5), p95: seconds(0.95), p99: seconds(0.99) }
}
