// Zombie guard: an older connection of the same process, left over from a reconnect without reattach, is pinged and dropped
// when nothing comes back (spec 01 §8.8).
import type { Log } from '../log.ts'
import type { Worker } from '../model/worker.ts'
import type { WorkerTable } from '../router/ports.ts'
import type { Connection } from './connection.ts'

const ANSWER_MS = 2000

export interface LivenessOptions {
  /** How long a suspected connection has to send any frame. Default 2000. */
  readonly answerMs?: number
}

export class Liveness {
  readonly #workers: WorkerTable['workers']
  readonly #log: Log
  readonly #answerMs: number
  readonly #connections = new Map<Worker, Connection>()

  constructor(workers: WorkerTable['workers'], log: Log, { answerMs = ANSWER_MS }: LivenessOptions = {}) {
    this.#workers = workers
    this.#log = log
    this.#answerMs = answerMs
  }

  opened(connection: Connection): void {
    this.#connections.set(connection.worker, connection)
  }

  closed(connection: Connection): void {
    this.#connections.delete(connection.worker)
  }

  /** A worker said who it is: older connections with the same name, process id and address are probably dead. */
  announced(worker: Worker): void {
    const { announcement, ipAddress } = worker
    if (announcement?.pid === undefined || announcement.name === undefined || ipAddress === undefined) return
    for (const other of this.#workers.values()) {
      const same =
        other !== worker &&
        other.connectedOrder < worker.connectedOrder &&
        !other.suspectedZombie &&
        other.ipAddress === ipAddress &&
        other.announcement?.pid === announcement.pid &&
        other.announcement.name === announcement.name
      if (same) this.#probe(other)
    }
  }

  #probe(worker: Worker): void {
    const connection = this.#connections.get(worker)
    if (connection === undefined) return
    worker.suspectedZombie = true
    const before = connection.lastFrameAt
    connection.ping()
    connection.onNextFrame(() => (worker.suspectedZombie = false))
    const decide = (): void => {
      if (worker.phase !== 'open' || connection.lastFrameAt > before || connection.isHeldBack) return
      this.#log.debug('a newer connection of the same process exists and this one is silent', { worker: worker.id })
      connection.giveUp('replaced by a newer connection of the same process')
    }
    // In the next phase of the loop: what came while this process stood still has been read by then.
    const timer = setTimeout(() => setImmediate(decide), this.#answerMs)
    timer.unref()
  }
}
