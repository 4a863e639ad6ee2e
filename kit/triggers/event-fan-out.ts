// The handlers of one event that can be called at once. Together they are one message to the engine; one alone is a call like any other.
import type { FanOut } from '../../sdk/fan-outs.ts'
import type { BindingLane, FiredEvent } from './binding-lane.ts'

export class EventFanOut {
  readonly #event: FiredEvent
  readonly #timeoutMs: number
  readonly #lanes: BindingLane[] = []

  constructor(event: FiredEvent, timeoutMs: number) {
    this.#event = event
    this.#timeoutMs = timeoutMs
  }

  add(lane: BindingLane): void {
    this.#lanes.push(lane)
  }

  send(fanOut: (call: FanOut) => void): void {
    const lanes = this.#lanes
    if (lanes.length === 0) return
    if (lanes.length === 1) return lanes[0]!.callAlone(this.#event)
    const { payload, traceparent, baggage } = this.#event
    // A binding may be replaced while its handler is at work.
    const bindings = lanes.map(({ binding }) => binding)
    const onSettled = (place: number, error: unknown): void => lanes[place]!.settled(bindings[place]!, error)
    fanOut({ bindings, payload, traceparent, baggage, timeoutMs: this.#timeoutMs, onSettled })
  }
}
