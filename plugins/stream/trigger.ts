// The trigger type `stream` (spec 02 §6.1): which bindings an event concerns, and what their functions get.
import {
  readCondition,
  readConfigObject,
  readOptionalText,
  type BindingFilter,
} from '../../kit/triggers/trigger-bindings.ts'
import type { TriggerTypeInput } from '../../sdk/handle-types.ts'
import { RawJson } from '../../sdk/raw-json.ts'
import type { StreamEvent } from './event.ts'

export interface StreamFilter extends BindingFilter {
  readonly stream: string
  /** undefined = any. */
  readonly group: string | undefined
  readonly item: string | undefined
}

export const STREAM_TRIGGER_TYPE: TriggerTypeInput = {
  id: 'stream',
  description: 'Fires after an item of a stream was created, updated or deleted, and for each event sent to it.',
  trigger_request_format: {
    type: 'object',
    additionalProperties: false,
    required: ['stream_name'],
    properties: {
      stream_name: { type: 'string', minLength: 1, description: 'Only this stream.' },
      group_id: { type: ['string', 'null'], description: 'Only this group; absent or empty = any.' },
      item_id: { type: ['string', 'null'], description: 'Only this item; absent or empty = any.' },
      condition_function_id: {
        type: ['string', 'null'],
        description: 'Gets the event first; exactly false skips the handler.',
      },
    },
  },
  call_request_format: {
    type: 'object',
    required: ['type', 'timestamp', 'streamName', 'groupId', 'id', 'event'],
    properties: {
      type: { const: 'stream' },
      timestamp: { type: 'integer', description: 'Unix milliseconds, strictly increasing per item.' },
      streamName: { type: 'string' },
      groupId: { type: 'string' },
      id: { type: ['string', 'null'], description: 'The item; null for an event sent without one.' },
      event: {
        type: 'object',
        required: ['type'],
        properties: {
          type: { enum: ['create', 'update', 'delete', 'event'] },
          data: { description: 'The new value, or the one that was deleted.' },
          event: {
            type: 'object',
            description: 'For the type `event`, in place of `data`: what was sent.',
            properties: { type: { type: 'string' }, data: {} },
          },
        },
      },
    },
  },
}

export function readStreamFilter(config: unknown): StreamFilter {
  const members = readConfigObject(config)
  const stream = readOptionalText(members, 'stream_name')
  if (stream === undefined || stream === '') {
    throw new TypeError(`\`stream_name\` must name a stream, got ${JSON.stringify(members['stream_name'])}`)
  }
  return {
    stream,
    group: readOptionalText(members, 'group_id') || undefined,
    item: readOptionalText(members, 'item_id') || undefined,
    condition_function_id: readCondition(members),
  }
}

/** Bindings are found by their stream. */
export const STREAM_SUBJECT = {
  of: ({ stream }: StreamFilter): string => stream,
  ofEvent: ({ stream }: StreamEvent): string => stream,
}

/** Asked of the bindings of its stream. */
export function matchesStream({ group, item }: StreamFilter, event: StreamEvent): boolean {
  return (group === undefined || group === event.group) && (item === undefined || item === event.item)
}

export function streamEventPayload(event: StreamEvent): RawJson {
  return new RawJson(event.payload)
}

export function streamEventBytes({ event }: StreamEvent): number {
  return event.length
}
