// The trigger types `stream:join` and `stream:leave` (spec 02 §6.2): functions that decide on a join, or learn of a leave.
import type { TriggerBinding, TriggerTypeHandler, TriggerTypeInput } from '../../../sdk/handle-types.ts'
import { readCondition, readConfigObject, readOptionalText } from '../../../kit/triggers/trigger-bindings.ts'
import { runBinding, type Caller } from '../../../kit/triggers/binding-call.ts'
import { BindingProblems, type BindingLog } from '../../../kit/triggers/binding-problems.ts'

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
  readonly log: BindingLog
  readonly timeoutMs: () => number
}

export class MembershipTriggers implements TriggerTypeHandler {
  readonly #options: MembershipTriggersOptions
  readonly #entries = new Map<string, Entry>()
  readonly #problems: BindingProblems
  /** Events whose handlers have not been called yet. */
  #undecided = 0
  #onHandedOut: (() => void) | undefined

  constructor(options: MembershipTriggersOptions) {
    this.#options = options
    this.#problems = new BindingProblems(options.log, { consequence: 'it counts as no objection' })
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

  async #runOne({ binding, condition }: Entry, payload: MembershipEvent): Promise<boolean> {
    const timeoutMs = this.#options.timeoutMs()
    const deps = { iii: this.#options.iii, problems: this.#problems }
    const call = { binding, condition, payload, conditionTimeoutMs: timeoutMs, handlerTimeoutMs: timeoutMs }
    if (condition !== undefined) this.#undecided++
    const run = await runBinding(deps, call, condition === undefined ? undefined : { handedOut: () => this.#decided() })
    return run.outcome === 'ran' && (run.result as { unauthorized?: unknown } | null | undefined)?.unauthorized === true
  }

  #decided(): void {
    if (--this.#undecided === 0) this.#onHandedOut?.()
  }
}

const CONFIG_FORMAT = {
  type: 'object',
  additionalProperties: false,
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
