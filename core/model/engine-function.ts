// A function of the engine itself, and what those who declare one share (spec 04 part C).
import type { LocalContext, LocalHandler } from './function-entry.ts'
import { Input } from './input.ts'

export interface EngineFunction {
  readonly id: string
  readonly description: string
  readonly requestFormat: unknown
  readonly responseFormat: unknown
  /** Hides it from listings that do not ask for internal functions. */
  readonly internal?: boolean
  /** It carries parts of its input on: numbers that a double would round are `ExactNumber`. */
  readonly exact?: boolean
  readonly handler: LocalHandler
}

/** A handler that gets its input as a reader of members. */
export function reading(id: string, handler: (input: Input, context: LocalContext) => unknown): LocalHandler {
  return (raw, context) => handler(new Input(id, raw), context)
}

/** Schema of an object with these members, for descriptions. */
export function objectSchema(properties: Readonly<Record<string, unknown>>, required: readonly string[] = []): unknown {
  return { type: 'object', properties, ...(required.length === 0 ? {} : { required }) }
}

/** Schema of an answer: it always has all of these members. */
export function answerSchema(properties: Readonly<Record<string, unknown>>): unknown {
  return objectSchema(properties, Object.keys(properties))
}

export const STRING = { type: 'string' } as const
export const STRINGS = { type: 'array', items: STRING } as const
export const BOOLEAN = { type: 'boolean' } as const
export const INTEGER = { type: 'integer' } as const
export const OBJECT = { type: 'object' } as const
export const OBJECTS = { type: 'array', items: OBJECT } as const
