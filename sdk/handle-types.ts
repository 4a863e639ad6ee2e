// The shapes that the `iii` handle takes and returns (spec 08 §3–§7). No behaviour: `handle.ts` has that.
import type { ErrorBody } from '../protocol/errors.ts'
import type { TriggerConfig } from './known-ids.ts'

/**
 * A function's handler. `data` is the payload, null when there is none; with the option `raw` its JSON text. `metadata` is the sidecar of
 * the call or of the trigger that fired.
 */
export type Handler<Input = any, Output = unknown> = (data: Input, metadata?: unknown) => Output | Promise<Output>

export interface FunctionOptions {
  description?: string
  /** JSON-Schema-like; shown in listings, not enforced. */
  request_format?: unknown
  response_format?: unknown
  metadata?: Record<string, unknown>
  /**
   * Default true: channel refs in the payload reach the handler as live readers and writers. False: as plain data, for
   * functions that store values or pass them on. Concerns the handle alone and is not sent.
   */
  live_channel_refs?: boolean
  /**
   * True: the handler gets the payload as its JSON text instead of the value, for functions that store payloads or pass them on. No
   * payload, like null, is the text `null`. The text has not been parsed by anybody: a handler that lets it out again has to make
   * sure that it is JSON. Channel refs stay part of it. Concerns the handle alone and is not sent. Default false.
   */
  raw?: boolean
}

export interface FunctionRef {
  readonly id: string
  unregister(): void
}

export type Action = { type: 'void' } | { type: 'enqueue'; queue: string; [member: string]: unknown }

export interface TriggerRequest {
  function_id: string
  payload?: unknown
  action?: Action
  /** Milliseconds until the call is given up locally with code TIMEOUT. Default 30000. */
  timeoutMs?: number
  /** Resolves with the result as `RawJson`, its text unparsed and exact; undefined for no value. Default false. */
  raw?: boolean
  metadata?: unknown
  namespace?: string
  /** For providers of trigger types: the id of the binding on whose behalf the call is made (spec 09 §4 b). */
  binding?: string
  traceparent?: string
  baggage?: string
}

/** A binding of a function to a trigger type. `config` is typed by the type's id where it is one of `KnownTriggers`. */
export type TriggerInput<Type extends string = string> = {
  /** Id of the trigger type. */
  readonly type: Type
  readonly function_id: string
  /** Handed to the function with each event. */
  readonly metadata?: unknown
  /** Where the function is looked for. Default: the namespace of the plugin. */
  readonly namespace?: string
  /** Where the trigger type is looked for. Default: the namespace of the plugin, then `default`. */
  readonly trigger_namespace?: string
} & ({} extends TriggerConfig<Type>
  ? { readonly config?: TriggerConfig<Type> }
  : { readonly config: TriggerConfig<Type> })

export interface TriggerBinding<Config = any> {
  readonly id: string
  readonly function_id: string
  readonly config: Config
  readonly metadata?: unknown
  readonly namespace?: string
}

export interface TriggerTypeHandler<Config = any> {
  /** Throwing refuses the binding with `trigger_registration_failed`. The same id again replaces the earlier binding. */
  registerTrigger(binding: TriggerBinding<Config>): void | Promise<void>
  unregisterTrigger(binding: { readonly id: string }): void | Promise<void>
}

export interface TriggerTypeInput {
  id: string
  description?: string
  /**
   * JSON Schema of the `config` of bindings, shown in listings. With `additionalProperties: false` a binding with a member that it does
   * not name is refused with `trigger_registration_failed`, before the handler sees it; nothing else of it is checked.
   */
  trigger_request_format?: unknown
  /** JSON Schema of what bound functions get; shown in listings. */
  call_request_format?: unknown
}

export interface ChannelRef {
  channel_id: string
  access_key: string
  direction: 'read' | 'write'
}

export type { ErrorBody }
