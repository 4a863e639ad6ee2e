// How many requests may be under way to one host, so that a slow one does not take what the others need.
import { CodedError } from '../../../protocol/errors.ts'

/** Default of `max_in_flight_per_host`. */
export const MAX_IN_FLIGHT_PER_HOST = 1_000

export class HostRoom {
  readonly #byHost = new Map<string, number>()
  #most: number

  constructor(most: number) {
    this.#most = most
  }

  set most(most: number) {
    this.#most = most
  }

  inFlight(host: string): number {
    return this.#byHost.get(host) ?? 0
  }

  /** Returns what gives the room back. @throws CodedError `overloaded` */
  take(host: string): () => void {
    const taken = this.inFlight(host)
    if (taken >= this.#most)
      throw new CodedError(
        'overloaded',
        `${taken} requests to ${host} are under way, as many as max_in_flight_per_host allows; try again later`,
      )
    this.#byHost.set(host, taken + 1)
    return () => {
      const left = this.inFlight(host) - 1
      if (left === 0) this.#byHost.delete(host)
      else this.#byHost.set(host, left)
    }
  }
}
