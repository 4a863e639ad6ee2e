// What functions that are bound to `engine::functions-changed` get.

/** Which functions came and which went. */
export interface FunctionsChanged {
  /** First everything that is there, then what is new. */
  readonly added: readonly ChangedFunction[]
  /** What can't be called any more. */
  readonly removed: readonly ChangedFunction[]
}

/** By namespace and id: the same id may be in several namespaces. */
export interface ChangedFunction {
  readonly function_id: string
  readonly namespace: string
}
