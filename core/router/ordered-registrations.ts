// What a plugin registers while an earlier registration of it is being checked waits for that, as on a socket, which is not read meanwhile.
import type { WorkerMessage } from '../../protocol/messages.ts'
import type { Worker } from '../model/worker.ts'
import type { Registrations } from './registrations.ts'

export class OrderedRegistrations {
  readonly #registrations: Pick<Registrations, 'handle'>

  constructor(registrations: Pick<Registrations, 'handle'>) {
    this.#registrations = registrations
  }

  /** Lets a message take effect, now or behind those before it. */
  handle(worker: Worker, message: WorkerMessage): void {
    const before = worker.registering
    const wait =
      before === undefined
        ? this.#registrations.handle(worker, message)
        : before.then(() => this.#registrations.handle(worker, message))
    if (wait === undefined) return
    const registering: Promise<void> = wait.then(() => {
      if (worker.registering === registering) worker.registering = undefined
    })
    worker.registering = registering
  }
}
