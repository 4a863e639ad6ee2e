// The deduplication keys of one queue, as the engine has them that decides for all: each stands on the broker as a message that is held without an acknowledgement as long
// as the key counts. Another engine that comes in its place finds them all.
import type { Message } from 'amqplib'

/** Keys of a queue that count at a time. */
export const MAX_KEYS = 200_000
/** How long a key is kept after its time: a job that the broker hands over again, after a crash of its own, is known by it. */
export const KEPT_MS = 60_000
/** How often those are looked for that no longer count. */
const SWEEP_MS = 5_000

export interface KeyRecord {
  readonly key: string
  /** Of the job that it stands for. */
  readonly id: string
  /** Unix milliseconds. */
  readonly until: number
}

interface Known {
  readonly record: KeyRecord
  /** Undefined: it has not come back from the broker yet. */
  message: Message | undefined
}

export class KnownKeys {
  readonly #known = new Map<string, Known>()
  readonly #acknowledge: (message: Message) => void
  readonly #maxKeys: number
  #sweptAt = 0

  constructor(acknowledge: (message: Message) => void, maxKeys: number = MAX_KEYS) {
    this.#acknowledge = acknowledge
    this.#maxKeys = maxKeys
  }

  /**
   * What stands for a job: as long as the key counts, and the job itself when it comes again.
   * @param id of one that comes again
   */
  find(key: string, id: string | undefined, now: number): KeyRecord | undefined {
    const record = this.#known.get(key)?.record
    return record !== undefined && (record.until > now || record.id === id) ? record : undefined
  }

  isFull(now: number): boolean {
    if (this.#known.size < this.#maxKeys && now < this.#sweptAt + SWEEP_MS) return false
    this.#sweptAt = now
    for (const [key, { record, message }] of this.#known) {
      if (record.until + KEPT_MS > now || message === undefined) continue
      this.#acknowledge(message)
      this.#known.delete(key)
    }
    return this.#known.size >= this.#maxKeys
  }

  /** It is on the broker. */
  stored(record: KeyRecord): void {
    const before = this.#known.get(record.key)
    if (before?.record.id === record.id && before.record.until === record.until) return
    if (before?.message !== undefined) this.#acknowledge(before.message)
    this.#known.set(record.key, { record, message: undefined })
  }

  /** As the broker gives it back; what came before the engine that has it now began comes first. */
  received(message: Message): void {
    const record = JSON.parse(message.content.toString()) as KeyRecord
    const known = this.#known.get(record.key)
    // One that came later counts.
    if (known !== undefined && known.record.until > record.until) return this.#acknowledge(message)
    this.stored(record)
    this.#known.get(record.key)!.message = message
  }
}
