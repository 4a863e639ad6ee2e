// Answers that their clients have not taken yet: each is in memory until then, and a client may take its time. Together they are bounded:
// beyond that the one that has waited longest is given up, since whoever reads has long had it.
import type { ServerResponse } from 'node:http'

/** Bytes that wait for all clients together. */
export const MAX_UNSENT_BYTES = 256 * 1024 * 1024

export class UnsentAnswers {
  /** Bytes that wait at most. */
  most: number
  /** With what waited when it was written; oldest first. */
  readonly #waiting = new Map<ServerResponse, number>()
  #bytes = 0

  constructor(most = MAX_UNSENT_BYTES) {
    this.most = most
  }

  /** Upper bound: what clients have taken of an answer that is not through counts until it is. */
  get bytes(): number {
    return this.#bytes
  }

  /** To be called when all of the answer was written. */
  add(response: ServerResponse): void {
    const bytes = response.writableLength
    if (bytes === 0) return
    this.#waiting.set(response, bytes)
    this.#bytes += bytes
    response.once('finish', () => this.#drop(response)).once('close', () => this.#drop(response))
    for (const oldest of this.#waiting.keys()) {
      if (this.#bytes <= this.most || oldest === response) return
      this.#drop(oldest)
      oldest.destroy()
    }
  }

  #drop(response: ServerResponse): void {
    this.#bytes -= this.#waiting.get(response) ?? 0
    this.#waiting.delete(response)
  }
}

/** Of this thread. */
export const unsentAnswers = new UnsentAnswers()
