// Calls at the pace at which the engine takes them. A broadcast makes many calls at once, and a handle refuses calls while too
// much waits to be sent; here they wait their turn instead, in order, so that nobody misses an event because of the others.
import type { Caller } from './binding-call.ts'
import type { TriggerRequest } from '../../sdk/handle-types.ts'

/** The part of the handle that is needed. */
export interface PacedHandle extends Caller {
  readonly congested: boolean
  drained(): Promise<void>
}

/** A handle; anything else that calls is not paced. */
export function isPaced(caller: Caller): caller is PacedHandle {
  return typeof (caller as Partial<PacedHandle>).drained === 'function'
}

interface WaitingCall {
  readonly request: TriggerRequest
  readonly settle: (outcome: Promise<unknown>) => void
}

/** Makes calls at the pace at which the engine takes them, in order. */
export class PacedCaller implements Caller {
  readonly #iii: PacedHandle
  /** Bounded by whoever calls: it begins nothing new while this is blocked, and what it has begun is limited per binding. */
  #waiting: WaitingCall[] = []
  #sending: Promise<void> | undefined

  constructor(iii: PacedHandle) {
    this.#iii = iii
  }

  /** A call made now would have to wait. */
  get blocked(): boolean {
    return this.#sending !== undefined || this.#iii.congested
  }

  get waiting(): number {
    return this.#waiting.length
  }

  trigger(request: TriggerRequest): Promise<unknown> {
    if (!this.blocked) return this.#iii.trigger(request)
    const { promise, resolve } = Promise.withResolvers<unknown>()
    this.#waiting.push({ request, settle: resolve })
    this.#sending ??= this.#sendWaiting()
    return promise
  }

  /** The way to call many functions at once, while calls need not wait. */
  get fanOut(): Caller['fanOut'] {
    return this.blocked ? undefined : this.#iii.fanOut
  }

  /** Resolves when a call made at once would not have to wait. */
  async free(): Promise<void> {
    while (this.blocked) await (this.#sending ?? this.#iii.drained())
  }

  async #sendWaiting(): Promise<void> {
    while (this.#waiting.length > 0) {
      await this.#iii.drained()
      const calls = this.#waiting
      let sent = 0
      for (const { request, settle } of calls) {
        if (this.#iii.congested) break
        settle(this.#iii.trigger(request))
        sent++
      }
      this.#waiting = sent === calls.length ? [] : calls.slice(sent)
    }
    this.#sending = undefined
  }
}
