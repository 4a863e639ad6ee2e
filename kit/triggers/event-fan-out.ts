// The handlers of one event that can be called at once. Together they are one message to the engine; one alone is a call like any other.
import { type FanOut, type FanOutTarget } from '../../sdk/fan-outs.ts'
import type { BindingLane, FiredEvent } from './binding-lane.ts'

export class EventFanOut {
  readonly #event: FiredEvent
  readonly #timeoutMs: number
  readonly #lanes: BindingLane[] = []
  readonly #targets: FanOutTarget[] = []

  constructor(event: FiredEvent, timeoutMs: number) {
    this.#event = event
    this.#timeoutMs = timeoutMs
  }

  add(lane: BindingLane, target: FanOutTarget): void {
    this.#lanes.push(lane)
    this.#targets.push(target)
  }

  send(fanOut: (call: FanOut) => void): void {
    const lanes = this.#lanes
    if (lanes.length === 0) return
    if (lanes.length === 1) return lanes[0]!.callAlone(this.#event)
    const { payload, traceparent, baggage } = this.#event
    const onSettled = (place: number, error: unknown): void => lanes[place]!.settled(error)
    fanOut({ targets: this.#targets, payload, traceparent, baggage, timeoutMs: this.#timeoutMs, onSettled })
  }
}
