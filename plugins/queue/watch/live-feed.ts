// The live feed of the console (spec 03 §5.2): the figures of all queues on a stream, when something has changed, at most once a second.
// Where there is no stream worker it stays quiet, and looks again from time to time.
import type { Clock } from '../../../base/time/clock.ts'
import type { Caller } from '../../../kit/triggers/binding-call.ts'
import type { PluginLog } from '../../../sdk/plugin.ts'
import { depthOf, type TopicRow } from '../admin/listing.ts'
import type { QueueFigures } from './queue-figures.ts'

export const FEED_STREAM = 'iii:devtools:queues'
/** Shortest time between two messages. */
export const FEED_MS = 1_000
/** Wait after a message that nobody took. */
export const FEED_RETRY_MS = 30_000
/** Queues that one message tells of: the first by name. */
export const MAX_FEED_QUEUES = 1_000

export interface LiveFeedDeps {
  readonly iii: Caller
  readonly log: PluginLog
  readonly clock: Clock
  readonly figures: () => QueueFigures
  readonly rows: () => Promise<TopicRow[]>
}

interface Counted {
  readonly enqueued: number
  readonly delivered: number
}

export class LiveFeed {
  readonly #deps: LiveFeedDeps
  /** At the last message. */
  #counted = new Map<string, Counted>()
  #countedAt: number
  #cancel: (() => void) | undefined
  #isSending = false
  #isChanged = false
  #isClosed = false

  constructor(deps: LiveFeedDeps) {
    this.#deps = deps
    this.#countedAt = deps.clock.now()
  }

  /** Something has happened in a queue. */
  changed(): void {
    if (this.#isChanged) return
    this.#isChanged = true
    this.#schedule(FEED_MS)
  }

  close(): void {
    this.#isClosed = true
    this.#cancel?.()
  }

  #schedule(ms: number): void {
    if (this.#isClosed || this.#isSending || this.#cancel !== undefined) return
    this.#cancel = this.#deps.clock.after(ms, () => {
      this.#cancel = undefined
      void this.#send()
    })
  }

  async #send(): Promise<void> {
    const { iii, log } = this.#deps
    this.#isSending = true
    this.#isChanged = false
    let waitMs = FEED_MS
    try {
      const data = { queues: await this.#queues() }
      const message = { stream_name: FEED_STREAM, group_id: 'all', type: 'queues', data }
      await iii.trigger({ function_id: 'stream::send', payload: message })
    } catch (error) {
      waitMs = FEED_RETRY_MS
      this.#isChanged = true
      const { code } = error as { code?: unknown }
      if (code !== 'function_not_found') log.debug('the live feed of queues was not taken', error)
    }
    this.#isSending = false
    if (this.#isChanged) this.#schedule(waitMs)
  }

  async #queues(): Promise<object[]> {
    const { clock, figures, rows } = this.#deps
    const all = (await rows()).slice(0, MAX_FEED_QUEUES)
    const now = clock.now()
    const seconds = Math.max(now - this.#countedAt, 1) / 1_000
    this.#countedAt = now
    const before = this.#counted
    this.#counted = new Map()
    return all.map(({ kind, name, stats }) => {
      const { active, delayed, dead } = stats
      const { enqueued, delivered } = figures().find(kind, name) ?? { enqueued: 0, delivered: 0 }
      const key = `${kind} ${name}`
      const last = before.get(key) ?? { enqueued: 0, delivered: 0 }
      this.#counted.set(key, { enqueued, delivered })
      return {
        name,
        kind,
        depth: depthOf(stats),
        delayed,
        in_flight: active,
        dlq: dead,
        rate_in: perSecond(enqueued - last.enqueued, seconds),
        rate_out: perSecond(delivered - last.delivered, seconds),
      }
    })
  }
}

function perSecond(count: number, seconds: number): number {
  return Math.round((count / seconds) * 100) / 100
}
