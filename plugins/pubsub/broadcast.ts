// Hands events to the bindings of their topics. As a rule at once; while the engine does not keep up with the calls that come of
// it, events wait in one bounded line, so that they start in the order in which they came.
import type { BindingFilter, TriggerBindings } from '../../kit/triggers/trigger-bindings.ts'
import { CodedError } from '../../protocol/errors.ts'
import type { PubSubEvent } from './adapters/adapter.ts'

export type TopicBindings = TriggerBindings<BindingFilter, PubSubEvent>

export interface BroadcastLimits {
  /** Events that may wait until the engine takes their calls. Default 10,000. */
  readonly maxWaiting: number
  /** Characters of their JSON. Default 64 Mi. */
  readonly maxWaitingCharacters: number
}

export const BROADCAST_LIMITS: BroadcastLimits = { maxWaiting: 10_000, maxWaitingCharacters: 64 * 1024 * 1024 }

/** Tells when further calls can be made. */
export interface Pace {
  readonly blocked: boolean
  free(): Promise<void>
}

interface WaitingEvent {
  readonly event: PubSubEvent
  readonly bindings: TopicBindings
  readonly handedOver: () => void
}

export class Broadcast {
  readonly #pace: Pace
  readonly #limits: BroadcastLimits
  #waiting: WaitingEvent[] = []
  #waitingCharacters = 0
  #working: Promise<void> | undefined

  constructor(pace: Pace, limits: Partial<BroadcastLimits> = {}) {
    this.#pace = pace
    this.#limits = { ...BROADCAST_LIMITS, ...limits }
  }

  /** Returns, or resolves, when the calls for the event have been made. Throws `overloaded` when too many events wait. */
  send(event: PubSubEvent, bindings: TopicBindings): void | Promise<void> {
    if (bindings.size === 0) return
    if (this.#working === undefined && !this.#pace.blocked) return bindings.fire(event, event.origin)
    this.#refuseTooMany(event)
    return new Promise((resolve) => {
      this.#waiting.push({ event, bindings, handedOver: resolve })
      this.#waitingCharacters += event.json.length
      this.#working ??= this.#work()
    })
  }

  /** Resolves when no event waits. */
  async settled(): Promise<void> {
    await this.#working
  }

  async #work(): Promise<void> {
    while (this.#waiting.length > 0) {
      await this.#pace.free()
      const events = this.#waiting
      let sent = 0
      for (const { event, bindings, handedOver } of events) {
        if (this.#pace.blocked) break
        bindings.fire(event, event.origin)
        this.#waitingCharacters -= event.json.length
        handedOver()
        sent++
      }
      this.#waiting = sent === events.length ? [] : events.slice(sent)
    }
    this.#working = undefined
  }

  #refuseTooMany({ json }: PubSubEvent): void {
    const { maxWaiting, maxWaitingCharacters } = this.#limits
    if (this.#waiting.length < maxWaiting && this.#waitingCharacters + json.length <= maxWaitingCharacters) return
    throw new CodedError(
      'overloaded',
      `${this.#waiting.length} events (${this.#waitingCharacters} characters) wait to be handed to their subscribers; ` +
        `at most ${maxWaiting} (${maxWaitingCharacters} characters) may. The event was not delivered; publish it again later.`,
    )
  }
}
