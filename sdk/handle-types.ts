// The shapes that the `iii` handle takes and returns (spec 08 §3–§7). No behaviour: `handle.ts` has that.
import type { ErrorBody } from '../protocol/errors.ts'
import type { TriggerConfig } from './known-ids.ts'

/**
 * A function's handler. `data` is the payload, null when there is none; with the option `raw` its JSON text. `metadata` is the sidecar of
 * the call or of the trigger that fired.
 */
export type Handler<Input = any, Output = unknown> = (data: Input, metadata?: unknown) => Output | Promise<Output>

/** What is said of a function when it is registered. */
export interface FunctionOptions {
  /** A sentence, shown in listings. */
  description?: string
  /** JSON Schema of the payload; shown in listings, not enforced. */
  request_format?: unknown
  /** JSON Schema of the result; shown in listings, not enforced. */
  response_format?: unknown
  /** Anything that others may want to know of the function, such as tags; shown in listings. */
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

/** A function that was registered. */
export interface FunctionRef {
  readonly id: string
  /** From now on it can't be called; what runs ends by itself. A second call does nothing. */
  unregister(): void
}

/** How a call is made where its result is not waited for: `TriggerAction` makes them. */
export type Action = { type: 'void' } | { type: 'enqueue'; queue: string; [member: string]: unknown }

/** A call of any function; what `iii.trigger` takes, but for the types that go with an id. */
export interface TriggerRequest {
  /** Id of the function, such as `orders::create`. */
  function_id: string
  /** Any value that JSON can express, or `RawJson`. Left out, the function gets null. */
  payload?: unknown
  /** Default: the call waits for the result. */
  action?: Action
  /** Milliseconds until the call is given up locally with code TIMEOUT. Default 30000. */
  timeoutMs?: number
  /** Resolves with the result as `RawJson`, its text unparsed and exact; undefined for no value. Default false. */
  raw?: boolean
  /** Handed to the function as its second argument. */
  metadata?: unknown
  /** Where the function is looked for. Default: the caller's own namespace, `default` for plugins. */
  namespace?: string
  /** For providers of trigger types: the id of the binding on whose behalf the call is made. */
  binding?: string
  /** W3C trace context. Default: that of the call for which the handler runs. */
  traceparent?: string
  /** W3C baggage. Default: that of the call for which the handler runs. */
  baggage?: string
}

/**
 * A binding of a function to a trigger type. Its `config` says of which events, as the type's page does; it is typed by the type's id where
 * that is one of `KnownTriggers`.
 */
export type TriggerInput<Type extends string = string> = {
  /** Id of the trigger type. */
  readonly type: Type
  /** By which the binding is listed; another binding under the same id takes its place. Default: a random one. */
  readonly id?: string
  /** The function that gets the events. It need not exist yet. */
  readonly function_id: string
  /** Handed to the function with each event, as its second argument. */
  readonly metadata?: unknown
  /** Where the function is looked for. Default: the binder's own namespace, `default` for plugins. */
  readonly namespace?: string
  /** Where the trigger type is looked for. Default: the binder's own namespace, then `default`. */
  readonly trigger_namespace?: string
} & ({} extends TriggerConfig<Type>
  ? { readonly config?: TriggerConfig<Type> }
  : { readonly config: TriggerConfig<Type> })

/** A binding as the provider of its trigger type gets it. */
export interface TriggerBinding<Config = any> {
  readonly id: string
  /** The function to call with each event. */
  readonly function_id: string
  /** What the binder has written; checked by nobody. */
  readonly config: Config
  /** To be passed on with each call, as it is: a number in it that JavaScript would round is the object that `JSON.rawJSON` makes. */
  readonly metadata?: unknown
  /** Namespace of the function; left out for `default`. */
  readonly namespace?: string
  /** Id of the worker that bound it, where that is a session of a listener with `rbac`. Built-in workers are told, others never. */
  readonly session?: string
}

/** What the provider of a trigger type does with bindings. */
export interface TriggerTypeHandler<Config = any> {
  /** Throwing refuses the binding with `trigger_registration_failed`. The same id again replaces the earlier binding. */
  registerTrigger(binding: TriggerBinding<Config>): void | Promise<void>
  /**
   * The binding is to be fired no more. `deliberate`: somebody has unregistered it, or bound something else under its id. False: its
   * owner has gone, and may be back soon, or another provider has the binding now: then `moved` is true. External workers as providers are
   * always told false.
   */
  unregisterTrigger(binding: {
    readonly id: string
    readonly deliberate: boolean
    readonly moved: boolean
  }): void | Promise<void>
}

/** What is said of a trigger type when it is registered. */
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

/** Names an end of a channel; plain data that may stand in payloads and results. */
export interface ChannelRef {
  channel_id: string
  access_key: string
  direction: 'read' | 'write'
}

/**
 * A function that the engine calls over HTTP instead of the connection: its payload is the body of a request, its result what is answered.
 * A registration that the engine refuses is reported as a problem, with the reason.
 */
export interface HttpInvocation {
  /** `https://…`. */
  url: string
  /** Default POST. */
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** For all of a call, retries included. Default 30000, at most 60000. */
  timeout_ms?: number
  /** Of each request. */
  headers?: Record<string, string>
  /** How requests are signed in; `…_key` names an environment variable of the engine. Default: they are not. */
  auth?:
    | { type: 'bearer'; token_key: string }
    | { type: 'api_key'; header: string; value_key: string }
    | { type: 'hmac'; secret_key: string }
  /** Repeats requests that failed, POST and PATCH only with `non_idempotent`. Default: one attempt. */
  retry?: { attempts: number; backoff_ms?: number; max_backoff_ms?: number; non_idempotent?: boolean }
  /** Leaves the host alone for `open_ms` (10000) after so many failures one after the other. Default: as the engine is configured. */
  circuit_breaker?: { failures: number; open_ms?: number }
}

/** A binding that was made. */
export interface TriggerRef {
  readonly id: string
  /** The function gets no events by it from now on. */
  unregister(): void
}

/** What `registerTriggerType` returns; `unregister` drops the type, `registerFunction` registers a function and binds it. */
export interface TriggerTypeRef<Config = any> {
  readonly id: string
  registerTrigger(functionId: string, config: Config, metadata?: unknown): TriggerRef
  registerFunction(functionId: string, handler: Handler, config: Config, metadata?: unknown): FunctionRef
  unregister(): void
}

/** A stream of text and binary items with two ends, each of which may be used here or be passed on by its ref. */
export interface ChannelOf<Reader, Writer> {
  readonly writer: Writer
  readonly reader: Reader
  /** For a payload or result: whoever gets it writes. */
  readonly writerRef: ChannelRef
  /** For a payload or result: whoever gets it reads. */
  readonly readerRef: ChannelRef
}

/** What is listed: also what the engine has of its own. Default: not. True or false alone means the same. */
export type ListOptions = boolean | { readonly include_internal?: boolean }

export type { ErrorBody }
