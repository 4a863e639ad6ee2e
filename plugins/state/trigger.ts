// The trigger type `state` (spec 02 §5): which bindings an event concerns, and what their functions get.
import {
  readCondition,
  readConfigObject,
  readOptionalText,
  type BindingFilter,
} from '../../kit/triggers/trigger-bindings.ts'
import type { TriggerTypeInput } from '../../sdk/handle-types.ts'
import { RawJson } from '../../sdk/raw-json.ts'

export interface StateEvent {
  readonly type: 'state:created' | 'state:updated' | 'state:deleted'
  readonly scope: string
  readonly key: string
  /** JSON text; undefined = no value. */
  readonly oldValue: string | undefined
  readonly newValue: string | undefined
}

export interface StateFilter extends BindingFilter {
  /** undefined = any. */
  readonly scope: string | undefined
  readonly key: string | undefined
}

export const STATE_TRIGGER_TYPE: TriggerTypeInput = {
  id: 'state',
  description: 'Fires after a value was created, updated or deleted.',
  trigger_request_format: {
    type: 'object',
    additionalProperties: false,
    properties: {
      scope: { type: ['string', 'null'], description: 'Only this scope; absent = any.' },
      key: { type: ['string', 'null'], description: 'Only this key; absent = any.' },
      condition_function_id: {
        type: ['string', 'null'],
        description: 'Gets the event first; exactly false skips the handler.',
      },
      // Programs send it that were written for iii, where it never had an effect (spec 02 §5).
      event_types: { description: 'Accepted without effect: the payload says by `event_type` what has happened.' },
    },
  },
  call_request_format: {
    type: 'object',
    required: ['type', 'event_type', 'scope', 'key', 'old_value', 'new_value'],
    properties: {
      type: { const: 'state' },
      event_type: { enum: ['state:created', 'state:updated', 'state:deleted'] },
      scope: { type: 'string' },
      key: { type: 'string' },
      old_value: { description: 'null when there was none.' },
      new_value: { description: 'null when it was deleted.' },
    },
  },
}

export function readStateFilter(config: unknown): StateFilter {
  const members = readConfigObject(config)
  return {
    scope: readOptionalText(members, 'scope'),
    key: readOptionalText(members, 'key'),
    condition_function_id: readCondition(members),
  }
}

/** Bindings are found by their scope. */
export const STATE_SUBJECT = {
  of: ({ scope }: StateFilter): string | undefined => scope,
  ofEvent: ({ scope }: StateEvent): string => scope,
}

/** Asked of the bindings of its scope, and of those that name none. */
export function matchesState({ key }: StateFilter, event: StateEvent): boolean {
  return key === undefined || key === event.key
}

export function stateEventPayload({ type, scope, key, oldValue, newValue }: StateEvent): RawJson {
  return new RawJson(
    `{"type":"state","event_type":"${type}","scope":${JSON.stringify(scope)},"key":${JSON.stringify(key)},` +
      `"old_value":${oldValue ?? 'null'},"new_value":${newValue ?? 'null'}}`,
  )
}

export function stateEventBytes({ oldValue, newValue }: StateEvent): number {
  return (oldValue?.length ?? 4) + (newValue?.length ?? 4)
}

/** Events of one key reach a handler in the order of the writes. */
export function stateEventOrder({ scope, key }: StateEvent): string {
  return `${scope.length}:${scope}${key}`
}
