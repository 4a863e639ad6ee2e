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
  /** False when its caller has given the call up. */
  readonly isWaitedFor: (callId: number) => boolean
}

export class SocketCalls {
  readonly #options: SocketCallsOptions
  /** Oldest first: all wait equally long. */
  #waiting: WaitingCall[] = []
  #waitingLength = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  /** Function ids by the number of the call, oldest first. */
  readonly #unanswered = new Map<number, string>()

  constructor(options: SocketCallsOptions) {
    this.#options = options
  }

  /** Keeps the call until there is a connection, or its time is up. */
  wait(call: OutgoingCall): void {
    const { awayMs, maxWaitingCalls, maxWaitingLength } = this.#options.limits
    const length = call.payload?.length ?? 0
    const isFull = (): boolean =>
      this.#waiting.length >= maxWaitingCalls || this.#waitingLength + length > maxWaitingLength
    if (isFull()) this.#dropGivenUp()
    if (isFull()) {
      const reason = `${this.#options.whyAway()} Too much waits to be sent to the engine; try again later`
      return this.#options.fail(call, new InvocationError('overloaded', reason, call.functionId, undefined, true))
    }
    this.#waiting.push({ ...call, deadline: performance.now() + awayMs })
    this.#waitingLength += length
    if (awayMs !== Infinity) this.#timer ??= setTimeout(this.#expire, awayMs)
  }

  /** Callers have deadlines of their own, of which nothing is told here. */
  #dropGivenUp(): void {
    this.#take(({ callId }) => callId !== undefined && !this.#options.isWaitedFor(callId))
  }

  #take(isTaken: (call: WaitingCall) => boolean): WaitingCall[] {
    const taken: WaitingCall[] = []
    this.#waiting = this.#waiting.filter((call) => {
      if (!isTaken(call)) return true
      this.#waitingLength -= call.payload?.length ?? 0
      taken.push(call)
      return false
    })
    return taken
  }

  /** Empties the queue, oldest first. */
  takeWaiting(): OutgoingCall[] {
    this.#dropGivenUp()
    this.#timer = void clearTimeout(this.#timer)
    return this.#take(() => true)
  }

  sent(callId: number, functionId: string): void {
    this.#unanswered.set(callId, functionId)
    if (this.#unanswered.size <= this.#options.limits.maxUnanswered) return
    const [oldest, itsFunction] = this.#unanswered.entries().next().value!
    this.#unanswered.delete(oldest)
    const reason = `More than ${this.#options.limits.maxUnanswered} calls wait for their answer; this one was the oldest`
    this.#options.fail({ callId: oldest, functionId: itsFunction }, new InvocationError('timeout', reason, itsFunction))
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
      this.#options.fail(
        { callId, functionId },
        new ConnectionError(this.#options.codes, `${reason} The call may have been carried out.`, functionId, true),
      )
    }
  }

  /** No connection will come any more. */
  giveUp(): void {
    for (const call of this.takeWaiting()) this.refuse(call)
  }

  readonly #expire = (): void => {
    this.#timer = undefined
    const now = performance.now()
    for (const call of this.#take(({ deadline }) => deadline <= now)) this.refuse(call)
    const [next] = this.#waiting
    if (next !== undefined) this.#timer ??= setTimeout(this.#expire, next.deadline - now)
  }

  /** There was no connection, or none will come. */
  refuse(call: OutgoingCall): void {
    this.#options.fail(
      call,
      new ConnectionError(
        this.#options.codes,
        `${this.#options.whyAway()} The call was not sent.`,
        call.functionId,
        false,
      ),
    )
  }
}
