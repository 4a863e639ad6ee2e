// The adapter `local`: events go to the subscribers of this engine, in the same turn.
import type { PubSubAdapter, PubSubEvent, Receive, Subscription } from './adapter.ts'

export class LocalAdapter implements PubSubAdapter {
  readonly #receivers = new Map<string, Set<Receive>>()

  subscribe(topic: string, receive: Receive): Subscription {
    let receivers = this.#receivers.get(topic)
    if (receivers === undefined) this.#receivers.set(topic, (receivers = new Set()))
    receivers.add(receive)
    return { close: () => this.#unsubscribe(topic, receive) }
  }

  publish(event: PubSubEvent): void | Promise<void> {
    const receivers = this.#receivers.get(event.topic)
    if (receivers === undefined) return
    const handedOver: Promise<void>[] = []
    for (const receive of receivers) {
      const done = receive(event)
      if (done !== undefined) handedOver.push(done)
    }
    // Nothing to wait for is the rule, and then nothing is waited for: the answer leaves in the same turn.
    if (handedOver.length > 0) return Promise.all(handedOver).then(() => {})
  }

  close(): void {
    this.#receivers.clear()
  }

  #unsubscribe(topic: string, receive: Receive): void {
    const receivers = this.#receivers.get(topic)
    receivers?.delete(receive)
    if (receivers?.size === 0) this.#receivers.delete(topic)
  }
}
