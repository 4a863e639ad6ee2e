// What is known of functions and trigger types by their ids: who provides some describes them by adding to these interfaces.

/**
 * Functions whose payloads and results are typed by their ids. The built-in functions are in here; add your own:
 *
 * ```ts
 * declare module 'iii-host/plugin' {
 *   interface KnownFunctions {
 *     'orders::create': { input: { item: string; count: number }; output: { id: string } }
 *   }
 * }
 * ```
 */
export interface KnownFunctions {}

/**
 * Trigger types whose configs and events are typed by their ids. The built-in ones are in here; add your own:
 *
 * ```ts
 * declare module 'iii-host/plugin' {
 *   interface KnownTriggers {
 *     'orders:created': { config: { min_total?: number }; event: { id: string; total: number } }
 *   }
 * }
 * ```
 */
export interface KnownTriggers {}

/** Payload of the function with this id; `any` for an id that nothing is known of. */
export type FunctionInput<Id extends string> = Id extends keyof KnownFunctions
  ? KnownFunctions[Id] extends { input: infer Input }
    ? Input
    : any
  : any

/** Result of the function with this id; `any` for an id that nothing is known of. */
export type FunctionOutput<Id extends string> = Id extends keyof KnownFunctions
  ? KnownFunctions[Id] extends { output: infer Output }
    ? Output
    : any
  : any

/** `config` of a binding to the trigger type with this id; `any` for an id that nothing is known of. */
export type TriggerConfig<Type extends string> = Type extends keyof KnownTriggers
  ? KnownTriggers[Type] extends { config: infer Config }
    ? Config
    : any
  : any

/** What functions that are bound to the trigger type with this id get; `any` for an id that nothing is known of. */
export type TriggerEvent<Type extends string> = Type extends keyof KnownTriggers
  ? KnownTriggers[Type] extends { event: infer Event }
    ? Event
    : any
  : any
