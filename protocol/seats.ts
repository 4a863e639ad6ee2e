// Seats: what the core asks of a plugin, as named roles with a small interface of ordinary calls (design, "The one idea").
// A plugin claims a seat in its definition and registers the seat's function; the core calls that function by its id.
// Here are the questions and answers of each, used by both sides. Every member is always present, unless it is marked optional.
import type { JsonSchema } from '../base/values/json-schema.ts'

/** Roles that the core leaves to a plugin; one holder each. */
export const SEATS = {
  /** Asked once per connection to a listener with `rbac`. While empty such a listener refuses to start. */
  'session-policy': 'engine::seat::session-policy',
  /** Asked for `registerfunction` with `invocation` and for calls to it. While empty the registration is refused and logged. */
  'http-invoker': 'engine::seat::http-invoker',
  /** Gets the telemetry frames of workers. While empty their log records go into the engine's log, others are dropped and counted. */
  telemetry: 'engine::seat::telemetry',
  /** Asked for a plugin's effective settings before it starts. While empty the configuration file alone counts. */
  settings: 'engine::seat::settings',
  /** Asked who runs entries of the configuration that are no plugins. While empty they are skipped with a warning. */
  entries: 'engine::seat::entries',
} as const

export type SeatName = keyof typeof SEATS

/** With what the ids of all of them begin. */
export const SEAT_PREFIX = 'engine::seat::'

export function isSeatName(name: string): name is SeatName {
  return Object.hasOwn(SEATS, name)
}

type JsonObject = Readonly<Record<string, unknown>>

// ── session-policy ───────────────────────────────────────────────────────────────────────────────────────────────────

/** A connection to a listener with `rbac`: who is it, and what does the block say? */
export interface SessionQuestion {
  /** Instance id of the listener. */
  readonly listener: string
  /** The listener's `rbac` block as it is written in the configuration; its filters are read by `expose-filters.ts`. */
  readonly rbac: JsonObject
  /** The listener's middleware, which the core applies whatever the answer is. */
  readonly middleware_function_id: string | null
  /** Of the upgrade request: lower-case names; of a repeated header the last value. */
  readonly headers: Readonly<Record<string, string>>
  /** Percent-decoded; every value in a list. */
  readonly query_params: Readonly<Record<string, readonly string[]>>
  readonly ip_address: string
}

/** A condition under which a function is exposed; `namespace` defaults to `default`. */
export type ExposeFilter =
  | { readonly match: string; readonly namespace?: string }
  | { readonly metadata: Readonly<Record<string, unknown>>; readonly namespace?: string }

/** The complete rights of a session. The core enforces them and adds nothing; an error of the holder refuses the connection. */
export interface SessionAnswer {
  /** Exact ids in the namespace `default`. */
  readonly allowed_functions: readonly string[]
  /** Exact ids in every namespace. Stronger than everything else. */
  readonly forbidden_functions: readonly string[]
  readonly expose_functions: readonly ExposeFilter[]
  /** Namespaces in which the session may announce itself, with ids and patterns that it may call there; `{}` = any, none. */
  readonly namespaces: Readonly<Record<string, readonly string[]>>
  readonly allow_function_registration: boolean
  readonly allow_trigger_type_registration: boolean
  /** null = all. */
  readonly allowed_trigger_types: readonly string[] | null
  /** Put before the ids of functions that the session registers or binds, with `::` between. null = nothing. */
  readonly function_registration_prefix: string | null
  /** Functions that are asked before a registration of the session takes effect. null = none. */
  readonly on_function_registration_function_id: string | null
  readonly on_trigger_registration_function_id: string | null
  readonly on_trigger_type_registration_function_id: string | null
  /** Handed to hooks and middleware. */
  readonly context: JsonObject
  /** Milliseconds, more than 0; when they have passed the session is closed. null = it lasts. */
  readonly expires_in_ms: number | null
}

// ── http-invoker ─────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * Metadata of each call of the seat `http-invoker`. `register`: there is no payload; an error refuses the target, any answer accepts it.
 * `invoke`: the payload is the caller's, as it was sent; answer and error are those of the function. Register the function with `raw: true`
 * to hand both on as they are.
 */
export type HttpInvokerMetadata = HttpInvokerTarget &
  (
    | { readonly action: 'register'; readonly worker_id: string }
    | {
        readonly action: 'invoke'
        readonly traceparent: string | null
        readonly baggage: string | null
        /** The engine waits no longer than this for the answer; null = without end. */
        readonly timeout_ms: number | null
      }
  )

export interface HttpInvokerTarget {
  readonly function_id: string
  /** As the worker sent it. */
  readonly invocation: unknown
  /** The worker that registers it, or has registered it, is a session: connected to a listener with `rbac`. */
  readonly is_session: boolean
}

// ── telemetry ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** `OTLP`: spans, `MTRC`: metrics, `LOGS`: logs. */
export type TelemetrySignal = 'OTLP' | 'MTRC' | 'LOGS'

/**
 * Metadata of each call of the seat `telemetry`. Its payload is what stands behind the four letters of the worker's frame, unchecked:
 * mostly a JSON export, possibly anything. Register the function with `raw: true` and parse what comes with care. No answer.
 */
export interface TelemetryMetadata {
  readonly signal: TelemetrySignal
  /** null for frames that came on `/otel`, and for what built-in workers send. */
  readonly worker_id: string | null
}

// ── settings ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** What the holder is told of a plugin. */
export interface SettingsAbout {
  readonly plugin: string
  /** Other names of the plugin. */
  readonly aliases: readonly string[]
  readonly description: string
  readonly schema: JsonSchema
  /** The `config` block of the file. */
  readonly config: JsonObject
}

/** Where a plugin's settings come from: the configuration file, or what was set at run time. */
export type SettingsFrom = 'file' | 'stored'

/**
 * `resolve`: which settings count? Answered at once and without a side effect. `applied`: the plugin runs with this value, defaults
 * included. `removed`: the plugin has no entry any more. `file`: path of the configuration file, null = there is none.
 */
export type SettingsQuestion = { readonly file: string | null } & (
  | ({ readonly op: 'resolve' } & SettingsAbout)
  | ({ readonly op: 'applied'; readonly value: JsonObject; readonly from: SettingsFrom } & SettingsAbout)
  | { readonly op: 'removed'; readonly plugin: string }
)

/** To `resolve`. */
export interface SettingsAnswer {
  readonly value: JsonObject
  readonly from: SettingsFrom
}

// ── entries ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/** An entry of the configuration that is neither a plugin nor a listener. */
export interface SeatEntry {
  readonly instance_id: string
  /** Canonical. */
  readonly name: string
  readonly written_name: string
  readonly worker_path: string | null
  readonly config: JsonObject
  /** Where it stands, for messages: `iii-config.yaml:12`. */
  readonly origin: string
}

/**
 * `prepare`: which of these entries, which replace those in force, will the holder run? Nothing that others could notice changes yet.
 * Exactly one of `commit` (run those that were taken, end what is not among them) and `discard` (forget the change) follows, unless the
 * holder ends before. With `in_force` the entries are in force already, and told to a holder that has just come: `commit` follows
 * whatever the problems are, and what has one is left out. A rejected `commit` has taken everything back.
 */
export type EntriesQuestion =
  | {
      readonly op: 'prepare'
      /** Names the change. */
      readonly id: string
      readonly in_force: boolean
      readonly entries: readonly SeatEntry[]
      /** Absolute; what relative paths refer to. */
      readonly project_root: string
      /** Path of the configuration file; null = there is none. */
      readonly file: string | null
    }
  | { readonly op: 'commit'; readonly id: string }
  | { readonly op: 'discard'; readonly id: string }

/** To `prepare`. */
export interface EntriesAnswer {
  /** Instance ids of the entries that the holder will run; the others are skipped. */
  readonly taken: readonly string[]
  /** Why the change can't be carried out, or, with `in_force`, why an entry does not run. */
  readonly problems: readonly { readonly instance_id: string; readonly code: string; readonly message: string }[]
}
