// The figures of queues (spec 03 §5.2): what is counted where jobs come and go. Gauges are read from the store when somebody asks.
import { LatencyHistogram } from '../../../base/values/latency-histogram.ts'
import type { QueueRef, Settled } from '../adapters/backend.ts'
import type { Job } from '../job.ts'

export type QueueKind = 'named' | 'topic'

/** Of one named queue or topic, since the plugin was started. */
export interface FiguresOf {
  readonly kind: QueueKind
  readonly name: string
  enqueued: number
  delivered: number
  failed: number
  deadLettered: number
  redriven: number
  /** From the time a job was stored, or was to run, to its first delivery. */
  readonly wait: LatencyHistogram
  /** One delivery. */
  readonly handle: LatencyHistogram
}

/** Names that have figures of their own; later ones have none. */
export const MAX_FIGURES = 10_000

export class QueueFigures {
  readonly #of = new Map<string, FiguresOf>()
  readonly #now: () => number
  readonly #onChange: (figures: FiguresOf) => void

  /** @param onChange told of each change; `now`: Unix milliseconds */
  constructor(now: () => number, onChange: (figures: FiguresOf) => void = () => {}) {
    this.#now = now
    this.#onChange = onChange
  }

  get all(): Iterable<FiguresOf> {
    return this.#of.values()
  }

  /** Undefined before anything has happened there. */
  find(kind: QueueKind, name: string): FiguresOf | undefined {
    return this.#of.get(`${kind} ${name}`)
  }

  enqueued(kind: QueueKind, name: string, count: number): void {
    this.#change(kind, name, (figures) => (figures.enqueued += count))
  }

  redriven(queue: QueueRef, count: number): void {
    this.#change(kindOf(queue), queue.name, (figures) => (figures.redriven += count))
  }

  /** A delivery begins; to be called when it has ended. */
  begin(queue: QueueRef, job: Job): () => void {
    const began = this.#now()
    this.#change(kindOf(queue), queue.name, ({ wait }) => {
      if (job.attempts === 0) wait.record(Math.max(0, began - Math.max(job.createdAt, job.runAt ?? 0)))
    })
    return () =>
      this.#change(kindOf(queue), queue.name, ({ handle }) => handle.record(Math.max(0, this.#now() - began)))
  }

  settled(queue: QueueRef, { kind }: Settled): void {
    this.#change(kindOf(queue), queue.name, (figures) => {
      if (kind === 'done') figures.delivered++
      if (kind === 'retry' || kind === 'dead') figures.failed++
      if (kind === 'dead') figures.deadLettered++
    })
  }

  #change(kind: QueueKind, name: string, change: (figures: FiguresOf) => void): void {
    const key = `${kind} ${name}`
    let figures = this.#of.get(key)
    if (figures === undefined) {
      if (this.#of.size >= MAX_FIGURES) return
      const zeros = { enqueued: 0, delivered: 0, failed: 0, deadLettered: 0, redriven: 0 }
      figures = { kind, name, ...zeros, wait: new LatencyHistogram(), handle: new LatencyHistogram() }
      this.#of.set(key, figures)
    }
    change(figures)
    this.#onChange(figures)
  }
}

export function kindOf({ kind }: QueueRef): QueueKind {
  return kind === 'named' ? 'named' : 'topic'
}
