// JSON Schemas that functions of several built-in workers publish. They are shown in listings; decoding does not use them.
import type { JsonSchema } from '../../sdk/plugin.ts'
import { UPDATE_OPERATION_TYPES } from '../update/operation.ts'

/** Schema of any JSON value. */
export const ANY_VALUE: JsonSchema = { description: 'Any JSON value.' }
/** Schemas of `old_value` and `new_value`, as writes answer them. */
export const OLD_AND_NEW = {
  old_value: { description: 'The value before; null when there was none.' },
  new_value: { description: 'The value after.' },
}

/** Schema of the operations of the update language. */
export const UPDATE_OPERATIONS: JsonSchema = {
  type: 'array',
  items: {
    type: 'object',
    required: ['type'],
    properties: {
      type: { enum: UPDATE_OPERATION_TYPES },
      path: {
        description:
          'A member name, dots included; "" = the root. merge and append also take an array of names, null, or nothing.',
        anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }, { type: 'null' }],
      },
      value: { description: 'For set, merge and append.' },
      by: { type: 'integer', description: 'For increment and decrement.' },
    },
  },
}

/** Schema of the operations that failed, as updates answer them. */
export const UPDATE_ERRORS: JsonSchema = {
  type: 'array',
  description: 'Operations that failed and changed nothing; absent when there are none.',
  items: {
    type: 'object',
    required: ['op_index', 'code', 'message'],
    properties: { op_index: { type: 'integer' }, code: { type: 'string' }, message: { type: 'string' } },
  },
}

/** The JSON Schema of an object from its properties and the names of the required ones. */
export function objectSchema(
  properties: Readonly<Record<string, JsonSchema>>,
  required: readonly string[],
): JsonSchema {
  return { type: 'object', properties, required }
}
