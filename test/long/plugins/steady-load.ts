// Several callers that call at a fixed rate, whatever the engine does meanwhile: calls pile up while a gate is closed, as they
// do for real callers. Bounded: when too many are unanswered, the load waits, and the rate that was reached tells.
import { within } from '../../support/deadline.ts'
import type { Answer, LoadClient } from '../../support/load-client.ts'

export interface SteadyLoadOptions {
  readonly callers: readonly LoadClient[]
  /** Of all callers together. */
  readonly callsPerSecond: number
  /** Function and payload (JSON) of the nth call of a caller. */
  readonly callOf: (caller: number, n: number) => { readonly functionId: string; readonly json: string }
  readonly onAnswer: (caller: number, n: number, answer: Answer) => void
}

export interface LoadReport {
  readonly calls: number
  readonly callsPerSecond: number
}

const TICK_MS = 4
/** What one tick makes up for at most, when the machine was busy elsewhere. */
const CATCH_UP_MS = 100
/** Below the 10,000 calls that a gate holds: above them the engine rightly refuses. */
const MAX_UNANSWERED = 8_000
const ANSWER_MS = 30_000

export class SteadyLoad {
  readonly #options: SteadyLoadOptions
  readonly #sent: number[]
  readonly #beganAt = performance.now()
  readonly #timer: NodeJS.Timeout
  #lastTick = this.#beganAt
  #due = 0
  #next = 0
  #unanswered = 0
  #onDrained: (() => void) | undefined

  constructor(options: SteadyLoadOptions) {
    this.#options = options
    this.#sent = options.callers.map(() => 0)
    this.#timer = setInterval(() => this.#tick(), TICK_MS)
  }

  /** Calls so far, per caller. */
  get sent(): readonly number[] {
    return this.#sent
  }

  /** Ends the calls and waits for every answer. */
  async stop(): Promise<LoadReport> {
    clearInterval(this.#timer)
    const calls = this.#sent.reduce((sum, sent) => sum + sent, 0)
    const seconds = (performance.now() - this.#beganAt) / 1000
    const drained = new Promise<void>((resolve) => (this.#onDrained = resolve))
    if (this.#unanswered > 0)
      await within(ANSWER_MS, 'the last answers', drained).catch((error: Error) => {
        throw new Error(`${error.message}; ${this.#unanswered} of ${calls} calls have none`)
      })
    return { calls, callsPerSecond: Math.round(calls / seconds) }
  }

  #tick(): void {
    const { callers, callsPerSecond } = this.#options
    const now = performance.now()
    this.#due += (Math.min(now - this.#lastTick, CATCH_UP_MS) / 1000) * callsPerSecond
    this.#lastTick = now
    for (; this.#due >= 1 && this.#unanswered < MAX_UNANSWERED; this.#due--)
      this.#callFrom(this.#next++ % callers.length)
  }

  #callFrom(caller: number): void {
    const { callers, callOf, onAnswer } = this.#options
    const n = this.#sent[caller]!++
    this.#unanswered++
    const { functionId, json } = callOf(caller, n)
    callers[caller]!.request(functionId, json, (answer) => {
      onAnswer(caller, n, answer)
      if (--this.#unanswered === 0) this.#onDrained?.()
    })
  }
}
