// Holds calls, in order, while their provider is being replaced, restarted or awaited (design, "The life of a call" step 3).
// Bounded by calls, bytes and time; knows nothing of providers: whoever opens the gate says where the calls go.
import type { Call } from './call.ts'

export interface GateLimits {
  readonly maxCalls: number
  readonly maxBytes: number
  /** How long one call waits at most. */
  readonly maxMs: number
}

interface Held {
  readonly call: Call
  readonly until: number
  /** It had been let go. */
  readonly cameBack: boolean
}

export class Gate {
  readonly #limits: GateLimits
  readonly #onExpired: (call: Call) => void
  #held: Held[] = []
  #bytes = 0
  #timer: NodeJS.Timeout | undefined

  /** @param onExpired gets each call whose time is up; it is no longer held. */
  constructor(limits: GateLimits, onExpired: (call: Call) => void) {
    this.#limits = limits
    this.#onExpired = onExpired
  }

  get size(): number {
    return this.#held.length
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Takes the call and copies its payload. False = the gate is full and the call was not taken. */
  hold(call: Call, maxMs = this.#limits.maxMs): boolean {
    return this.#hold(call, maxMs, false)
  }

  /** Takes a call that came back from where it had been let go to: behind those that came back before, ahead of all others. */
  takeBack(call: Call, maxMs = this.#limits.maxMs): boolean {
    return this.#hold(call, maxMs, true)
  }

  #hold(call: Call, maxMs: number, cameBack: boolean): boolean {
    const bytes = heldBytes(call)
    if (this.#held.length >= this.#limits.maxCalls || this.#bytes + bytes > this.#limits.maxBytes) return false
    call.data = Buffer.from(call.data)
    if (call.metadata !== undefined) call.metadata = Buffer.from(call.metadata)
    const held = { call, until: performance.now() + Math.min(maxMs, this.#limits.maxMs), cameBack }
    const first = cameBack ? this.#held.findIndex((other) => !other.cameBack) : -1
    if (first < 0) this.#held.push(held)
    else this.#held.splice(first, 0, held)
    this.#bytes += bytes
    this.#arm()
    return true
  }

  /** Hands out every held call in order of arrival. */
  release(deliver: (call: Call) => void): void {
    const held = this.#held
    this.#held = []
    this.#bytes = 0
    this.#disarm()
    for (const { call } of held) deliver(call)
  }

  /** A call waits of which this is so. */
  holds(condition: (call: Call) => boolean): boolean {
    return this.#held.some(({ call }) => condition(call))
  }

  /** Hands out, in order, the calls that may pass; the others keep waiting. */
  releaseIf(passes: (call: Call) => boolean, deliver: (call: Call) => void): void {
    const passing: Call[] = []
    this.#held = this.#held.filter(({ call }) => {
      if (!passes(call)) return true
      passing.push(call)
      this.#bytes -= heldBytes(call)
      return false
    })
    for (const call of passing) deliver(call)
  }

  #arm(): void {
    if (this.#timer !== undefined || this.#held.length === 0) return
    const next = this.#held.reduce((soonest, { until }) => Math.min(soonest, until), Infinity)
    this.#timer = setTimeout(() => this.#expire(), Math.max(1, next - performance.now()))
    this.#timer.unref()
  }

  #disarm(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #expire(): void {
    this.#disarm()
    const now = performance.now()
    const expired: Call[] = []
    this.#held = this.#held.filter(({ call, until }) => {
      if (until > now) return true
      expired.push(call)
      this.#bytes -= heldBytes(call)
      return false
    })
    this.#arm()
    for (const call of expired) this.#onExpired(call)
  }
}

function heldBytes(call: Call): number {
  return call.data.length + (call.metadata?.length ?? 0)
}
