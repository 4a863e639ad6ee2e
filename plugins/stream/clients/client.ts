// One client: handles its messages strictly one after the other and keeps its subscriptions (spec 02 §6.3–6.5).
import { randomUUID } from 'node:crypto'
import { wrapperText, type Position } from '../event.ts'
import type { LimitedWarning } from '../../../base/warnings/limited-warning.ts'
import type { Audience, StreamGroup, Subscriber } from './audience.ts'
import { readClientMessage, type ClientMessage, type JoinMessage, type LeaveMessage } from './client-message.ts'
import type { ClientSocket } from './client-socket.ts'
import { INTERNAL_ERROR, tooManySubscriptions, type CloseReason } from './close-reasons.ts'
import { Interest } from './interest.ts'
import type { LeaveQueue } from './leave-queue.ts'
import type { MembershipEvent, MembershipTriggers } from './membership-triggers.ts'
import { Subscription } from './subscription.ts'
import { SubscriptionStart, type Recipient, type StartDeps } from './subscription-start.ts'
import { textFrames } from './text-frames.ts'
import type { StreamTarget } from './upgrade-path.ts'

/** Waiting messages above which the socket is not read, whatever their number. */
export const MAX_WAITING_BYTES = 1024 * 1024

export interface ClientDeps extends StartDeps {
  readonly joins: MembershipTriggers
  readonly leaves: MembershipTriggers
  /** For the leaves of a connection that has ended. */
  readonly lateLeaves: LeaveQueue
  readonly badMessages: LimitedWarning
  readonly now: () => number
  onFault(error: unknown): void
}

export class Client implements Subscriber, Recipient {
  hit: Audience | Audience[] | undefined
  readonly #deps: ClientDeps
  readonly #context: unknown
  readonly #subscriptions = new Map<string, Subscription>()
  readonly #interests = new Map<StreamGroup, Interest>()
  readonly #waiting: { readonly message: ClientMessage; readonly bytes: number }[] = []
  #waitingBytes = 0
  #working = false
  #paused = false
  #characters = 0
  #ended = false
  #socket: ClientSocket | undefined

  /** @param context what the auth function gave, or null. */
  constructor(context: unknown, deps: ClientDeps) {
    this.#context = context
    this.#deps = deps
  }

  attach(socket: ClientSocket): void {
    this.#socket = socket
  }

  get open(): boolean {
    return !this.#ended && this.#socket?.open === true
  }

  get subscriptionCount(): number {
    return this.#subscriptions.size
  }

  /** A message of the client; text and binary ones both carry JSON. */
  receive(data: Buffer): void {
    if (this.#ended) return
    const message = readClientMessage(data.toString())
    if (message === undefined) return
    if ('problem' in message) {
      this.#deps.badMessages.warn(`A message of a stream client was ignored: ${message.problem}.`, {
        client: this.#socket?.remote,
      })
      return
    }
    this.#enqueue(message, data.length)
  }

  /** The join that a URL of the form `/stream/…` stands for. */
  joinImplicitly({ stream, group, item }: StreamTarget, resumeFrom: JoinMessage['resumeFrom']): void {
    this.#enqueue({ type: 'join', subscriptionId: randomUUID(), stream, group, item, resumeFrom }, 0)
  }

  write(frames: Buffer, count: number): void {
    if (!this.#ended) this.#socket?.write(frames, count)
  }

  sendFrame(
    { stream, group, item }: { readonly stream: string; readonly group: string; readonly item: string | null },
    timestamp: number,
    event: string,
    position: Position | undefined,
  ): void {
    const text = wrapperText({ stream, group, item, timestamp, event, position })
    this.write(textFrames([Buffer.from(text)]), 1)
  }

  drained(timeoutMs: number): Promise<boolean> {
    return this.#socket?.drained(timeoutMs) ?? Promise.resolve(false)
  }

  close(reason: CloseReason): void {
    this.#socket?.close(reason)
  }

  /** The connection has ended or is about to, from either side: it is told of nothing more, and its subscriptions are left. */
  end(): void {
    if (this.#ended) return
    this.#deps.fanOut.flush()
    this.#ended = true
    this.#waiting.length = 0
    for (const subscription of this.#subscriptions.values()) {
      this.#withdraw(subscription)
      if (!subscription.leaving) this.#deps.lateLeaves.push(this.#eventOf(subscription))
    }
    this.#subscriptions.clear()
  }

  #enqueue(message: ClientMessage, bytes: number): void {
    this.#waiting.push({ message, bytes })
    this.#waitingBytes += bytes
    if (this.#working) this.#pauseIfFull()
    else void this.#work()
  }

  async #work(): Promise<void> {
    this.#working = true
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      this.#waitingBytes -= next.bytes
      // A sync may be large: many joins are not to make a slow client of one that reads. One that does not is closed by a write.
      await this.drained(this.#deps.limits().join_timeout_ms)
      await this.#handle(next.message)
      this.#resumeIfRoom()
    }
    this.#working = false
  }

  /** A fault of ours in one message ends its connection alone. */
  async #handle(message: ClientMessage): Promise<void> {
    try {
      if (message.type === 'join') await this.#join(message)
      else await this.#leave(message)
    } catch (error) {
      this.#deps.onFault(error)
      this.close(INTERNAL_ERROR)
    }
  }

  async #join(message: JoinMessage): Promise<void> {
    const { joins, lateLeaves, now, fanOut } = this.#deps
    const { subscriptionId, stream, group, item, resumeFrom } = message
    const subscription = new Subscription(subscriptionId, stream, group, item)
    if (!this.#hasRoomFor(subscription)) return
    const event = this.#eventOf(subscription)
    const isRefused = await joins.run(event)
    // Before that of every later event, and not equal to it: clients drop frames that are not newer than the last one.
    const timestamp = Math.max(now(), fanOut.lastTimestamp) - 1
    if (this.#ended) {
      // Handlers that count who is there have counted this one.
      if (!isRefused) lateLeaves.push(event)
      return
    }
    if (isRefused) {
      fanOut.flush()
      return this.sendFrame(subscription, timestamp, '{"type":"unauthorized"}', undefined)
    }
    const interest = this.#enter(subscription)
    await new SubscriptionStart(this.#deps, this, interest, subscription, timestamp).run(resumeFrom)
  }

  async #leave({ subscriptionId, stream, group, item }: LeaveMessage): Promise<void> {
    const subscription = this.#subscriptions.get(subscriptionId)
    if (subscription !== undefined) subscription.leaving = true
    await this.#deps.leaves.run(this.#eventOf(subscription ?? new Subscription(subscriptionId, stream, group, item)))
    if (subscription === undefined || this.#ended) return
    this.#deps.fanOut.flush()
    this.#withdraw(subscription)
    this.#subscriptions.delete(subscriptionId)
  }

  #hasRoomFor(subscription: Subscription): boolean {
    const { max_subscriptions: maxCount, max_subscription_characters: maxCharacters } = this.#deps.limits()
    const replaced = this.#subscriptions.get(subscription.id)
    const count = this.#subscriptions.size + (replaced === undefined ? 1 : 0)
    const characters = this.#characters + subscription.characters - (replaced?.characters ?? 0)
    if (count > maxCount) this.close(tooManySubscriptions('max_subscriptions', maxCount))
    else if (characters > maxCharacters) this.close(tooManySubscriptions('max_subscription_characters', maxCharacters))
    else return true
    return false
  }

  #enter(subscription: Subscription): Interest {
    const { fanOut } = this.#deps
    fanOut.flush()
    const replaced = this.#subscriptions.get(subscription.id)
    if (replaced !== undefined) this.#withdraw(replaced)
    this.#subscriptions.set(subscription.id, subscription)
    this.#characters += subscription.characters
    const group = fanOut.groups.open(subscription.stream, subscription.group)
    let interest = this.#interests.get(group)
    if (interest === undefined) {
      this.#interests.set(group, (interest = new Interest(group, this)))
      group.interests++
    }
    interest.suspendAt(fanOut.told?.offset ?? -1)
    interest.add(subscription)
    return interest
  }

  #withdraw(subscription: Subscription): void {
    const { groups } = this.#deps.fanOut
    this.#characters -= subscription.characters
    const group = groups.find(subscription.stream, subscription.group)
    const interest = group === undefined ? undefined : this.#interests.get(group)
    if (group === undefined || interest === undefined) return
    interest.remove(subscription)
    if (!interest.isEmpty) return
    this.#interests.delete(group)
    group.interests--
    groups.closeIfEmpty(group)
  }

  #eventOf({ id, stream, group, item }: Subscription): MembershipEvent {
    return { subscription_id: id, stream_name: stream, group_id: group, id: item, context: this.#context }
  }

  /** What one read of the socket brought beyond the limit still comes; then the peer waits. */
  #pauseIfFull(): void {
    if (
      this.#paused ||
      (this.#waiting.length < this.#deps.limits().max_waiting_messages && this.#waitingBytes < MAX_WAITING_BYTES)
    )
      return
    this.#paused = true
    this.#socket?.pause()
  }

  #resumeIfRoom(): void {
    if (
      !this.#paused ||
      this.#waiting.length * 2 > this.#deps.limits().max_waiting_messages ||
      this.#waitingBytes * 2 > MAX_WAITING_BYTES
    )
      return
    this.#paused = false
    this.#socket?.resume()
  }
}
