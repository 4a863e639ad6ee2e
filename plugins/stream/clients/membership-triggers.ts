// The trigger types `stream:join` and `stream:leave` (spec 02 §6.2): functions that decide on a join, or learn of a leave.
import type { TriggerBinding, TriggerTypeHandler, TriggerTypeInput } from '../../../sdk/handle-types.ts'
import { LimitedWarning } from '../../../base/warnings/limited-warning.ts'
import { readCondition, readConfigObject, readOptionalText } from '../../../kit/triggers/trigger-bindings.ts'
import type { Caller, LaneLog } from '../../../kit/triggers/binding-lane.ts'

export interface MembershipEvent {
  readonly subscription_id: string
  readonly stream_name: string
  readonly group_id: string
  readonly id: string | null
  /** What the auth function gave for the connection. */
  readonly context: unknown
}

interface Entry {
  readonly binding: TriggerBinding
  readonly stream: string | undefined
  readonly condition: string | undefined
}

export interface MembershipTriggersOptions {
  readonly iii: Caller
  readonly log: LaneLog
  readonly timeoutMs: () => number
}

export class MembershipTriggers implements TriggerTypeHandler {
  readonly #options: MembershipTriggersOptions
  readonly #entries = new Map<string, Entry>()
  readonly #failures: LimitedWarning
  /** Events whose handlers have not been called yet. */
  #undecided = 0
  #onHandedOut: (() => void) | undefined

  constructor(options: MembershipTriggersOptions) {
    this.#options = options
    this.#failures = new LimitedWarning((message, data) => options.log.error(message, data))
  }

  get size(): number {
    return this.#entries.size
  }

  registerTrigger(binding: TriggerBinding): void {
    const config = readConfigObject(binding.config)
    const stream = readOptionalText(config, 'stream_name') || undefined
    this.#entries.set(binding.id, { binding, stream, condition: readCondition(config) || undefined })
  }

  unregisterTrigger({ id }: { readonly id: string }): void {
    this.#entries.delete(id)
  }

  /**
   * Runs the functions of all bindings that match side by side, and waits for each within its time. True = one of them refuses.
   * Whatever fails does not refuse (spec 02 §6.2).
   */
  async run(event: MembershipEvent): Promise<boolean> {
    const matching = [...this.#entries.values()].filter(
      ({ stream }) => stream === undefined || stream === event.stream_name,
    )
    if (matching.length === 0) return false
    const votes = await Promise.all(matching.map((entry) => this.#runOne(entry, event)))
    return votes.includes(true)
  }

  /** Resolves when every handler whose turn has come was called, or after `deadlineMs`. */
  async handedOut(deadlineMs: number): Promise<void> {
    if (this.#undecided === 0) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, deadlineMs)
    this.#onHandedOut = resolve
    await promise
    clearTimeout(timer)
  }

  async #runOne({ binding, condition }: Entry, event: MembershipEvent): Promise<boolean> {
    if (condition !== undefined) {
      this.#undecided++
      const passes = await this.#decide(binding, condition, event)
      // The handler is called in the same turn, before anybody who waits goes on.
      if (--this.#undecided === 0) queueMicrotask(() => this.#onHandedOut?.())
      if (!passes) return false
    }
    try {
      const { function_id, metadata, namespace } = binding
      const result = await this.#call(binding, function_id, event, {
        ...(metadata === undefined ? {} : { metadata }),
        ...(namespace === undefined ? {} : { namespace }),
      })
      return (result as { unauthorized?: unknown } | null | undefined)?.unauthorized === true
    } catch (error) {
      this.#failed(`The handler ${binding.function_id} failed; it counts as no objection.`, binding, error)
      return false
    }
  }

  /** Only a literal `false` skips, and so does a condition that fails (spec 01 §11.7). It gets the payload alone: no metadata. */
  async #decide(binding: TriggerBinding, condition: string, event: MembershipEvent): Promise<boolean> {
    try {
      const { namespace } = binding
      return (await this.#call(binding, condition, event, namespace === undefined ? {} : { namespace })) !== false
    } catch (error) {
      this.#failed(`The condition ${condition} failed; ${binding.function_id} was not run.`, binding, error)
      return false
    }
  }

  #call(
    binding: TriggerBinding,
    functionId: string,
    payload: MembershipEvent,
    more: { readonly metadata?: unknown; readonly namespace?: string },
  ): Promise<unknown> {
    const timeoutMs = this.#options.timeoutMs()
    return this.#options.iii.trigger({ function_id: functionId, payload, binding: binding.id, timeoutMs, ...more })
  }

  #failed(message: string, binding: TriggerBinding, error: unknown): void {
    const { code, message: text } = (error ?? {}) as { code?: unknown; message?: unknown }
    this.#failures.warn(message, { binding: binding.id, code, error: text ?? String(error) })
  }
}

const CONFIG_FORMAT = {
  type: 'object',
  properties: {
    stream_name: { type: ['string', 'null'], description: 'Only this stream; absent = any.' },
    condition_function_id: {
      type: ['string', 'null'],
      description: 'Gets the event first; exactly false skips the handler.',
    },
  },
}

const EVENT_FORMAT = {
  type: 'object',
  required: ['subscription_id', 'stream_name', 'group_id', 'id', 'context'],
  properties: {
    subscription_id: { type: 'string' },
    stream_name: { type: 'string' },
    group_id: { type: 'string' },
    id: { type: ['string', 'null'], description: 'The item; null when the subscription is to the whole group.' },
    context: { description: 'What the auth function gave for the connection, or null.' },
  },
}

export const JOIN_TRIGGER_TYPE: TriggerTypeInput = {
  id: 'stream:join',
  description: 'Runs before a client subscribes; a handler that returns {unauthorized: true} refuses it.',
  trigger_request_format: CONFIG_FORMAT,
  call_request_format: EVENT_FORMAT,
}

export const LEAVE_TRIGGER_TYPE: TriggerTypeInput = {
  id: 'stream:leave',
  description: 'Runs when a client unsubscribes, and for each of its subscriptions when it disconnects.',
  trigger_request_format: CONFIG_FORMAT,
  call_request_format: EVENT_FORMAT,
}
