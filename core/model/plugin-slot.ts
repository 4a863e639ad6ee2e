// The router's view of one plugin over all its generations: who serves it now, and the gate in front of it.
// Starting, stopping and replacing generations is the plugin host's business.
import type { Worker } from './worker.ts'
import { LatencyHistogram } from '../../base/values/latency-histogram.ts'
import type { Gate } from './gate.ts'

/**
 * `open`: calls are delivered. `closed`: calls wait at the gate (starting, hand-over, restart, failed).
 * `removed`: the plugin is stopped; its ids are dropped.
 */
export type SlotPhase = 'open' | 'closed' | 'removed'

export interface SlotOptions {
  /** Built-in plugins, and plugins that replace one, own reserved ids: external registrations of them are refused. */
  readonly builtIn: boolean
  /** Calls in flight to one generation above which new ones get `overloaded` (spec 09 §5). */
  readonly maxInFlight: number
  readonly maxInFlightBytes: number
}

export class PluginSlot {
  readonly name: string
  /** Those of the generation that serves. */
  options: SlotOptions
  readonly gate: Gate
  phase: SlotPhase = 'closed'
  /** It serves and has not been used: whoever calls it waits at the gate, and wakes it. */
  wake: (() => void) | undefined
  /** Why it does not serve and will not by itself: nobody waits at its gate then. */
  failure: string | undefined
  /** Workers of the active generation, one per replica. */
  workers: Worker[] = []
  /** Calls settled since the start of the engine, over all generations. */
  calls = 0
  /** Of these, settled with an error. */
  errors = 0
  readonly latency = new LatencyHistogram()

  constructor(name: string, options: SlotOptions, gate: Gate) {
    this.name = name
    this.options = options
    this.gate = gate
  }

  /** Whether a generation has as many calls or bytes in flight as it may. */
  isFull(worker: Worker, moreBytes: number): boolean {
    const { maxInFlight, maxInFlightBytes } = this.options
    return worker.inFlight >= maxInFlight || worker.inFlightBytes + moreBytes > maxInFlightBytes
  }

  get inFlight(): number {
    let sum = 0
    for (const worker of this.workers) sum += worker.inFlight
    return sum
  }
}
