// The newest of what is told one by one, kept for readers that come and ask: a bounded ring with numbers. Who reads slowly misses some and
// is told how many; nothing is kept for a reader.
import { setImmediate as turn } from 'node:timers'

export interface TailOptions {
  /** Default 1,000. */
  readonly maxEntries?: number
  /** Of the JSON of all entries. Default 4 MiB. */
  readonly maxBytes?: number
  /** Reads that wait at a time. Default 100. */
  readonly maxWaiting?: number
}

export const TAIL_DEFAULTS = { maxEntries: 1_000, maxBytes: 4 * 1024 * 1024, maxWaiting: 100 } as const

export interface TailRead<Mark> {
  /** Number of the entry behind which to begin. Default: the newest entries, as many as `limit` allows. */
  readonly after?: number | undefined
  readonly limit: number
  readonly matches: (mark: Mark) => boolean
}

export interface TailPart {
  /** JSON of each, oldest first. */
  readonly entries: readonly string[]
  /** To be given as `after` next time. */
  readonly next: number
  /** Entries behind `after` that are not kept any more. */
  readonly missed: number
}

interface Entry<Mark> {
  readonly number: number
  readonly mark: Mark
  /** As text, or what makes it: most entries are never read. */
  json: string | (() => string)
  readonly bytes: number
}

/** `Mark`: what an entry can be chosen by. */
export class Tail<Mark> {
  readonly #options: Required<TailOptions>
  readonly #entries: Entry<Mark>[] = []
  #bytes = 0
  #newest = 0
  #waiting = new Set<() => void>()
  #isWaking = false

  constructor(options: TailOptions = {}) {
    this.#options = { ...TAIL_DEFAULTS, ...options }
  }

  add(mark: Mark, json: string): void {
    this.#add({ number: ++this.#newest, mark, json, bytes: json.length })
  }

  /**
   * @param bytes that what `json` holds takes at most
   * @param json called by the first who reads it
   */
  addUnread(mark: Mark, bytes: number, json: () => string): void {
    this.#add({ number: ++this.#newest, mark, json, bytes })
  }

  read({ after, limit, matches }: TailRead<Mark>): TailPart {
    if (after === undefined || after > this.#newest) return this.#readNewest(limit, matches)
    const oldest = this.#newest - this.#entries.length
    const entries: string[] = []
    let next = Math.max(after, oldest)
    for (const entry of this.#entries.slice(next - oldest)) {
      if (entries.length >= limit) break
      next = entry.number
      if (matches(entry.mark)) entries.push(textOf(entry))
    }
    return { entries, next, missed: Math.max(0, oldest - after) }
  }

  /**
   * As `read`; while there is nothing behind `after` it waits for it, at most `ms`.
   * @throws RangeError when as many wait as may
   */
  async readOrWait(read: TailRead<Mark> & { readonly after: number }, ms: number): Promise<TailPart> {
    const giveUpAt = performance.now() + ms
    let { after } = read
    let missed = 0
    for (;;) {
      const part = this.read({ ...read, after })
      missed += part.missed
      const left = giveUpAt - performance.now()
      if (part.entries.length > 0 || left <= 0) return { ...part, missed }
      after = part.next
      await this.#next(left)
    }
  }

  /** Ends all waiting. */
  close(): void {
    for (const wake of this.#waiting) wake()
  }

  #add(entry: Entry<Mark>): void {
    this.#entries.push(entry)
    this.#bytes += entry.bytes
    const { maxEntries, maxBytes } = this.#options
    while (this.#entries.length > maxEntries || (this.#bytes > maxBytes && this.#entries.length > 0)) {
      this.#bytes -= this.#entries.shift()!.bytes
    }
    this.#wake()
  }

  #readNewest(limit: number, matches: (mark: Mark) => boolean): TailPart {
    const entries: string[] = []
    for (let index = this.#entries.length - 1; index >= 0 && entries.length < limit; index--) {
      const entry = this.#entries[index]!
      if (matches(entry.mark)) entries.unshift(textOf(entry))
    }
    return { entries, next: this.#newest, missed: 0 }
  }

  #next(ms: number): Promise<void> {
    if (this.#waiting.size >= this.#options.maxWaiting)
      throw new RangeError(`${this.#waiting.size} readers wait already; try again later`)
    return new Promise((resolve) => {
      const timer = setTimeout(() => wake(), ms)
      timer.unref()
      const wake = (): void => {
        clearTimeout(timer)
        this.#waiting.delete(wake)
        resolve()
      }
      this.#waiting.add(wake)
    })
  }

  /** After the turn: whoever waits gets all that it brought. */
  #wake(): void {
    if (this.#isWaking || this.#waiting.size === 0) return
    this.#isWaking = true
    turn(() => {
      this.#isWaking = false
      for (const wake of this.#waiting) wake()
    })
  }
}

function textOf(entry: Entry<unknown>): string {
  if (typeof entry.json !== 'string') entry.json = entry.json()
  return entry.json
}
