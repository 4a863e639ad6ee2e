// The trigger type `configuration` (spec 04 A.9.5): which bindings a change concerns, and what their functions get.
import type { JsonValue } from '../../base/values/json-value.ts'
import {
  readCondition,
  readConfigObject,
  readOptionalText,
  type BindingFilter,
} from '../../kit/triggers/trigger-bindings.ts'
import type { TriggerTypeInput } from '../../sdk/handle-types.ts'
import { describeEntry, type ConfigurationSchema, type Entry } from './entry.ts'

const CHANGE_TYPES = ['configuration:registered', 'configuration:updated', 'configuration:deleted'] as const
export type ChangeType = (typeof CHANGE_TYPES)[number]

export interface ConfigurationChange {
  readonly type: ChangeType
  readonly entry: Entry
  /** Other ids of the entry. */
  readonly aliases: readonly string[]
  /** Raw; null = none. */
  readonly oldValue: JsonValue
  readonly newValue: JsonValue
}

export interface ChangeFilter extends BindingFilter {
  /** undefined = any. */
  readonly configurationId: string | undefined
  readonly types: readonly string[] | undefined
}

export const CONFIGURATION_TRIGGER_TYPE: TriggerTypeInput = {
  id: 'configuration',
  description: 'Fires after a configuration entry was registered, updated or deleted.',
  trigger_request_format: {
    type: 'object',
    additionalProperties: false,
    properties: {
      configuration_id: { type: ['string', 'null'], description: 'Only this entry; absent = any.' },
      event_types: {
        type: ['array', 'null'],
        items: { enum: CHANGE_TYPES },
        description: 'Only these; absent = all.',
      },
      condition_function_id: {
        type: ['string', 'null'],
        description: 'Gets the event first; exactly false skips the handler.',
      },
    },
  },
  call_request_format: {
    type: 'object',
    required: ['type', 'event_type', 'id', 'name', 'description', 'schema', 'old_value', 'new_value'],
    properties: {
      type: { const: 'configuration' },
      event_type: { enum: CHANGE_TYPES },
      id: { type: 'string' },
      name: { type: 'string' },
      description: { type: 'string' },
      schema: { description: 'JSON Schema; null when its owner has not registered.' },
      old_value: { description: 'Placeholders expanded; null when there was none.' },
      new_value: { description: 'Placeholders expanded; null when there is none, or the entry was deleted.' },
      metadata: {},
    },
  },
}

export function readChangeFilter(config: unknown): ChangeFilter {
  const members = readConfigObject(config)
  return {
    configurationId: readOptionalText(members, 'configuration_id'),
    types: readTypes(members['event_types']),
    condition_function_id: readCondition(members),
  }
}

export function matchesChange({ configurationId, types }: ChangeFilter, change: ConfigurationChange): boolean {
  if (types !== undefined && !types.includes(change.type)) return false
  return (
    configurationId === undefined || configurationId === change.entry.id || change.aliases.includes(configurationId)
  )
}

/** `expand` leaves strings as they are whose variables are not set. */
export function changePayload(
  { type, entry, oldValue, newValue }: ConfigurationChange,
  expand: (value: JsonValue, schema: ConfigurationSchema | undefined) => JsonValue,
): Readonly<Record<string, unknown>> {
  return {
    type: 'configuration',
    event_type: type,
    ...describeEntry(entry),
    old_value: expand(oldValue, entry.schema),
    new_value: expand(newValue, entry.schema),
  }
}

/** About what an event holds while it waits. */
export function changeBytes({ entry, oldValue, newValue }: ConfigurationChange): number {
  return JSON.stringify([entry.schema, oldValue, newValue]).length
}

function readTypes(value: unknown): readonly string[] | undefined {
  if (value === undefined || value === null) return undefined
  if (!Array.isArray(value)) throw new TypeError(`\`event_types\` must be an array, got ${JSON.stringify(value)}`)
  const unknown = value.find((type) => !CHANGE_TYPES.some((known) => known === type))
  if (unknown === undefined) return value as string[]
  throw new TypeError(`\`event_types\` has ${JSON.stringify(unknown)}; known are ${CHANGE_TYPES.join(', ')}`)
}
