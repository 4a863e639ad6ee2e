// Channels that a plugin offers: it makes id and key itself, and the engine hears of one only when somebody opens it. An offer is an
// entry of a map here and nothing anywhere else, so that one may go with every request though hardly any is opened.
import { randomUUID, timingSafeEqual } from 'node:crypto'
import { Numbered } from '../base/values/numbered.ts'
import { randomId } from '../base/values/random-ids.ts'
import { OFFER_PREFIX_LENGTH } from '../protocol/offer-id.ts'
import { OfferRefusal } from '../protocol/offer-refusal.ts'
import type { ChannelReader } from './channel-reader.ts'
import type { ChannelWriter } from './channel-writer.ts'
import { InvocationError } from './errors.ts'
import type { ChannelRef } from './handle-types.ts'
import type { OfferTransport } from './transport.ts'

/** Offers that a plugin may have at a time. */
export const MAX_OFFERS = 100_000

type Direction = ChannelRef['direction']

/** The plugin's own end: it writes what others read, and the other way round. */
export type OfferedEnd<Given extends Direction> = Given extends 'read' ? ChannelWriter : ChannelReader

/** A channel that waits for somebody to open it. */
export interface OfferedChannel {
  /** For a payload or result: whoever gets it may open that end, once. */
  readonly ref: ChannelRef
  /**
   * Takes the offer back: whoever opens it from now on finds a channel that is over. False when it had been opened, or withdrawn, before;
   * a channel that was opened is not touched.
   */
  withdraw(): boolean
}

interface Offer {
  readonly ref: ChannelRef
  readonly onOpened: (end: any) => void
}

export class OfferedChannels {
  readonly #transport: OfferTransport
  readonly #open: (ref: ChannelRef) => ChannelReader | ChannelWriter
  readonly #onProblem: (problem: string) => void
  readonly #offers = new Numbered<Offer>()
  /** What the ids have in common. */
  #prefix: string | undefined
  /** Numbers count up and stand in the ids: what is no higher was offered once, though nothing is known of it any more. */
  #last = 0
  /** All but the last two digits of the latest number, and the id up to them. */
  #high = -1
  #head = ''

  constructor(
    transport: OfferTransport,
    open: (ref: ChannelRef) => ChannelReader | ChannelWriter,
    onProblem: (problem: string) => void,
  ) {
    this.#transport = transport
    this.#open = open
    this.#onProblem = onProblem
    transport.onChannelAsked = (ask, ref) => this.#asked(ask, ref)
  }

  get size(): number {
    return this.#offers.size
  }

  offer(direction: Direction, onOpened: (end: any) => void): OfferedChannel {
    if (this.#offers.size >= MAX_OFFERS) {
      throw new InvocationError(
        'overloaded',
        `This plugin offers ${this.#offers.size} channels that nobody has opened; withdraw some`,
      )
    }
    const prefix = (this.#prefix ??= this.#announce())
    const number = ++this.#last
    const ref: ChannelRef = { channel_id: this.#nextId(prefix, number), access_key: randomId(), direction }
    this.#offers.set(number, { ref, onOpened })
    return { ref, withdraw: () => this.#offers.delete(number) }
  }

  /** As `idOf`, of which all but the last two digits are the same for a while. */
  #nextId(prefix: string, number: number): string {
    const high = Math.floor(number / 256)
    if (high !== this.#high) {
      this.#high = high
      this.#head = prefix + high.toString(16).padStart(10, '0')
    }
    return this.#head + TWO_DIGITS[number & 0xff]!
  }

  /** Before the first ref can reach anybody: what is sent later comes later. */
  #announce(): string {
    const prefix = randomUUID().slice(0, OFFER_PREFIX_LENGTH)
    this.#transport.announceOffers(prefix)
    return prefix
  }

  #asked(ask: number, { channel_id: id, access_key: key, direction }: ChannelRef): void {
    const number = Number.parseInt(id.slice(OFFER_PREFIX_LENGTH), 16)
    const isOwn = this.#prefix !== undefined && id === idOf(this.#prefix, number)
    if (!isOwn || number < 1 || number > this.#last) return this.#transport.refuseChannel(ask, OfferRefusal.Unknown)
    const offer = this.#offers.get(number)
    if (offer === undefined) return this.#transport.refuseChannel(ask, OfferRefusal.Over)
    const { ref, onOpened } = offer
    if (direction !== ref.direction || !isSameKey(key, ref.access_key))
      return this.#transport.refuseChannel(ask, OfferRefusal.Unknown)
    this.#offers.delete(number)
    const end = this.#open({ ...ref, direction: direction === 'read' ? 'write' : 'read' })
    end.attach(ask)
    try {
      onOpened(end)
    } catch (error) {
      this.#onProblem(`The opening of an offered channel failed: ${error instanceof Error ? error.message : error}`)
      end.close()
    }
  }
}

const TWO_DIGITS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

function idOf(prefix: string, number: number): string {
  return prefix + number.toString(16).padStart(12, '0')
}

function isSameKey(given: string, key: string): boolean {
  const left = Buffer.from(given)
  const right = Buffer.from(key)
  return left.length === right.length && timingSafeEqual(left, right)
}
