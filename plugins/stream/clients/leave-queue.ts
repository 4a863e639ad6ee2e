// Leaves of connections that have ended: nobody waits for them, and a whole listener may end at once, so a few run at a time.
import { LimitedWarning } from '../../../base/warnings/limited-warning.ts'
import type { BindingLog } from '../../../kit/triggers/binding-problems.ts'
import type { MembershipEvent, MembershipTriggers } from './membership-triggers.ts'

export interface LeaveQueueLimits {
  /** Leaves that run at a time. Default 512. */
  readonly maxRunning: number
  /** Leaves that may wait; further ones are dropped, with a warning. Default 100,000. */
  readonly maxWaiting: number
}

export const LEAVE_QUEUE_DEFAULTS: LeaveQueueLimits = { maxRunning: 512, maxWaiting: 100_000 }

export class LeaveQueue {
  readonly #triggers: MembershipTriggers
  readonly #limits: LeaveQueueLimits
  readonly #warnings: LimitedWarning
  #waiting: MembershipEvent[] = []
  /** Taken from the front of `#waiting` already. */
  #taken = 0
  #running = 0

  constructor(triggers: MembershipTriggers, log: BindingLog, limits: Partial<LeaveQueueLimits> = {}) {
    this.#triggers = triggers
    this.#limits = { ...LEAVE_QUEUE_DEFAULTS, ...limits }
    this.#warnings = new LimitedWarning((message, data) => log.warn(message, data))
  }

  push(event: MembershipEvent): void {
    if (this.#triggers.size === 0) return
    if (this.#running < this.#limits.maxRunning) return this.#run(event)
    if (this.#waiting.length - this.#taken < this.#limits.maxWaiting) return void this.#waiting.push(event)
    this.#warnings.warn('Leave events are dropped: the handlers of stream:leave do not keep up.', { event })
  }

  /** For the end of a generation: calls every handler that is still to be called, or gives up after `deadlineMs`. */
  async close(deadlineMs: number): Promise<void> {
    for (const event of this.#waiting.slice(this.#taken)) void this.#triggers.run(event)
    this.#waiting = []
    this.#taken = 0
    await this.#triggers.handedOut(deadlineMs)
  }

  #run(event: MembershipEvent): void {
    this.#running++
    void this.#triggers.run(event).then(() => {
      this.#running--
      this.#runNext()
    })
  }

  #runNext(): void {
    const event = this.#waiting[this.#taken]
    if (event === undefined) return
    this.#taken++
    // Moved up in large steps: shifting a long array for each event would cost its length each time.
    if (this.#taken * 2 >= this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#taken)
      this.#taken = 0
    }
    this.#run(event)
  }
}
