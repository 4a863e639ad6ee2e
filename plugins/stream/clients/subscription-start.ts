// Brings a new subscription up to date: by what the client has missed, or by a `sync` and what happened while it was read.
// Until then its connection is told of nothing that stands in the history: it gets it from there, in order and once, and nothing has
// to be held back in memory for it.
import { withDeadline } from '../../../base/time/deadline.ts'
import type { Position, StreamEvent } from '../event.ts'
import type { Feed, Missed, ReadSnapshot, Snapshot } from '../feed.ts'
import { CATCH_UP_TOO_SLOW, CHANGES_TOO_FAST, HISTORY_UNREADABLE, type CloseReason } from './close-reasons.ts'
import type { FanOut } from './fan-out.ts'
import type { Interest } from './interest.ts'
import type { ClientLimits } from './limits.ts'
import type { Slots } from './slots.ts'
import type { Subscription } from './subscription.ts'
import { textFrames } from './text-frames.ts'

/** Reads of the data before a client whose `sync` is out of date each time is told to come back later. */
const MAX_READS = 3

export interface StartDeps {
  readonly fanOut: FanOut
  readonly feed: Feed
  readonly readSnapshot: ReadSnapshot
  readonly limits: () => ClientLimits
  readonly catchUps: Slots
  /** A read for a `sync` failed; the subscription stays without. */
  onReadFailed(subscription: Subscription, error: unknown): void
}

/** The connection, as far as bringing a subscription up to date needs it. */
export interface Recipient {
  readonly open: boolean
  write(frames: Buffer, count: number): void
  /** Sends a frame of this side: `event` is the JSON of its `event` member. */
  sendFrame(subscription: Subscription, timestamp: number, event: string, position: Position | undefined): void
  drained(timeoutMs: number): Promise<boolean>
  close(reason: CloseReason): void
}

type Outcome = 'live' | 'history is lost' | 'ended'

export class SubscriptionStart {
  readonly #deps: StartDeps
  readonly #recipient: Recipient
  readonly #interest: Interest
  readonly #subscription: Subscription
  /** When the join was accepted; frames of this side carry it. */
  readonly #timestamp: number

  constructor(
    deps: StartDeps,
    recipient: Recipient,
    interest: Interest,
    subscription: Subscription,
    timestamp: number,
  ) {
    this.#deps = deps
    this.#recipient = recipient
    this.#interest = interest
    this.#subscription = subscription
    this.#timestamp = timestamp
  }

  async run(resumeFrom: Position | 'unknown' | undefined): Promise<void> {
    if (resumeFrom === undefined) return this.#sync()
    if (resumeFrom !== 'unknown') {
      this.#subscription.beginAt(resumeFrom.offset)
      const recovered = () => this.#send('{"type":"resume","recovered":true}', resumeFrom)
      if ((await this.#catchUp(resumeFrom, recovered)) !== 'history is lost') return
    }
    if (!this.#recipient.open) return
    this.#deps.fanOut.flush()
    // Without a position: a client that is cut off before the `sync` must not resume from here.
    this.#send('{"type":"resume","recovered":false}', undefined)
    await this.#sync()
  }

  async #sync(): Promise<void> {
    const { fanOut } = this.#deps
    for (let read = 0; read < MAX_READS; read++) {
      const told = fanOut.told
      const snapshot = await this.#read()
      if (!this.#recipient.open) return
      if (snapshot?.position !== undefined) fanOut.assume(snapshot.position)
      // Everything up to there is in the data, because it was told before they were read.
      const since = told ?? fanOut.beforeFirst
      const answer = (): void => {
        if (snapshot !== undefined) this.#send(`{"type":"sync","data":${snapshot.data}}`, since)
      }
      if (since !== undefined) {
        this.#subscription.beginAt(since.offset)
        // Nothing had been told when the others were suspended, so they have got all there was.
        if (told === undefined) this.#interest.advanceTo(since.offset)
      }
      if (since === undefined || this.#interest.reached === fanOut.told?.offset) {
        fanOut.flush()
        answer()
        return this.#interest.goLive()
      }
      const { epoch } = since
      const outcome = await this.#catchUp({ epoch, offset: this.#interest.reached }, answer)
      if (outcome !== 'history is lost') return
      // Another read would not help the others.
      if (this.#interest.isShared) break
    }
    this.#recipient.close(CHANGES_TOO_FAST)
  }

  /** undefined: it failed, then the subscription stays and there is no `sync` (spec 02 §6.4). */
  async #read(): Promise<Snapshot | undefined> {
    const { readSnapshot, onReadFailed } = this.#deps
    const { stream, group, item } = this.#subscription
    try {
      return await this.#inTime(readSnapshot(stream, group, item))
    } catch (error) {
      onReadFailed(this.#subscription, error)
      return undefined
    }
  }

  /** @param announce sends the frame that stands before what was missed. */
  async #catchUp({ epoch, offset: from }: Position, announce: () => void): Promise<Outcome> {
    let isFirst = true
    const take = (missed: Missed): Outcome | 'more' => {
      if (!this.#recipient.open) return 'ended'
      if (!missed.recovered) return 'history is lost'
      this.#deps.fanOut.assume(missed.position)
      this.#deps.fanOut.flush()
      if (isFirst) announce()
      isFirst = false
      return this.#deliver(missed.events)
    }
    for (let offset = from; ; offset = this.#interest.reached) {
      const step = await this.#fetch({ epoch, offset }, take)
      if (step !== 'more') return step
      if (!(await this.#recipient.drained(this.#deps.limits().join_timeout_ms))) {
        this.#recipient.close(CATCH_UP_TOO_SLOW)
        return 'ended'
      }
    }
  }

  async #fetch<T>(position: Position, take: (missed: Missed) => T): Promise<T | 'ended'> {
    const { feed, catchUps, onReadFailed } = this.#deps
    const { stream, group } = this.#subscription
    try {
      return await catchUps.run(() => {
        // `take` follows the answer directly: the next event may be told in the next moment.
        const taken = feed.missedSince(position, stream, group, this.#interest.scope).then(take)
        return this.#inTime(taken)
      })
    } catch (error) {
      onReadFailed(this.#subscription, error)
      this.#recipient.close(HISTORY_UNREADABLE)
      return 'ended'
    }
  }

  #inTime<T>(reading: Promise<T>): Promise<T> {
    const ms = this.#deps.limits().join_timeout_ms
    return withDeadline(reading, ms, () => new Error(`no answer within join_timeout_ms (${ms} ms)`))
  }

  /** Writes what the connection is owed, as much as goes in one part. */
  #deliver(events: readonly StreamEvent[]): 'live' | 'more' {
    const { max_buffered_bytes: maxBytes, max_buffered_frames: maxFrames } = this.#deps.limits()
    const payloads: Buffer[] = []
    let bytes = 0
    let reached = 0
    for (const event of events) {
      if (!this.#interest.isOwed(event)) continue
      // Half of what may wait, so that the live frames that follow have room; but at least one.
      if (payloads.length > 0 && (payloads.length >= maxFrames / 2 || bytes + event.frame.length > maxBytes / 2)) {
        this.#recipient.write(textFrames(payloads), payloads.length)
        this.#interest.advanceTo(reached)
        return 'more'
      }
      payloads.push(event.frame)
      bytes += event.frame.length
      reached = event.position!.offset
    }
    if (payloads.length > 0) this.#recipient.write(textFrames(payloads), payloads.length)
    this.#interest.goLive()
    return 'live'
  }

  #send(event: string, position: Position | undefined): void {
    this.#recipient.sendFrame(this.#subscription, this.#timestamp, event, position)
  }
}
