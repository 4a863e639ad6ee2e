// All channels of the engine: creates them, lets sockets and plugins attach by id and key, forgets them (spec 01 §16). Those that plugins
// have offered exist from the moment that somebody opens them; `offers.ts` knows of them before.
import { randomUUID, timingSafeEqual } from 'node:crypto'
import type { WebSocket } from 'ws'
import { CodedError } from '../../protocol/errors.ts'
import { OfferRefusal } from '../../protocol/offer-refusal.ts'
import { answerSchema, type EngineFunction } from '../model/engine-function.ts'
import type { ChannelRef } from '../model/channel-ref.ts'
import type { ChannelEvent, OfferEvent } from '../model/link-events.ts'
import type { Worker } from '../model/worker.ts'
import { Channel, type SharedBytes } from './channel.ts'
import { lost, NOT_FOUND, OPENER_GONE, refusalOf, TAKEN, TOO_MANY, type Closing } from './closing.ts'
import { MAX_ASKS, Offers } from './offers.ts'
import { linkOf, PluginEnds } from './plugin-ends.ts'
import { attachSocketReader, attachSocketWriter } from './socket-ends.ts'

const DEFAULT_ITEMS = 64
const MAX_ITEMS = 1024
const MAX_CHANNELS = 100_000
/** Of these a session has no more: creating them is open to every session. */
const MAX_CHANNELS_OF_SESSION = 1_000
/** A channel with an end that nobody took is swept after this time. */
const UNUSED_MS = 300_000
const SWEEP_MS = 60_000
/** How long a finished channel answers with upgrade and close instead of 404. */
const TOMBSTONE_MS = 60_000
/** Beyond it the oldest are forgotten earlier. */
export const MAX_TOMBSTONES = 100_000

export type { ChannelRef }
type Direction = ChannelRef['direction']
type OpenEvent = Extract<ChannelEvent, { kind: 'open' }>

/** What became of an end that a socket asked for: it may be attached, there is no such channel, or that can't be said at present. */
export type SocketOpening = { attach(webSocket: WebSocket): void } | 'unknown' | 'unavailable'

export interface ChannelBrokerOptions {
  /** Milliseconds, monotonic. Default: `performance.now`. */
  readonly now?: () => number
  /** Channels that may exist at once; beyond it `overloaded`. Default 100,000. */
  readonly maxChannels?: number
  /** Those that a session may have at once; beyond it `overloaded`. Default 1,000. */
  readonly maxOfSession?: number
  /** Openers that wait for plugins at once; beyond it further ones are refused. Default 10,000. */
  readonly maxAsks?: number
  /** Milliseconds that one waits. Default 10,000. */
  readonly askMs?: number
}

export class ChannelBroker {
  readonly #now: () => number
  readonly #maxChannels: number
  readonly #maxOfSession: number
  readonly #channels = new Map<string, Channel>()
  /** How many each session has created that are not finished. */
  readonly #ofSessions = new Map<Worker, SharedBytes & { channels: number }>()
  /** Finished channels by id, with the time at which they are forgotten. */
  readonly #tombstones = new Map<string, { key: string; until: number }>()
  readonly #pluginEnds = new PluginEnds()
  readonly #offers: Offers
  readonly #maxAsks: number
  readonly #timer: NodeJS.Timeout

  constructor(options: ChannelBrokerOptions = {}) {
    const {
      now = () => performance.now(),
      maxChannels = MAX_CHANNELS,
      maxOfSession = MAX_CHANNELS_OF_SESSION,
      maxAsks = MAX_ASKS,
      askMs,
    } = options
    this.#now = now
    this.#maxAsks = maxAsks
    this.#offers = new Offers({ now, ...(askMs !== undefined && { askMs }) })
    this.#maxOfSession = maxOfSession
    this.#maxChannels = maxChannels
    this.#timer = setInterval(() => this.sweep(), SWEEP_MS)
    this.#timer.unref()
  }

  /** Channels that are not finished. */
  get size(): number {
    return this.#channels.size
  }

  /** Channels that are finished and not yet forgotten. */
  get remembered(): number {
    return this.#tombstones.size
  }

  /**
   * @param bufferSize items that the channel holds, 1 … 1024 after clamping.
   * @param creator a session, which has a limit of its own.
   * @throws CodedError `overloaded` when there are too many channels.
   */
  create(bufferSize: number = DEFAULT_ITEMS, creator?: Worker): { writer: ChannelRef; reader: ChannelRef } {
    const own = creator === undefined ? undefined : (this.#ofSessions.get(creator) ?? { channels: 0, bytes: 0 })
    if (own !== undefined && own.channels >= this.#maxOfSession)
      throw new CodedError(
        'overloaded',
        `This session has ${own.channels} channels; end some that are not used any more`,
      )
    if (this.#channels.size >= this.#maxChannels) {
      throw new CodedError(
        'overloaded',
        `There are ${this.#channels.size} channels; end some that are not used any more`,
      )
    }
    const id = randomUUID()
    const key = randomUUID()
    const items = Math.min(Math.max(bufferSize, 1), MAX_ITEMS)
    const finished = (channel: Channel): void => this.#finished(channel, creator)
    this.#channels.set(id, new Channel(id, key, items, this.#now(), finished, own))
    if (creator !== undefined && own !== undefined) {
      own.channels++
      this.#ofSessions.set(creator, own)
    }
    const ref = { channel_id: id, access_key: key }
    return { writer: { ...ref, direction: 'write' }, reader: { ...ref, direction: 'read' } }
  }

  /** `engine::channels::create` (spec 01 §16.1). */
  get createFunction(): EngineFunction {
    return {
      id: 'engine::channels::create',
      description: 'Creates a channel and returns the refs of its two ends',
      requestFormat: { type: 'object', properties: { buffer_size: { type: ['integer', 'null'], minimum: 0 } } },
      responseFormat: answerSchema({ writer: { type: 'object' }, reader: { type: 'object' } }),
      handler: (input, { caller }) => {
        const size = (input as { buffer_size?: unknown } | null)?.buffer_size ?? DEFAULT_ITEMS
        if (typeof size !== 'number' || !Number.isInteger(size) || size < 0) {
          throw new CodedError(
            'deserialization_error',
            `Failed to deserialize input for engine::channels::create: 'buffer_size' must be a whole number from 0, not ${JSON.stringify(size)}`,
          )
        }
        return this.create(size, caller.policy.kind === 'session' ? caller : undefined)
      },
    }
  }

  /**
   * Finds the end for a socket that is to be upgraded. `onFound` is called once, at once or when a plugin has answered, unless the
   * returned function is called before.
   */
  openSocket(id: string, key: string, direction: Direction, onFound: (found: SocketOpening) => void): () => void {
    const attach = (webSocket: WebSocket): void => this.#attachSocket(webSocket, id, direction)
    const found = (answer: SocketOpening): (() => void) => {
      onFound(answer)
      return () => {}
    }
    const known = this.#channels.get(id) ?? this.#tombstones.get(id)
    if (known !== undefined) return found(isSameKey(known.key, key) ? { attach } : 'unknown')
    const owner = this.#offers.ownerOf(id)
    if (owner === undefined) return found('unknown')
    if (owner === 'gone') return found(closedWith(lost(direction)))
    if (this.#isFull) return found('unavailable')
    const channel = this.#offeredChannel(id, key)
    return this.#offers.ask(owner, { channel_id: id, access_key: key, direction }, channel, (answer) => {
      if (answer === 'unknown') return onFound('unknown')
      if (answer === 'late') return onFound('unavailable')
      if (answer === 'gone') return onFound(closedWith(lost(direction)))
      if (answer === 'over') return onFound({ attach: (webSocket) => webSocket.close() })
      onFound({ attach })
      // Else nobody would ever take the end: the peer has gone while its upgrade was answered.
      const isTaken = direction === 'read' ? channel.readerTaken : channel.writerTaken
      if (!isTaken) channel.end(...OPENER_GONE)
    })
  }

  /** An end that is taken is refused by a close without code, as its SDKs expect. */
  #attachSocket(webSocket: WebSocket, id: string, direction: Direction): void {
    const channel = this.#channels.get(id)
    const taken = channel === undefined || (direction === 'read' ? channel.readerTaken : channel.writerTaken)
    if (taken) return webSocket.close()
    if (direction === 'read') attachSocketReader(channel, webSocket)
    else attachSocketWriter(channel, webSocket)
  }

  /** Something about a channel end of a plugin. */
  takeEvent(worker: Worker, event: ChannelEvent | OfferEvent): void {
    if (worker.phase === 'gone') return
    if (event.kind === 'offers') return this.#offers.announced(worker, event.prefix)
    if (event.kind === 'refused') return this.#offers.refused(worker, event.ask, event.reason === OfferRefusal.Over)
    if (event.kind !== 'open') return this.#pluginEnds.take(worker, event)
    if (event.ask) this.#openOffered(worker, event.ask, event)
    else this.#openPluginEnd(worker, event)
  }

  workerEnded(worker: Worker): void {
    this.#offers.workerEnded(worker)
    this.#pluginEnds.workerEnded(worker)
  }

  /** Ends channels of which an end was never taken, and forgets tombstones. */
  sweep(): void {
    const now = this.#now()
    for (const channel of [...this.#channels.values()]) {
      const used = channel.readerTaken && channel.writerTaken
      if (used || now - channel.createdAt < UNUSED_MS) continue
      channel.end(1000, 'channel unused')
      this.#tombstones.delete(channel.id)
    }
    for (const [id, { until }] of this.#tombstones) if (now >= until) this.#tombstones.delete(id)
    this.#offers.sweep(now)
  }

  close(): void {
    clearInterval(this.#timer)
    this.#offers.close()
    for (const channel of [...this.#channels.values()]) channel.end(1001, 'shutting down')
  }

  #openPluginEnd(worker: Worker, { end, ref }: OpenEvent): void {
    const refuse = (closing: Closing): void => linkOf(worker).channelClose(end, ...closing)
    const { channel_id: id, access_key: key, direction } = (ref ?? {}) as Partial<Record<keyof ChannelRef, unknown>>
    if (typeof id !== 'string' || typeof key !== 'string') return refuse(NOT_FOUND)
    const reads = direction === 'read'
    const known = this.#channels.get(id) ?? this.#tombstones.get(id)
    if (known === undefined) {
      const asked = { channel_id: id, access_key: key, direction: reads ? 'read' : 'write' } as const
      return this.#askForPlugin(worker, end, asked, refuse)
    }
    if (!isSameKey(known.key, key)) return refuse(NOT_FOUND)
    const channel = this.#channels.get(id)
    if (channel === undefined || (reads ? channel.readerTaken : channel.writerTaken)) return refuse(TAKEN)
    this.#pluginEnds.attach(worker, end, channel, reads)
  }

  /** What the plugin writes until the owner has answered waits in the channel. */
  #askForPlugin(worker: Worker, end: number, ref: ChannelRef, refuse: (closing: Closing) => void): void {
    const { channel_id: id, access_key: key, direction } = ref
    const owner = this.#offers.ownerOf(id)
    if (owner === undefined) return refuse(NOT_FOUND)
    if (owner === 'gone') return refuse(lost(direction))
    if (this.#isFull) return refuse(TOO_MANY)
    const channel = this.#offeredChannel(id, key)
    this.#pluginEnds.attach(worker, end, channel, direction === 'read')
    this.#offers.ask(owner, ref, channel, (answer) => {
      if (answer !== 'opened') channel.end(...refusalOf(answer, direction))
    })
  }

  /** A plugin's own end of a channel that it has offered. */
  #openOffered(owner: Worker, ask: number, { end, ref }: OpenEvent): void {
    const asked = this.#offers.opened(owner, ask)
    if (asked === undefined) return linkOf(owner).channelClose(end, ...OPENER_GONE)
    const { channel, answered } = asked
    this.#channels.set(channel.id, channel)
    this.#pluginEnds.attach(owner, end, channel, (ref as Partial<ChannelRef> | null)?.direction === 'read')
    answered()
  }

  get #isFull(): boolean {
    const { waiting } = this.#offers
    return waiting >= this.#maxAsks || this.#channels.size + waiting >= this.#maxChannels
  }

  /** It leaves no tombstone: the plugin that has offered it knows that it is over. */
  #offeredChannel(id: string, key: string): Channel {
    return new Channel(id, key, DEFAULT_ITEMS, this.#now(), () => this.#channels.delete(id))
  }

  #finished(channel: Channel, creator: Worker | undefined): void {
    if (!this.#channels.delete(channel.id)) return
    this.#tombstones.set(channel.id, { key: channel.key, until: this.#now() + TOMBSTONE_MS })
    if (this.#tombstones.size > MAX_TOMBSTONES) {
      const [oldest] = this.#tombstones.keys()
      if (oldest !== undefined) this.#tombstones.delete(oldest)
    }
    if (creator === undefined) return
    const own = this.#ofSessions.get(creator)
    if (own !== undefined && --own.channels === 0) this.#ofSessions.delete(creator)
  }
}

function closedWith(closing: Closing): SocketOpening {
  return { attach: (webSocket) => webSocket.close(...closing) }
}

function isSameKey(a: string, b: string): boolean {
  const left = Buffer.from(a)
  const right = Buffer.from(b)
  return left.length === right.length && timingSafeEqual(left, right)
}
