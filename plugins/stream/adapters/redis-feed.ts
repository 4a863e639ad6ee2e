// The feed of a store that several engines share: every event comes by subscription, also those of this engine. After a break of
// the connection what was missed is read from the journal, in order and once; when it reaches back no more, listeners are told so.
import { LimitedWarning } from '../../../base/warnings/limited-warning.ts'
import type { RedisConnection } from '../../../kit/redis/redis-connection.ts'
import type { PluginLog } from '../../../sdk/plugin.ts'
import { StreamEvent, type Position } from '../event.ts'
import type { Feed, FeedListener, Missed } from '../feed.ts'
import { LocalFeed } from '../history/local-feed.ts'
import { frameBytes, RecentEvents } from '../history/recent-events.ts'
import { RedisArrivals } from './redis-arrivals.ts'
import { RedisJournal } from './redis-journal.ts'
import { CHANNEL } from './redis-keys.ts'
import { readMessage } from './redis-message.ts'
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

export class RedisFeed implements Feed {
  readonly #options: RedisFeedOptions
  readonly #limits: RedisFeedLimits
  readonly #journal: RedisJournal
  readonly #unreadable: LimitedWarning
  readonly #unfilled: LimitedWarning
  readonly #listeners = new Set<FeedListener>()
  readonly #arrivals: RedisArrivals
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
  #lostLive = false
  #closed = false
  #unsubscribe: (() => Promise<void>) | undefined

  constructor(options: RedisFeedOptions) {
    this.#options = options
    this.#limits = { ...REDIS_FEED_DEFAULTS, ...options.limits }
    this.#journal = new RedisJournal(options.redis, this.#limits.journalStep)
    this.#arrivals = new RedisArrivals(this.#limits.arrivalMs)
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
      // One that a reconnect has interrupted leaves it to the next one to begin.
      active: () => void this.#catchUp().then(() => this.#local !== undefined && resolve(), reject),
    })
    await promise
  }

  listen(listener: FeedListener): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  async missedSince(position: Position, stream: string, group: string, item: string | null): Promise<Missed> {
    // From another engine the subscriber may know of events that are still on their way to this one.
    if (this.#isAhead(position) && (await this.#journal.has(position))) await this.reach(position)
    return this.#local!.missedSince(position, stream, group, item)
  }

  /** For data that was read at this position: resolves when what is in it has been told, or does not come in time. */
  async reach(position: Position): Promise<void> {
    if (!this.#closed && this.#isAhead(position)) await this.#arrivals.wait(position.offset)
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#run++
    this.#arrivals.giveUp()
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
    // Positions of engines that keep a history mean nothing where none is kept.
    const told = this.#options.history.maxEvents === 0 ? withoutPosition(event) : event
    if (!this.#catchingUp && this.#receive(told)) return
    this.#keep(told)
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
      // What stands in the journal is read from there; the rest is gone.
      this.#lostLive ||= event.position === undefined || this.#buffer.some(({ position }) => position === undefined)
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
    const known = this.#local === undefined ? undefined : { epoch: this.#epoch, offset: this.#received }
    const { epoch, offset } = await this.#journal.newest(known)
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
      const events = await this.#journal.read(this.#received + 1, offset)
      if (run !== this.#run) return
      if (events.length === 0 || !events.every((event) => this.#receive(event))) {
        this.#lose(epoch, offset)
        return
      }
    }
  }

  /** The first time: takes over the history that other engines, or an earlier run, have left. */
  async #begin(epoch: string, offset: number): Promise<void> {
    const older = await this.#journal.latest(offset, this.#options.history.maxEvents)
    this.#start(epoch, offset)
    this.#recent.addBefore(older)
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
    this.#arrivals.giveUp()
    for (const listener of this.#listeners) listener.lost()
  }

  /** True = nothing is missing any more. */
  #tellBuffered(known: ReadonlySet<StreamEvent>): boolean {
    if (this.#overflowed) {
      this.#overflowed = false
      if (this.#lostLive) for (const listener of this.#listeners) listener.lost()
      this.#lostLive = false
      return false
    }
    while (this.#buffer.length > 0) {
      const event = this.#buffer[0]!
      if (!this.#receive(event)) {
        if (!known.has(event)) return false
        // The server does not know its position: of an epoch that has ended, or made up. It is told, but stands in no history.
        this.#tell(withoutPosition(event))
      }
      this.#buffer.shift()
      this.#bufferBytes -= frameBytes(event)
    }
    return true
  }

  #told(event: StreamEvent): void {
    for (const listener of this.#listeners) listener.event(event)
    this.#arrivals.reached(this.#recent.newest)
  }

  #isAhead({ epoch, offset }: Position): boolean {
    return epoch === this.#epoch && offset > this.#recent.newest
  }
}

function withoutPosition({ stream, group, item, timestamp, event }: StreamEvent): StreamEvent {
  return new StreamEvent({ stream, group, item, timestamp, event, position: undefined })
}
