// What one subscriber must see: every event once and in order. Anything else is named, and the run can go on and end.

export interface EventSink {
  /** The next event of this subscriber, or one that came later than it should have, has arrived. */
  onDelivery(event: number): void
  /** Later events came first: nobody waits for this one any longer. */
  onSkipped(event: number): void
  onWrong(reason: string): void
}

export class EventOrder {
  readonly #sink: EventSink
  /** Number of the event that is due. */
  next: number
  /** Overtaken by later events and not seen yet. */
  readonly #overtaken = new Set<number>()

  constructor(first: number, sink: EventSink) {
    this.next = first
    this.#sink = sink
  }

  /** Events that never came although later ones did. */
  get missed(): number {
    return this.#overtaken.size
  }

  take(event: number): void {
    if (event < this.next)
      return this.#sink.onWrong(this.#overtaken.delete(event) ? 'event_out_of_order' : 'event_twice')
    while (this.next < event) {
      const skipped = this.next++
      this.#overtaken.add(skipped)
      this.#sink.onSkipped(skipped)
    }
    this.next++
    this.#sink.onDelivery(event)
  }
}
