// Parts of the document that are the same for all routes: how errors are answered.
import type { ErrorShape } from '../../response/error-envelope.ts'

export const ERROR_RESPONSE = '#/components/responses/Error'
export const INVALID_RESPONSE = '#/components/responses/InvalidRequest'

export function sharedSchemas(shape: ErrorShape): Record<string, object> {
  return { Error: shape === 'legacy' ? LEGACY_ERROR : ERROR, Problem: PROBLEM }
}

export function sharedResponses(): Record<string, object> {
  return {
    Error: {
      description: 'The request was not served.',
      content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
    },
    InvalidRequest: {
      description: 'The request does not fit the format of the function.',
      content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
    },
  }
}

const ERROR = {
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['code', 'message'],
      properties: {
        code: { type: 'string' },
        message: { type: 'string' },
        error_id: { type: 'string', description: 'Under which the log tells more.' },
      },
    },
    skipped: { type: 'boolean', description: 'The condition of the route was not met.' },
  },
}

const LEGACY_ERROR = {
  type: 'object',
  required: ['error'],
  properties: { error: { type: 'string' }, error_id: { type: 'string' }, skipped: { type: 'boolean' } },
}

const PROBLEM = {
  type: 'object',
  required: ['type', 'title', 'status', 'errors'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    instance: { type: 'string' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        required: ['pointer', 'rule', 'message'],
        properties: { pointer: { type: 'string' }, rule: { type: 'string' }, message: { type: 'string' } },
      },
    },
  },
}
