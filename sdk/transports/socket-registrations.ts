// What a worker on a socket has registered, so that each new connection can be told all of it (spec 08 §13).
import type { WorkerMessage } from '../../protocol/messages.ts'

/** In the order in which a new connection is told of them. */
const KINDS = ['triggertype', 'service', 'function', 'trigger'] as const

export class SocketRegistrations {
  /** Frames by id, for each kind. */
  readonly #told = KINDS.map(() => new Map<string, string>())

  /**
   * Takes note of a message. While there is no connection that is all: the next one is told what `all` gives.
   * @param frame the message as it is now: what it was made of may change.
   */
  note(message: WorkerMessage, frame: string): void {
    // Answers and the like concern the connection that is there.
    if (!('id' in message)) return
    for (const [index, kind] of KINDS.entries()) {
      if (message.type === `register${kind}`) this.#told[index]!.set(message.id, frame)
      else if (message.type === `unregister${kind}`) this.#told[index]!.delete(message.id)
    }
  }

  /** Frames: types, then services, functions, then triggers: each in the order of registration. */
  *all(): Generator<string> {
    for (const frames of this.#told) yield* frames.values()
  }
}
