// The figures of queues (spec 03 §5.2): what is counted where jobs come and go. Gauges are read from the store when somebody asks.
import { LatencyHistogram } from '../../../base/values/latency-histogram.ts'
import type { QueueRef, Settled } from '../adapters/backend.ts'
import type { Job } from '../job.ts'

export type QueueKind = 'named' | 'topic'

/** Names that have figures of their own; what happens under later ones is counted for nobody. */
export const MAX_FIGURES = 10_000

export class QueueFigures {
  /** By kind and name. */
  readonly #of: Readonly<Record<QueueKind, Map<string, Figures>>> = { named: new Map(), topic: new Map() }
  readonly #now: () => number
  readonly #changed: () => void

  /** @param now Unix milliseconds. @param changed told of each change */
  constructor(now: () => number, changed: () => void = () => {}) {
    this.#now = now
    this.#changed = changed
  }

  get all(): Iterable<Figures> {
    return [...this.#of.named.values(), ...this.#of.topic.values()]
  }

  /** Those of one queue, made where there are none. */
  of(kind: QueueKind, name: string): Figures {
    const { named, topic } = this.#of
    const known = this.#of[kind].get(name)
    if (known !== undefined) return known
    const figures = new Figures(kind, name, this.#now, this.#changed)
    if (named.size + topic.size < MAX_FIGURES) this.#of[kind].set(name, figures)
    return figures
  }

  find(kind: QueueKind, name: string): Figures | undefined {
    return this.#of[kind].get(name)
  }
}

/** Of one named queue or topic, since the plugin was started. */
export class Figures {
  readonly kind: QueueKind
  readonly name: string
  enqueued = 0
  delivered = 0
  failed = 0
  deadLettered = 0
  redriven = 0
  /** From the time a job was stored, or was to run, to its first delivery. */
  readonly wait = new LatencyHistogram()
  /** One delivery. */
  readonly handle = new LatencyHistogram()
  readonly #now: () => number
  readonly #changed: () => void

  constructor(kind: QueueKind, name: string, now: () => number, changed: () => void) {
    this.kind = kind
    this.name = name
    this.#now = now
    this.#changed = changed
  }

  addEnqueued(count: number): void {
    this.enqueued += count
    this.#changed()
  }

  addRedriven(count: number): void {
    this.redriven += count
    this.#changed()
  }

  /** A delivery begins; returns when it did, for `end`. */
  begin({ attempts, createdAt, runAt = createdAt }: Job): number {
    const began = this.#now()
    if (attempts === 0) this.wait.record(Math.max(0, began - Math.max(createdAt, runAt)))
    this.#changed()
    return began
  }

  end(began: number): void {
    this.handle.record(Math.max(0, this.#now() - began))
  }

  settle({ kind }: Settled): void {
    if (kind === 'done') this.delivered++
    if (kind === 'retry' || kind === 'dead') this.failed++
    if (kind === 'dead') this.deadLettered++
    this.#changed()
  }
}

export function kindOf({ kind }: QueueRef): QueueKind {
  return kind === 'named' ? 'named' : 'topic'
}
