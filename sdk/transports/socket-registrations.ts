// What a worker on a socket has registered, so that each new connection can be told all of it (spec 08 §13).
import type { WorkerMessage } from '../../protocol/messages.ts'

export class SocketRegistrations {
  readonly #triggerTypes = new Map<string, WorkerMessage>()
  readonly #services = new Map<string, WorkerMessage>()
  readonly #functions = new Map<string, WorkerMessage>()
  readonly #triggers = new Map<string, WorkerMessage>()

  /** Takes note of a message. While there is no connection that is all: the next one is told what `all` gives. */
  note(message: WorkerMessage): void {
    switch (message.type) {
      case 'registertriggertype':
        this.#triggerTypes.set(message.id, message)
        break
      case 'unregistertriggertype':
        this.#triggerTypes.delete(message.id)
        break
      case 'registerservice':
        this.#services.set(message.id, message)
        break
      case 'registerfunction':
        this.#functions.set(message.id, message)
        break
      case 'unregisterfunction':
        this.#functions.delete(message.id)
        break
      case 'registertrigger':
        this.#triggers.set(message.id, message)
        break
      case 'unregistertrigger':
        this.#triggers.delete(message.id)
        break
      default:
      // Answers and the like concern the connection that is there.
    }
  }

  /** Types, then services, functions, then triggers: each in the order of registration. */
  *all(): Generator<WorkerMessage> {
    yield* this.#triggerTypes.values()
    yield* this.#services.values()
    yield* this.#functions.values()
    yield* this.#triggers.values()
  }
}
