// A job that the broker has handed over: not begun yet, running, set aside, or waiting for its time. It belongs to a message until the channel is lost;
// then the broker hands the message over again, and what runs here takes the new one in place of the old.
import type { Channel, Message } from 'amqplib'
import type { Job } from '../../job.ts'
import type { Delivery, Outcome } from '../backend.ts'

/**
 * - `ready`: could begin. `blocked`: another one of its group goes first. `timed`: its time has not come.
 * - `running`, `aside`: delivered. `settling`: its delivery has ended, and the broker is being told.
 */
export type Phase = 'ready' | 'blocked' | 'timed' | 'running' | 'aside' | 'settling'

/** What is acknowledged, and where. */
export interface Origin {
  readonly channel: Channel
  readonly message: Message
}

export interface SlotOwner {
  setAside(held: HeldJob): boolean
  takeUp(held: HeldJob): void
}

export class HeldJob implements Delivery {
  job: Job
  /** Undefined: the channel over which it came is gone. */
  origin: Origin | undefined
  phase: Phase = 'ready'
  /** In a fifo queue. */
  group: string | undefined
  /** What it came to; told to the broker as soon as there is an origin. */
  outcome: Outcome | undefined
  /** The consumer has been told; only the acknowledgement is missing. */
  isTold = false
  /** Its copy is being stored. */
  isStoring = false
  /** Unix milliseconds since which this engine has waited for its function, before this delivery as well. */
  lackingSince: number | undefined
  /** Ends the wait for its time. */
  cancelTimer: (() => void) | undefined
  readonly content: Buffer
  readonly #owner: SlotOwner
  #isRefused = false
  #resume: ((hasSlot: boolean) => void) | undefined
  #onLeft: (() => void) | undefined

  constructor(job: Job, origin: Origin, owner: SlotOwner) {
    this.job = job
    this.origin = origin
    this.content = origin.message.content
    this.#owner = owner
  }

  get hasEnded(): boolean {
    return this.#isRefused
  }

  setAside(onLeft?: () => void): boolean {
    this.#onLeft = onLeft
    return this.phase === 'aside' || (this.phase === 'running' && this.#owner.setAside(this))
  }

  async takeUp(): Promise<boolean> {
    if (this.phase !== 'aside') return !this.#isRefused
    if (this.#isRefused) return false
    return new Promise((resolve) => {
      this.#resume = resolve
      this.#owner.takeUp(this)
    })
  }

  /** It has a slot again. */
  goOn(): void {
    this.#resume?.(true)
  }

  /** The consumer takes no more: it gets no slot again. */
  refuseSlot(): void {
    this.#isRefused = true
    this.#resume?.(false)
  }

  /** It waits for its function, which another engine may have. */
  get lacksFunction(): boolean {
    return this.phase === 'aside' && this.#onLeft !== undefined && !this.#isRefused
  }

  /** It is given back to the broker, for another engine. */
  leave(): void {
    this.refuseSlot()
    this.#onLeft?.()
  }

  /** The broker has handed over again what was lost with its channel. */
  isOf({ fields, content }: Message): boolean {
    return this.origin === undefined && fields.redelivered && content.equals(this.content)
  }
}

export function acknowledge(origin: Origin | undefined): void {
  attempt(() => origin?.channel.ack(origin.message))
}

/** To its old place. Whether there was a channel to give it back to. */
export function giveBack(origin: Origin | undefined): boolean {
  if (origin === undefined) return false
  return attempt(() => origin.channel.nack(origin.message, false, true))
}

/** A channel that is closed throws: the broker hands its messages over again. */
function attempt(task: () => void): boolean {
  try {
    task()
    return true
  } catch {
    return false
  }
}
