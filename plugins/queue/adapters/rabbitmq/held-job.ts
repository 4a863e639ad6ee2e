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
  #hasEnded = false
  #resume: ((hasSlot: boolean) => void) | undefined
  #onEnded: (() => void) | undefined
  #lacksFunction = false

  constructor(job: Job, origin: Origin, owner: SlotOwner) {
    this.job = job
    this.origin = origin
    this.content = origin.message.content
    this.#owner = owner
  }

  get hasEnded(): boolean {
    return this.#hasEnded
  }

  setAside(lacksFunction = false, onEnded?: () => void): boolean {
    this.#lacksFunction = lacksFunction
    this.#onEnded = onEnded
    return this.phase === 'aside' || (this.phase === 'running' && !this.#hasEnded && this.#owner.setAside(this))
  }

  async takeUp(): Promise<boolean> {
    this.#onEnded = undefined
    if (this.phase !== 'aside' || this.#hasEnded) return !this.#hasEnded
    return new Promise((resolve) => {
      this.#resume = resolve
      this.#owner.takeUp(this)
    })
  }

  /** It has a slot again. */
  goOn(): void {
    this.#resume?.(true)
  }

  /** The consumer takes no more, or it is given back for another engine: it gets no slot again, and whoever waits for something else need not. */
  end(): void {
    this.#hasEnded = true
    this.#onEnded?.()
    this.#resume?.(false)
  }

  /** It waits for its function, which another engine may have. */
  get lacksFunction(): boolean {
    return this.phase === 'aside' && this.#lacksFunction && !this.#hasEnded
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
