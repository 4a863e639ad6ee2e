// The feed of a store that several engines share: every event comes by subscription, also those of this engine. After a break of
// the connection what was missed is read from the journal, in order and once; when it reaches back no more, listeners are told so.
import { randomBytes } from 'node:crypto'
import { LimitedWarning } from '../../../kit/limited-warning.ts'
import type { RedisConnection, RedisScript } from '../../../kit/redis.ts'
import type { PluginLog } from '../../../sdk/plugin.ts'
import { StreamEvent, type Position } from '../event.ts'
import type { Feed, FeedListener, Missed } from '../feed.ts'
import { LocalFeed } from '../history/local-feed.ts'
import { frameBytes, RecentEvents } from '../history/recent-events.ts'
import { CHANNEL, EPOCH_KEY, JOURNAL_KEY } from './redis-keys.ts'
import { readMessage } from './redis-message.ts'
import { STATE } from './redis-scripts.ts'
import type { HistoryLimits } from './store.ts'

export interface RedisFeedLimits {
  /** Events that may arrive while the journal is read; beyond it they are read from there as well. Default 10,000. */
  readonly maxBuffered: number
  /** Their bytes. Default 16 MiB. */
  readonly maxBufferedBytes: number
  /** Entries of the journal that are read at a time. Default 500. */
  readonly journalStep: number
  /** How long a subscriber that comes from another engine, or a snapshot, waits for events on their way. Default 2,000. */
  readonly arrivalMs: number
  /** Time between attempts to read the journal while there is no connection. Default 200. */
  readonly retryMs: number
}

export const REDIS_FEED_DEFAULTS: RedisFeedLimits = {
  maxBuffered: 10_000,
  maxBufferedBytes: 16 * 1024 * 1024,
  journalStep: 500,
  arrivalMs: 2_000,
  retryMs: 200,
}

export interface RedisFeedOptions {
  readonly redis: RedisConnection
  readonly history: HistoryLimits
  readonly log: Pick<PluginLog, 'warn' | 'error'>
  readonly limits?: Partial<RedisFeedLimits> | undefined
}

interface Arrival {
  readonly offset: number
  readonly come: (inTime: boolean) => void
}

export class RedisFeed implements Feed {
  readonly #options: RedisFeedOptions
  readonly #limits: RedisFeedLimits
  readonly #readState: RedisScript
  readonly #unreadable: LimitedWarning
  readonly #unfilled: LimitedWarning
  readonly #listeners = new Set<FeedListener>()
  readonly #arrivals = new Set<Arrival>()
  /** What this engine has told, in the present epoch. */
  #local: LocalFeed | undefined
  #epoch = ''
  /** Offset of the newest event that has come in and will be told. */
  #received = 0
  #recent: RecentEvents
  /** Counts catch-ups: the one under way gives up when a later one has begun. */
  #run = 0
  #catchingUp = true
  #buffer: StreamEvent[] = []
  #bufferBytes = 0
  #overflowed = false
  #closed = false
  #unsubscribe: (() => Promise<void>) | undefined

  constructor(options: RedisFeedOptions) {
    this.#options = options
    this.#limits = { ...REDIS_FEED_DEFAULTS, ...options.limits }
    this.#readState = options.redis.defineScript(STATE, 2)
    this.#recent = new RecentEvents(options.history, 0)
    const warn = (message: string, data: Record<string, unknown>): void => options.log.warn(message, data)
    this.#unreadable = new LimitedWarning(warn)
    this.#unfilled = new LimitedWarning(warn, { intervalMs: 10_000 })
  }

  /** Resolves when events come in and the history that is left has been read. */
  async open(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#unsubscribe = await this.#options.redis.subscribe(CHANNEL, {
      message: (text) => this.#message(text),
      active: () => void this.#catchUp().then(resolve, reject),
    })
    await promise
  }

  listen(listener: FeedListener): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  async missedSince(position: Position, stream: string, group: string, item: string | null): Promise<Missed> {
    // From another engine the subscriber may know of events that are still on their way to this one.
    if (this.#isAhead(position) && (await this.#exists(position))) await this.#arrival(position)
    return this.#local!.missedSince(position, stream, group, item)
  }

  /** For data that was read at this position: resolves when what is in it has been told, or does not come in time. */
  async reach(position: Position): Promise<void> {
    await this.#arrival(position)
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#run++
    for (const { come } of this.#arrivals) come(false)
    this.#local?.close()
    await this.#unsubscribe?.()
  }

  #message(text: string): void {
    const event = readMessage(text)
    if (event === undefined) {
      this.#unreadable.warn(`A message on the Redis channel ${CHANNEL} is no event and is ignored.`, {
        message: text.slice(0, 200),
      })
      return
    }
    if (!this.#catchingUp && this.#receive(event)) return
    this.#keep(event)
    if (!this.#catchingUp) void this.#catchUp()
  }

  /** Tells an event that is next, or that stands in no history. False = something before it is missing. */
  #receive(event: StreamEvent): boolean {
    const { position } = event
    if (position !== undefined) {
      if (position.epoch !== this.#epoch) return false
      if (position.offset <= this.#received) return true
      if (position.offset !== this.#received + 1) return false
      this.#received++
    }
    this.#tell(event)
    return true
  }

  #tell(event: StreamEvent): void {
    this.#local!.emitted(event, () => {})
  }

  #keep(event: StreamEvent): void {
    const bytes = frameBytes(event)
    if (this.#buffer.length >= this.#limits.maxBuffered || this.#bufferBytes + bytes > this.#limits.maxBufferedBytes) {
      this.#overflowed = true
      this.#buffer = []
      this.#bufferBytes = 0
      return
    }
    this.#buffer.push(event)
    this.#bufferBytes += bytes
  }

  /** Resolves when events are told as they come, or when a later catch-up has begun. */
  async #catchUp(): Promise<void> {
    const run = ++this.#run
    this.#catchingUp = true
    while (run === this.#run) {
      // Of what is here now the server must know; later messages may be ahead of what it answers.
      const known = new Set(this.#buffer)
      try {
        await this.#fill(run)
        if (run !== this.#run) return
        if (this.#tellBuffered(known)) {
          this.#catchingUp = false
          return
        }
      } catch (error) {
        // At the start it is the caller's to know. Later the connection for commands is down: it comes back by itself.
        if (this.#local === undefined) throw error
        if (run === this.#run)
          this.#unfilled.warn('What the streams have missed cannot be read yet.', { error: String(error) })
        await new Promise((resolve) => setTimeout(resolve, this.#limits.retryMs))
      }
    }
  }

  /** Tells what the journal has and this engine has not. */
  async #fill(run: number): Promise<void> {
    const known = this.#local === undefined ? ['', '0'] : [this.#epoch, `${this.#received}`]
    const [epoch, offset] = (await this.#readState([EPOCH_KEY, JOURNAL_KEY], [randomEpoch(), ...known])) as [
      string,
      number,
    ]
    if (run !== this.#run) return
    if (this.#local === undefined) {
      await this.#begin(epoch, offset)
      return
    }
    // Without a history nobody knows what was missed.
    if (epoch !== this.#epoch || this.#options.history.maxEvents === 0) {
      this.#lose(epoch, offset)
      return
    }
    while (this.#received < offset) {
      const events = await this.#readJournal(this.#received + 1, offset)
      if (run !== this.#run) return
      if (events.length === 0 || !events.every((event) => this.#receive(event))) {
        this.#lose(epoch, offset)
        return
      }
    }
  }

  /** The first time: takes over the history that other engines, or an earlier run, have left. */
  async #begin(epoch: string, offset: number): Promise<void> {
    const older: StreamEvent[] = []
    let next = Math.max(1, offset - this.#options.history.maxEvents + 1)
    while (next <= offset) {
      const events = await this.#readJournal(next, offset)
      if (events.length === 0) break
      // A gap makes what is before it useless.
      if (older.length > 0 && events[0]!.position!.offset !== next) older.length = 0
      older.push(...events)
      next = events.at(-1)!.position!.offset + 1
    }
    this.#start(epoch, offset)
    if (older.at(-1)?.position?.offset === offset) this.#recent.addBefore(older)
  }

  #start(epoch: string, offset: number): void {
    this.#epoch = epoch
    this.#received = offset
    this.#recent = new RecentEvents(this.#options.history, offset)
    this.#local = new LocalFeed({
      epoch,
      recent: this.#recent,
      onError: (message, error) => this.#options.log.error(message, { error: String(error) }),
    })
    this.#local.listen({ event: (event) => this.#told(event), lost: () => {} })
  }

  #lose(epoch: string, offset: number): void {
    this.#local!.close()
    this.#start(epoch, offset)
    for (const { come } of this.#arrivals) come(false)
    for (const listener of this.#listeners) listener.lost()
  }

  /** Entries from one offset up to another, not all at once; those before a gap or an unreadable entry only. */
  async #readJournal(from: number, to: number): Promise<StreamEvent[]> {
    const range = [JOURNAL_KEY, `${from}-0`, `${to}-0`, 'COUNT', this.#limits.journalStep] as const
    const entries = (await this.#options.redis.command('XRANGE', ...range)) as [string, string[]][]
    const events: StreamEvent[] = []
    for (const [, fields] of entries) {
      const event = readMessage(fields[1] ?? '')
      const previous = events.at(-1)?.position?.offset
      const offset = event?.position?.offset
      if (event === undefined || offset === undefined || (previous !== undefined && offset !== previous + 1)) break
      events.push(event)
    }
    return events
  }

  /** True = nothing is missing any more. */
  #tellBuffered(known: ReadonlySet<StreamEvent>): boolean {
    if (this.#overflowed) {
      // What stands in the journal is read in the next round.
      this.#overflowed = false
      return false
    }
    while (this.#buffer.length > 0) {
      const event = this.#buffer[0]!
      if (!this.#receive(event)) {
        if (!known.has(event)) return false
        // The server does not know its position: of an epoch that has ended, or made up. It is told, but stands in no history.
        const { stream, group, item, timestamp, event: text } = event
        this.#tell(new StreamEvent({ stream, group, item, timestamp, event: text, position: undefined }))
      }
      this.#buffer.shift()
      this.#bufferBytes -= frameBytes(event)
    }
    return true
  }

  #told(event: StreamEvent): void {
    for (const listener of this.#listeners) listener.event(event)
    for (const arrival of this.#arrivals) {
      if (arrival.offset > this.#recent.newest) continue
      arrival.come(true)
    }
  }

  #isAhead({ epoch, offset }: Position): boolean {
    return epoch === this.#epoch && offset > this.#recent.newest
  }

  /** Whether the server knows of the position; false as well when it cannot be asked. */
  async #exists({ epoch, offset }: Position): Promise<boolean> {
    const state = this.#options.redis.command('HMGET', EPOCH_KEY, 'epoch', 'offset')
    const [known, newest] = (await state.catch(() => [])) as (string | null | undefined)[]
    return known === epoch && Number(newest) >= offset
  }

  /** Resolves when the event at the position has been told, cannot come any more, or is late. */
  #arrival(position: Position): Promise<boolean> {
    if (this.#closed || !this.#isAhead(position)) return Promise.resolve(true)
    const { offset } = position
    return new Promise((resolve) => {
      const timer = setTimeout(() => arrival.come(false), this.#limits.arrivalMs)
      const arrival: Arrival = {
        offset,
        come: (inTime) => {
          clearTimeout(timer)
          this.#arrivals.delete(arrival)
          resolve(inTime)
        },
      }
      this.#arrivals.add(arrival)
    })
  }
}

export function randomEpoch(): string {
  return randomBytes(8).toString('hex')
}
