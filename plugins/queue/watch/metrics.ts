// `iii::queue::metrics`: the figures under the names by which telemetry knows them (spec 03 §5.2). Nothing is sent anywhere.
import type { LatencyHistogram } from '../../../base/values/latency-histogram.ts'
import type { BuiltInFunction } from '../../../kit/functions/built-in-function.ts'
import { objectSchema } from '../../../kit/functions/function-schemas.ts'
import { underCode } from '../admin/admin-input.ts'
import { depthOf, topicRows, type ListingDeps, type TopicRow } from '../admin/listing.ts'
import type { Figures, QueueFigures, QueueKind } from './queue-figures.ts'

export interface MetricsDeps extends Pick<ListingDeps, 'backend' | 'named' | 'awaiting'> {
  readonly figures: QueueFigures
  /** Unix milliseconds. */
  readonly now: () => number
}

interface Metric {
  readonly name: string
  readonly kind: 'counter' | 'gauge' | 'histogram'
  readonly unit: string
  readonly attributes: { readonly queue: string; readonly kind: QueueKind }
  readonly value: number | { readonly count: number; readonly p50: number; readonly p95: number; readonly p99: number }
}

const COUNTERS = {
  'iii.queue.enqueued.total': 'enqueued',
  'iii.queue.delivered.total': 'delivered',
  'iii.queue.failed.total': 'failed',
  'iii.queue.dead_lettered.total': 'deadLettered',
  'iii.queue.redriven.total': 'redriven',
} as const satisfies Record<string, keyof Figures>

const HISTOGRAMS = { 'iii.queue.wait': 'wait', 'iii.queue.handle': 'handle' } as const satisfies Record<
  string,
  keyof Figures
>

const GAUGES = ['depth', 'delayed', 'dlq', 'in_flight', 'oldest_age_ms'] as const

/** Names of all figures. */
export const QUEUE_METRICS: readonly string[] = [
  ...Object.keys(COUNTERS),
  ...GAUGES.map((suffix) => `iii.queue.${suffix}`),
  ...Object.keys(HISTOGRAMS),
]

export function metricsFunction(deps: MetricsDeps): BuiltInFunction<null> {
  return {
    id: 'iii::queue::metrics',
    description:
      'Gives the figures of all queues and topics; counters and histograms count since the worker was started.',
    request: objectSchema({}, []),
    response: objectSchema({ metrics: { type: 'array', items: { type: 'object' } } }, ['metrics']),
    optionalInput: true,
    decode: () => null,
    run: () =>
      underCode('metrics_failed', 'read the figures', async () => ({
        metrics: [...(await topicRows(deps)).flatMap((row) => gaugesOf(row, deps.now())), ...countsOf(deps.figures)],
      })),
  }
}

function gaugesOf({ kind, name, stats }: TopicRow, now: number): Metric[] {
  const { active, delayed, dead, oldestAt } = stats
  const attributes = { queue: name, kind }
  const gauge = (suffix: (typeof GAUGES)[number], value: number, unit = '{message}'): Metric => {
    return { name: `iii.queue.${suffix}`, kind: 'gauge', unit, attributes, value }
  }
  return [
    gauge('depth', depthOf(stats)),
    gauge('delayed', delayed),
    gauge('dlq', dead),
    gauge('in_flight', active),
    ...(oldestAt === undefined ? [] : [gauge('oldest_age_ms', Math.max(0, now - oldestAt), 'ms')]),
  ]
}

function countsOf(figures: QueueFigures): Metric[] {
  return [...figures.all].flatMap((each) => {
    const attributes = { queue: each.name, kind: each.kind }
    const counters = Object.entries(COUNTERS).map(([name, member]): Metric => {
      return { name, kind: 'counter', unit: '{message}', attributes, value: each[member] }
    })
    const histograms = Object.entries(HISTOGRAMS).map(([name, member]): Metric => {
      return { name, kind: 'histogram', unit: 's', attributes, value: secondsOf(each[member]) }
    })
    return [...counters, ...histograms]
  })
}

function secondsOf(histogram: LatencyHistogram): Exclude<Metric['value'], number> {
  const at = (share: number): number => histogram.percentile(share) / 1_000
  return { count: histogram.count, p50: at(0.5), p95: at(0.95), p99: at(0.99) }
}
