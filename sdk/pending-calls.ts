// Calls that wait for their answer, with their deadlines.
// Nearly all have the default time-out and expire in the order in which they were made, so one timer serves them all.
import type { NumberedTable } from '../base/values/numbered.ts'
import { CallTimeout } from './errors.ts'

export const DEFAULT_TIMEOUT_MS = 30_000
/** Longest time that a timer takes, in Node and in browsers; and the highest id: above are those of fan-outs (protocol/ring/fan-out.ts). */
export const MAX_INT32 = 2_147_483_647

export interface PendingCall {
  readonly functionId: string
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
  /** The result is wanted as text, unparsed. */
  readonly raw: boolean
  /** `performance.now()` at which it expires; with the default time-out only. */
  readonly deadline: number
  /** Only with a time-out other than the default. */
  readonly timer: Timer | undefined
}

type Timer = ReturnType<typeof setTimeout>

/** Calls by their ids. */
export type CallTable = NumberedTable<PendingCall>

export interface PendingCallsOptions {
  readonly calls: CallTable
  /** Milliseconds that a call waits which says nothing of it. */
  readonly timeoutMs: number
  readonly onEmpty: () => void
  /** Why there can be no answer at present, in words, for the error of a call whose time is up. */
  readonly problem: () => string | undefined
}

export class PendingCalls {
  readonly #calls: CallTable
  readonly #timeoutMs: number
  readonly #onEmpty: () => void
  readonly #problem: () => string | undefined
  #lastId = 0
  #sweep: Timer | undefined

  constructor({ calls, timeoutMs, onEmpty, problem }: PendingCallsOptions) {
    this.#calls = calls
    this.#timeoutMs = Math.min(timeoutMs, MAX_INT32)
    this.#onEmpty = onEmpty
    this.#problem = problem
  }

  get size(): number {
    return this.#calls.size
  }

  add(
    functionId: string,
    timeoutMs: number | undefined,
    resolve: PendingCall['resolve'],
    reject: PendingCall['reject'],
    raw = false,
  ): number {
    do this.#lastId = (this.#lastId + 1) & MAX_INT32
    while (this.#lastId === 0 || this.#calls.has(this.#lastId))
    const id = this.#lastId
    if (timeoutMs === undefined || timeoutMs === this.#timeoutMs) {
      const deadline = performance.now() + this.#timeoutMs
      this.#calls.set(id, { functionId, resolve, reject, raw, deadline, timer: undefined })
      this.#sweep ??= setTimeout(this.#expire, this.#timeoutMs)
    } else {
      const timer = setTimeout(() => this.#timeOut(id, timeoutMs), Math.min(timeoutMs, MAX_INT32))
      this.#calls.set(id, { functionId, resolve, reject, raw, deadline: Infinity, timer })
    }
    return id
  }

  has(id: number): boolean {
    return this.#calls.has(id)
  }

  /** Takes the call out; undefined when it is not, or no longer, awaited. */
  take(id: number): PendingCall | undefined {
    const call = this.#calls.get(id)
    if (call === undefined) return undefined
    this.#calls.delete(id)
    if (call.timer !== undefined) clearTimeout(call.timer)
    if (this.#calls.size === 0) this.#onEmpty()
    return call
  }

  rejectAll(error: (call: PendingCall) => Error): void {
    clearTimeout(this.#sweep)
    this.#sweep = undefined
    for (const [id] of [...this.#calls]) {
      const call = this.take(id)
      call?.reject(error(call))
    }
  }

  #timeOut(id: number, timeoutMs: number): void {
    const call = this.take(id)
    if (call === undefined) return
    const problem = this.#problem()
    const message = `invocation timed out after ${timeoutMs}ms${problem === undefined ? '' : `. ${problem}`}`
    call.reject(new CallTimeout(message, call.functionId))
  }

  readonly #expire = (): void => {
    this.#sweep = undefined
    const now = performance.now()
    for (const [id, { deadline }] of this.#calls) {
      if (deadline === Infinity) continue
      if (deadline > now) {
        this.#sweep = setTimeout(this.#expire, deadline - now)
        return
      }
      this.#timeOut(id, this.#timeoutMs)
    }
  }
}
