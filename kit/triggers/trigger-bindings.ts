// The bindings of one trigger type and their firing, for the plugin that provides the type (spec 01 §11.6–11.7, 02 §5).
// Whoever fires never waits: conditions and handlers run on their own, their results are ignored, their errors logged.
import type { TriggerBinding, TriggerTypeHandler } from '../../sdk/handle-types.ts'
import { settlesWithin } from '../../base/time/deadline.ts'
import { BindingIndex } from './binding-index.ts'
import type { Caller, EventOrigin } from './binding-call.ts'
import { BindingLane, LANE_DEFAULTS, type FiredEvent, type LaneContext, type LaneLimits } from './binding-lane.ts'
import type { BindingLog } from './binding-problems.ts'
import { EventFanOut } from './event-fan-out.ts'
import type { LeftEvents } from './left-events.ts'
import { isPaced, PacedCaller } from './paced-caller.ts'

export type { EventOrigin } from './binding-call.ts'
export { LANE_DEFAULTS, type LaneLimits } from './binding-lane.ts'

/** What a binding's config says, decoded. */
export interface BindingFilter {
  /** Function that decides per event; exactly `false` skips the handler. */
  readonly condition_function_id?: string | undefined
}

/** How `TriggerBindings` reads the config of bindings, which events they get, and with what payload. */
export interface TriggerBindingsOptions<Filter extends BindingFilter, Event> {
  /** Calls of a handle wait while it is congested: a burst of events to many bindings is more than it takes at once. */
  readonly iii: Caller
  readonly log: BindingLog
  /** Decodes a binding's config; absent is `undefined` or null. Throwing refuses the binding with the error's message. */
  readonly readConfig: (config: unknown) => Filter
  /** Asked of the bindings of the event's subject and of those that name none; need not look at the subject again. */
  readonly matches: (filter: Filter, event: Event, binding: TriggerBinding) => boolean
  /** What bindings are found by, such as a scope: an event costs only those of its own. Default: all are asked. */
  readonly subject?: { of(filter: Filter): string | undefined; ofEvent(event: Event): string } | undefined
  /** What condition and handler get; called once per event, and only when a binding matches. */
  readonly payload: (event: Event) => unknown
  /** Size of the payload, for the limit of what may wait. Default 0. */
  readonly bytes?: (event: Event) => number
  /** Handlers of one binding start in the order of the events with the same key, behind a condition too. Default: no key. */
  readonly orderKey?: (event: Event) => string
  readonly limits?: Partial<LaneLimits> | undefined
  /** What generations leave to each other by `leave`. Default: nothing. */
  readonly left?: LeftEvents | undefined
  readonly now?: () => number
}

interface Entry<Filter> {
  readonly order: number
  readonly lane: BindingLane
  filter: Filter
}

/** The bindings of a trigger type and their firing: conditions, order, limits, the end of a generation. */
export class TriggerBindings<Filter extends BindingFilter, Event> implements TriggerTypeHandler<unknown> {
  readonly #options: TriggerBindingsOptions<Filter, Event>
  readonly #context: LaneContext
  readonly #pace: PacedCaller | undefined
  /** In order of registration; registering an id again keeps its place. */
  readonly #entries = new Map<string, Entry<Filter>>()
  readonly #index = new BindingIndex<Entry<Filter>>()
  #registered = 0
  #dropped = 0
  #onSettled: (() => void) | undefined

  constructor(options: TriggerBindingsOptions<Filter, Event>) {
    this.#options = options
    this.#pace = isPaced(options.iii) ? new PacedCaller(options.iii) : undefined
    this.#context = {
      iii: this.#pace ?? options.iii,
      log: options.log,
      limits: { ...LANE_DEFAULTS, ...options.limits },
      now: options.now,
      onHandedOut: () => this.#checkSettled(),
    }
  }

  get size(): number {
    return this.#entries.size
  }

  /** Events dropped so far because a binding's queue was full. */
  get dropped(): number {
    let dropped = this.#dropped
    for (const { lane } of this.#entries.values()) dropped += lane.dropped
    return dropped
  }

  registerTrigger(binding: TriggerBinding<unknown>): void {
    const filter = this.#options.readConfig(binding.config)
    const condition = filter.condition_function_id
    const existing = this.#entries.get(binding.id)
    if (existing === undefined) {
      const entry = { order: ++this.#registered, lane: new BindingLane(binding, condition, this.#context), filter }
      this.#entries.set(binding.id, entry)
      this.#index.add(this.#subjectOf(filter), entry)
      for (const event of this.#options.left?.take(binding.id) ?? []) entry.lane.push(event)
      return
    }
    this.#index.move(this.#subjectOf(existing.filter), this.#subjectOf(filter), existing)
    existing.filter = filter
    existing.lane.binding = binding
    existing.lane.condition = condition
  }

  unregisterTrigger({ id }: { readonly id: string }): void {
    const entry = this.#entries.get(id)
    if (entry === undefined) return
    this.#entries.delete(id)
    this.#index.remove(this.#subjectOf(entry.filter), entry)
    this.#dropped += entry.lane.dropped
    entry.lane.clear()
    this.#checkSettled()
  }

  /** Fires the bindings that match, in order of registration; their handlers run side by side. */
  fire(event: Event, origin: EventOrigin = {}): void {
    let fired: FiredEvent | undefined
    let together: EventFanOut | undefined
    const { iii, limits } = this.#context
    const { fanOut } = iii
    try {
      for (const { lane, filter } of this.#index.candidates(this.#options.subject?.ofEvent(event) ?? '')) {
        if (!this.#options.matches(filter, event, lane.binding)) continue
        fired ??= this.#toFired(event, origin)
        if (fanOut !== undefined) together ??= new EventFanOut(fired, limits.handlerTimeoutMs)
        lane.push(fired, together)
      }
    } finally {
      // Also when `matches` throws for one of them: those before it have been counted as called.
      if (fanOut !== undefined) together?.send(fanOut)
    }
  }

  /**
   * For the end of a generation: hands out every event that waits, and resolves when the conditions under way have decided
   * too, or after `deadlineMs`. Handlers are not waited for: they run in other workers. True = everything was handed out.
   */
  async settle(deadlineMs: number): Promise<boolean> {
    for (const { lane } of this.#entries.values()) lane.handOutAll()
    const settled = await settlesWithin(this.#handedOut(), deadlineMs)
    this.#onSettled = undefined
    return settled
  }

  /**
   * For the end of a generation that another one follows: hands out every event for whose handler nothing has to be decided, and leaves the
   * others to `left` instead of waiting for their conditions, which may need the plugin that is being replaced.
   */
  async leave(deadlineMs: number): Promise<void> {
    const left: [string, FiredEvent][] = []
    for (const [id, { lane }] of this.#entries) for (const event of lane.leave()) left.push([id, event])
    this.#options.left?.write(left)
    if (this.#pace !== undefined) await settlesWithin(this.#pace.free(), deadlineMs)
  }

  async #handedOut(): Promise<void> {
    if (this.#undelivered() > 0) await new Promise<void>((resolve) => (this.#onSettled = resolve))
    await this.#pace?.free()
  }

  #subjectOf(filter: Filter): string | undefined {
    return this.#options.subject?.of(filter)
  }

  #toFired(event: Event, origin: EventOrigin): FiredEvent {
    const { payload, bytes, orderKey } = this.#options
    return { ...origin, payload: payload(event), bytes: bytes?.(event) ?? 0, orderKey: orderKey?.(event) }
  }

  #undelivered(): number {
    let count = 0
    for (const { lane } of this.#entries.values()) count += lane.undelivered
    return count
  }

  #checkSettled(): void {
    if (this.#onSettled !== undefined && this.#undelivered() === 0) this.#onSettled()
  }
}

/** Reads `condition_function_id` of a binding's config: optional text. */
export function readCondition(config: Readonly<Record<string, unknown>>): string | undefined {
  return readOptionalText(config, 'condition_function_id')
}

/** An optional text member of a binding's config; null counts as absent. Throws a message that names it. */
export function readOptionalText(config: Readonly<Record<string, unknown>>, member: string): string | undefined {
  const value = config[member]
  if (value === undefined || value === null) return undefined
  if (typeof value === 'string') return value
  throw new TypeError(`\`${member}\` must be a string, got ${JSON.stringify(value)}`)
}

/** A binding's config as an object; absent and null count as `{}`. */
export function readConfigObject(config: unknown): Readonly<Record<string, unknown>> {
  if (config === undefined || config === null) return {}
  if (typeof config === 'object' && !Array.isArray(config)) return config as Record<string, unknown>
  throw new TypeError(`the config must be an object, got ${JSON.stringify(config)}`)
}
