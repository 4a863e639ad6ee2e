// The events of one binding on their way to its function: a window of calls in flight and a bounded queue behind it.
// Each binding has its own lane, so a handler that hangs holds up nobody else's events.
import type { TriggerBinding } from '../../sdk/handle-types.ts'
import { runBinding, type BindingCall, type BindingSteps, type Caller, type EventOrigin } from './binding-call.ts'
import { BindingProblems, type BindingLog } from './binding-problems.ts'
import type { EventFanOut } from './event-fan-out.ts'
import { KeyOrder } from './key-order.ts'

/** How many events of a binding run and wait, and for how long. */
export interface LaneLimits {
  /** Calls of one binding that may be unanswered; later events wait. Default 512. */
  readonly maxInFlight: number
  /** Events that may wait per binding; newer ones are dropped, counted and warned about. Default 10,000. */
  readonly maxWaiting: number
  /** Bytes of payload, as given with the events, that may wait per binding. Default 64 MiB. */
  readonly maxWaitingBytes: number
  /** After this time a handler no longer counts as in flight, and its event as failed; it may still run. Default 300,000. */
  readonly handlerTimeoutMs: number
  /** After this time a condition has failed: its event is skipped. Default 30,000. */
  readonly conditionTimeoutMs: number
  /** Events of one order key whose condition may be undecided; later ones of the key wait. Default 32. */
  readonly maxUndecidedPerKey: number
}

/** The defaults of `LaneLimits`. */
export const LANE_DEFAULTS: LaneLimits = {
  maxInFlight: 512,
  maxWaiting: 10_000,
  maxWaitingBytes: 64 * 1024 * 1024,
  handlerTimeoutMs: 300_000,
  conditionTimeoutMs: 30_000,
  maxUndecidedPerKey: 32,
}

export interface LaneContext {
  readonly iii: Caller
  readonly log: BindingLog
  readonly limits: LaneLimits
  readonly now: (() => number) | undefined
  /** Told whenever the number of events that still have to reach their handler falls to zero. */
  readonly onHandedOut: () => void
}

/** An event with what its calls carry beside the payload. */
export interface FiredEvent extends EventOrigin {
  readonly payload: unknown
  readonly bytes: number
  /** Handlers of events with the same key start in the order of the events, behind a condition too. */
  readonly orderKey?: string | undefined
}

interface QueuedEvent {
  readonly event: FiredEvent
  /** The key whose order it has entered. */
  readonly key: string | undefined
}

export class BindingLane {
  /** Replaced when the binding is registered again; events that wait go to the new target. */
  binding: TriggerBinding
  condition: string | undefined
  readonly #context: LaneContext
  readonly #problems: BindingProblems
  readonly #order: KeyOrder<QueuedEvent>
  /** Waiting for the window; what is held by the order of its key waits too and is not in here. */
  #waiting: QueuedEvent[] = []
  #waitingCount = 0
  #waitingBytes = 0
  #inFlight = 0
  /** Events whose handler is not called before something has been decided, in order. */
  readonly #undecided = new Set<FiredEvent>()
  #isLeft = false
  #unbounded = false
  #dropped = 0

  constructor(binding: TriggerBinding, condition: string | undefined, context: LaneContext) {
    this.binding = binding
    this.condition = condition
    this.#context = context
    this.#order = new KeyOrder(context.limits.maxUndecidedPerKey)
    this.#problems = new BindingProblems(context.log, { now: context.now })
  }

  /** Events dropped because too many were waiting. */
  get dropped(): number {
    return this.#dropped
  }

  /** Events whose handler has not been called yet: waiting, or with a condition that has not answered. */
  get undelivered(): number {
    return this.#waitingCount + this.#undecided.size
  }

  /** @param together gets the event when nothing keeps it from its handler. Default: the handler is called for it alone. */
  push(event: FiredEvent, together?: EventFanOut): void {
    const { maxInFlight, maxWaiting, maxWaitingBytes } = this.#context.limits
    const key = this.#keyOf(event)
    const queued = { event, key }
    const held = key !== undefined && !this.#unbounded && this.#order.isFull(key)
    if (!held && (this.#inFlight < maxInFlight || this.#unbounded)) {
      if (key !== undefined) this.#order.enter(key)
      if (together !== undefined && key === undefined && this.condition === undefined) {
        this.#inFlight++
        together.add(this)
      } else this.#start(queued)
    } else if (this.#waitingCount < maxWaiting && this.#waitingBytes + event.bytes <= maxWaitingBytes) {
      this.#waitingCount++
      this.#waitingBytes += event.bytes
      if (held) {
        this.#order.hold(key, queued)
        return
      }
      if (key !== undefined) this.#order.enter(key)
      this.#waiting.push(queued)
    } else {
      this.#dropped++
      const message = `Events for ${this.binding.function_id} are dropped: its handler does not keep up.`
      this.#problems.warn(this.binding, message, { dropped: this.#dropped })
    }
  }

  /** Hands out everything that waits, past the window: for the end of a plugin generation. */
  handOutAll(): void {
    this.#unbounded = true
    while (this.#waiting.length > 0) this.#startNext()
    for (const queued of this.#order.releaseAll()) this.#startWaiting(queued)
  }

  /**
   * For the end of a generation that another one follows: hands out what nothing has to be decided for, as `handOutAll` does, and returns
   * the rest in order. Its handlers are not called from here any more, whatever the conditions that have been asked say.
   */
  leave(): readonly FiredEvent[] {
    if (this.condition === undefined && this.#undecided.size === 0) {
      this.handOutAll()
      return []
    }
    this.#isLeft = true
    const left = [...this.#undecided]
    for (const { event } of [...this.#waiting, ...this.#order.releaseAll()]) left.push(event)
    this.clear()
    return left
  }

  /** Calls the handler for an event that was given to `together`. */
  callAlone(event: FiredEvent): void {
    this.#run(event, undefined)
  }

  /** The handler has answered an event that was given to `together`, or failed. */
  settled(binding: TriggerBinding, error: unknown): void {
    if (error !== undefined) this.#problems.handlerFailed(binding, error)
    this.#finished()
  }

  /** Forgets what waits: the binding is gone. */
  clear(): void {
    this.#waiting = []
    this.#order.clear()
    this.#waitingCount = 0
    this.#waitingBytes = 0
  }

  /** Undefined where order needs no care: without a condition handlers are called in the order of the events anyway. */
  #keyOf({ orderKey }: FiredEvent): string | undefined {
    if (orderKey === undefined) return undefined
    // A binding that has lost its condition still owes the order of the events before.
    return this.condition !== undefined || this.#order.isBusy(orderKey) ? orderKey : undefined
  }

  #startNext(): void {
    const queued = this.#waiting.shift()
    if (queued !== undefined) this.#startWaiting(queued)
  }

  #startWaiting(queued: QueuedEvent): void {
    this.#waitingCount--
    this.#waitingBytes -= queued.event.bytes
    this.#start(queued)
  }

  #start({ event, key }: QueuedEvent): void {
    this.#inFlight++
    // Without a condition the call leaves now, so that handlers start in the order of the events.
    const isDecided = this.condition === undefined && key === undefined
    this.#run(event, isDecided ? undefined : this.#inTurn(event, key))
  }

  #run(event: FiredEvent, steps: BindingSteps | undefined): void {
    const deps = { iii: this.#context.iii, problems: this.#problems }
    void runBinding(deps, this.#callOf(event), steps).then(this.#finished)
  }

  readonly #finished = (): void => {
    this.#inFlight--
    this.#startNext()
    if (this.undelivered === 0) this.#context.onHandedOut()
  }

  /** The handler is called when the earlier events of the key have been decided, and then the next ones may be. */
  #inTurn(event: FiredEvent, key: string | undefined): BindingSteps {
    this.#undecided.add(event)
    const turn = key === undefined ? undefined : this.#order.takeTurn(key)
    return {
      beforeHandler: async () => {
        await turn?.come
        this.#undecided.delete(event)
        return !this.#isLeft
      },
      handedOut: () => {
        turn?.done()
        if (key !== undefined) this.#letNextIn(key)
        if (this.undelivered === 0) this.#context.onHandedOut()
      },
    }
  }

  #letNextIn(key: string): void {
    const next = this.#order.leave(key)
    if (next === undefined) return
    if (this.#inFlight < this.#context.limits.maxInFlight) this.#startWaiting(next)
    else this.#waiting.push(next)
  }

  #callOf(event: FiredEvent): BindingCall {
    const { conditionTimeoutMs, handlerTimeoutMs } = this.#context.limits
    const { binding, condition } = this
    return { binding, condition, payload: event.payload, origin: event, conditionTimeoutMs, handlerTimeoutMs }
  }
}
