// What a link may do, as plain data, and the one place that enforces it (design, "The one idea"; spec 04 B.4, 09 §4).

/** A condition under which a function is exposed (spec 04 B.2); `namespace` defaults to `default`. */
export type ExposeFilter =
  | { readonly match: string; readonly namespace?: string }
  | { readonly metadata: Readonly<Record<string, unknown>>; readonly namespace?: string }

/** Rights of a connection to a listener with `rbac` (spec 04 B.3). */
export interface SessionRights {
  readonly allowedFunctions: readonly string[]
  readonly forbiddenFunctions: readonly string[]
  /** undefined = all. */
  readonly allowedTriggerTypes: readonly string[] | undefined
  readonly allowFunctionRegistration: boolean
  readonly allowTriggerTypeRegistration: boolean
  readonly context: Readonly<Record<string, unknown>>
  readonly prefix: string | undefined
  readonly namespaces: Readonly<Record<string, readonly string[]>>
  readonly expose: readonly ExposeFilter[]
  readonly expiresAt: number | undefined
  readonly onFunctionRegistration: string | undefined
  readonly onTriggerRegistration: string | undefined
  readonly onTriggerTypeRegistration: string | undefined
}

export type Policy =
  /** The engine's own worker: everything. */
  | { readonly kind: 'engine' }
  /** Plain listener: calls everything, registers everything but reserved ids. */
  | { readonly kind: 'trusted'; readonly middleware: string | undefined }
  /** A plugin. `builtIn` (or a replacement of one): may register reserved ids and claim seats. `allow`: patterns of callable ids. */
  | { readonly kind: 'plugin'; readonly plugin: string; readonly builtIn: boolean; readonly allow: readonly string[] | undefined }
  /** Session of a listener with `rbac`. */
  | { readonly kind: 'session'; readonly rights: SessionRights; readonly middleware: string | undefined }
