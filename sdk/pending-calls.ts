// Calls that wait for their answer, with their deadlines.
// Nearly all have the default time-out and expire in the order in which they were made, so one timer serves them all.
import { InvocationError } from './errors.ts'

export const DEFAULT_TIMEOUT_MS = 30_000
/** Longest time that a Node timer takes. */
const MAX_TIMEOUT_MS = 2_147_483_647

export interface PendingCall {
  readonly functionId: string
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
  /** The result is wanted as text, unparsed. */
  readonly raw: boolean
  /** `performance.now()` at which it expires; with the default time-out only. */
  readonly deadline: number
  /** Only with a time-out other than the default. */
  readonly timer: NodeJS.Timeout | undefined
}

export class PendingCalls {
  readonly #calls = new Map<number, PendingCall>()
  readonly #onEmpty: () => void
  #lastId = 0
  #sweep: NodeJS.Timeout | undefined

  constructor(onEmpty: () => void) {
    this.#onEmpty = onEmpty
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
    do this.#lastId = (this.#lastId + 1) >>> 0
    while (this.#lastId === 0 || this.#calls.has(this.#lastId))
    const id = this.#lastId
    if (timeoutMs === undefined || timeoutMs === DEFAULT_TIMEOUT_MS) {
      const deadline = performance.now() + DEFAULT_TIMEOUT_MS
      this.#calls.set(id, { functionId, resolve, reject, raw, deadline, timer: undefined })
      this.#sweep ??= setTimeout(this.#expire, DEFAULT_TIMEOUT_MS)
    } else {
      const timer = setTimeout(() => this.#timeOut(id, timeoutMs), Math.min(timeoutMs, MAX_TIMEOUT_MS))
      this.#calls.set(id, { functionId, resolve, reject, raw, deadline: Infinity, timer })
    }
    return id
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
    for (const id of [...this.#calls.keys()]) {
      const call = this.take(id)
      call?.reject(error(call))
    }
  }

  #timeOut(id: number, timeoutMs: number): void {
    const call = this.take(id)
    call?.reject(new InvocationError('TIMEOUT', `invocation timed out after ${timeoutMs}ms`, call.functionId))
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
      this.#timeOut(id, DEFAULT_TIMEOUT_MS)
    }
  }
}
