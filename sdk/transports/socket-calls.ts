// The calls that a worker on a socket makes: those that wait for the connection, and those that wait for their answer.
import type { Sidecar } from '../../protocol/ring/sidecar.ts'
import { InvocationError } from '../errors.ts'
import { ConnectionError, type ConnectionCodes } from './connection-error.ts'
import type { SocketLimits } from './socket-options.ts'

export interface OutgoingCall {
  /** undefined: nobody waits for the answer. */
  readonly callId: number | undefined
  readonly functionId: string
  readonly payload: string | undefined
  readonly sidecar: Sidecar | undefined
}

interface WaitingCall extends OutgoingCall {
  readonly deadline: number
}

export interface SocketCallsOptions {
  readonly limits: SocketLimits
  readonly codes: ConnectionCodes
  /** Why there is no connection, in words. */
  readonly whyAway: () => string
  readonly fail: (call: { callId: number | undefined; functionId: string }, error: InvocationError) => void
}

export class SocketCalls {
  readonly #limits: SocketLimits
  readonly #codes: ConnectionCodes
  readonly #whyAway: () => string
  readonly #fail: SocketCallsOptions['fail']
  /** Oldest first: all wait equally long. */
  #waiting: WaitingCall[] = []
  #waitingLength = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  /** Function ids by the number of the call, oldest first. */
  readonly #unanswered = new Map<number, string>()

  constructor({ limits, codes, whyAway, fail }: SocketCallsOptions) {
    this.#limits = limits
    this.#codes = codes
    this.#whyAway = whyAway
    this.#fail = fail
  }

  get unanswered(): number {
    return this.#unanswered.size
  }

  /** Keeps the call until there is a connection, or its time is up. */
  wait(call: OutgoingCall): void {
    const { awayMs, maxWaitingCalls, maxWaitingLength } = this.#limits
    const length = call.payload?.length ?? 0
    if (this.#waiting.length >= maxWaitingCalls || this.#waitingLength + length > maxWaitingLength) {
      const reason = `${this.#whyAway()} Too many calls wait for it already; try again later.`
      return this.#fail(call, new InvocationError('overloaded', reason, call.functionId))
    }
    this.#waiting.push({ ...call, deadline: performance.now() + awayMs })
    this.#waitingLength += length
    if (awayMs !== Infinity) this.#timer ??= setTimeout(this.#expire, awayMs)
  }

  /** Empties the queue, oldest first. */
  takeWaiting(): OutgoingCall[] {
    const calls = this.#waiting
    this.#waiting = []
    this.#waitingLength = 0
    clearTimeout(this.#timer)
    this.#timer = undefined
    return calls
  }

  sent(callId: number, functionId: string): void {
    this.#unanswered.set(callId, functionId)
    if (this.#unanswered.size <= this.#limits.maxUnanswered) return
    const [oldest, itsFunction] = this.#unanswered.entries().next().value!
    this.#unanswered.delete(oldest)
    const reason = `More than ${this.#limits.maxUnanswered} calls wait for their answer; this one was the oldest`
    this.#fail({ callId: oldest, functionId: itsFunction }, new InvocationError('timeout', reason, itsFunction))
  }

  /** False when the call is not awaited (any more). */
  answered(callId: number): boolean {
    return this.#unanswered.delete(callId)
  }

  /** The connection is gone: what was sent gets no answer any more, and is not sent again. */
  broken(reason: string): void {
    const calls = [...this.#unanswered]
    this.#unanswered.clear()
    for (const [callId, functionId] of calls) {
      this.#fail(
        { callId, functionId },
        new ConnectionError(this.#codes, `${reason} The call may have been carried out.`, functionId, true),
      )
    }
  }

  /** There is no connection, and none will come. */
  refuse(call: OutgoingCall): void {
    this.#fails(call)
  }

  /** No connection will come any more. */
  giveUp(): void {
    for (const call of this.takeWaiting()) this.#fails(call)
  }

  readonly #expire = (): void => {
    this.#timer = undefined
    const now = performance.now()
    let expired = 0
    while (expired < this.#waiting.length && this.#waiting[expired]!.deadline <= now) expired++
    for (const call of this.#waiting.splice(0, expired)) {
      this.#waitingLength -= call.payload?.length ?? 0
      this.#fails(call)
    }
    const next = this.#waiting[0]
    if (next !== undefined) this.#timer ??= setTimeout(this.#expire, next.deadline - now)
  }

  #fails(call: OutgoingCall): void {
    this.#fail(
      call,
      new ConnectionError(this.#codes, `${this.#whyAway()} The call was not sent.`, call.functionId, false),
    )
  }
}
