// The trigger type `http` (spec 06 A.3): what bindings say, and what bound functions get.
import type { TriggerTypeInput } from '../../sdk/handle-types.ts'

export const HTTP_TRIGGER_TYPE: TriggerTypeInput = {
  id: 'http',
  description: 'Calls the function with each HTTP request of a route and sends what it returns.',
  trigger_request_format: {
    type: 'object',
    required: ['api_path'],
    properties: {
      api_path: {
        type: 'string',
        description: 'Path of the route; a segment `:name` is a parameter, a last segment `*` takes the rest.',
      },
      http_method: {
        type: 'string',
        description: 'GET, POST, PUT, DELETE, PATCH, HEAD or OPTIONS, in any case. Default GET.',
      },
      condition_function_id: {
        type: 'string',
        description: 'Gets the request without its channels first; exactly false answers 422.',
      },
      middleware_function_ids: {
        type: 'array',
        items: { type: 'string' },
        description: 'Functions that are called in this order before the handler, each of which may answer instead.',
      },
      validate: {
        type: 'boolean',
        description:
          'Whether requests are held against the format of the function. Default: as `validate_requests` says.',
      },
    },
  },
  call_request_format: {
    type: 'object',
    required: ['query_params', 'path_params', 'headers', 'path', 'method', 'body', 'trigger'],
    properties: {
      query_params: {
        type: 'object',
        additionalProperties: { type: 'string' },
        description: 'Decoded; the last of equal names.',
      },
      path_params: { type: 'object', additionalProperties: { type: 'string' }, description: 'By name, not decoded.' },
      headers: { type: 'object', additionalProperties: { type: 'string' }, description: 'By lower-case name.' },
      path: { type: 'string', description: '`api_path` as it was bound.' },
      method: { type: 'string' },
      url: { type: 'string', description: 'Path and query as they were sent.' },
      body: { description: 'The value of a JSON body, else null.' },
      trigger: {
        type: 'object',
        required: ['type', 'path', 'method'],
        properties: { type: { const: 'http' }, path: { type: 'string' }, method: { type: 'string' } },
      },
      request_body: { description: 'Channel: the bytes of the body, to be read.' },
      response: { description: 'Channel: a response that is streamed, to be written.' },
    },
  },
}

/** The name in workers of old: the same in everything else (spec 06 A.1). */
export const LEGACY_TRIGGER_TYPE: TriggerTypeInput = {
  ...HTTP_TRIGGER_TYPE,
  id: 'api',
  description: 'The old name of `http`.',
}
