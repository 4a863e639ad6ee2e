// Zombie guard: an older connection of the same process, left over from a reconnect without reattach, is pinged and dropped
// when nothing comes back (spec 01 §8.8).
import type { Log } from '../log.ts'
import type { Worker } from '../model/worker.ts'
import type { Connection } from './connection.ts'

const ANSWER_MS = 2000

export interface LivenessOptions {
  /** How long a suspected connection has to send any frame. Default 2000. */
  readonly answerMs?: number
}

export class Liveness {
  readonly #log: Log
  readonly #answerMs: number
  readonly #connections = new Map<Worker, Connection>()
  /** The newest connection of each process, and under which key it is there. */
  readonly #newest = new Map<string, Worker>()
  readonly #keys = new Map<Worker, string>()

  constructor(log: Log, { answerMs = ANSWER_MS }: LivenessOptions = {}) {
    this.#log = log
    this.#answerMs = answerMs
  }

  opened(connection: Connection): void {
    this.#connections.set(connection.worker, connection)
  }

  closed(connection: Connection): void {
    const { worker } = connection
    this.#connections.delete(worker)
    this.#forget(worker)
  }

  /**
   * A worker said who it is: the connection that was there before it with the same name, process id and address is probably dead. Those
   * before that one were asked when it came, so that a thousand of them cost one question each. A session casts no doubt on a trusted worker.
   */
  announced(worker: Worker): void {
    const { announcement, ipAddress, policy } = worker
    if (announcement?.pid === undefined || announcement.name === undefined || ipAddress === undefined) return
    // The name may hold anything that is printed, and so stands last.
    const key = `${policy.kind} ${ipAddress} ${announcement.pid} ${announcement.name}`
    const before = this.#newest.get(key)
    if (before !== undefined && before.connectedOrder >= worker.connectedOrder) return
    this.#forget(worker)
    this.#newest.set(key, worker)
    this.#keys.set(worker, key)
    if (before !== undefined && !before.suspectedZombie) this.#probe(before)
  }

  #forget(worker: Worker): void {
    const key = this.#keys.get(worker)
    this.#keys.delete(worker)
    if (key !== undefined && this.#newest.get(key) === worker) this.#newest.delete(key)
  }

  #probe(worker: Worker): void {
    const connection = this.#connections.get(worker)
    if (connection === undefined) return
    worker.suspectedZombie = true
    const before = connection.frames.lastFrameAt
    connection.ping()
    connection.frames.onNextFrame(() => (worker.suspectedZombie = false))
    const decide = (): void => {
      if (worker.phase !== 'open' || connection.frames.lastFrameAt > before || connection.isHeldBack) return
      this.#log.debug('a newer connection of the same process exists and this one is silent', { worker: worker.id })
      connection.giveUp('replaced by a newer connection of the same process')
    }
    // In the next phase of the loop: what came while this process stood still has been read by then.
    const timer = setTimeout(() => setImmediate(decide), this.#answerMs)
    timer.unref()
  }
}
