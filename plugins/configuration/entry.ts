// A configuration entry (spec 04 A.9): what is known of it, and what others are shown. No behaviour.
import type { JsonValue } from '../../base/values/json-value.ts'

/** JSON Schema; true allows everything. */
export type ConfigurationSchema = Readonly<Record<string, unknown>> | boolean

export interface Entry {
  readonly id: string
  readonly name: string
  readonly description: string
  /** undefined = loaded from the store, and its owner has not registered in this process. */
  readonly schema: ConfigurationSchema | undefined
  /** As written, placeholders not expanded; null = none. */
  readonly value: JsonValue
  readonly metadata: JsonValue | undefined
}

/** An entry as listings show it: never with its value. */
export interface EntryDescription {
  readonly id: string
  readonly name: string
  readonly description: string
  readonly schema: ConfigurationSchema | null
  readonly metadata?: JsonValue
}

export function describeEntry({ id, name, description, schema, metadata }: Entry): EntryDescription {
  return { id, name, description, schema: schema ?? null, ...(metadata === undefined ? {} : { metadata }) }
}
