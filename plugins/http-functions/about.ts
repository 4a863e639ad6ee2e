// What others need to know of `iii-http-functions`.
import type { BuiltInAbout } from '../../sdk/built-in.ts'

export const about = {
  name: 'iii-http-functions',
  classes: ['modules::http_functions::HttpFunctionsModule'],
  seats: ['http-invoker'],
  mandatory: true,
  errors: {
    url_validation_failed:
      'The URL of an HTTP-invoked function is not one that the security settings allow; the message says which rule.',
    invalid_invocation: 'A member of the `invocation` of an HTTP-invoked function has the wrong shape.',
    secret_not_found: 'The environment variable that `auth.secret_key` names is not set, or may not be named.',
    token_not_found: 'The environment variable that `auth.token_key` names is not set, or may not be named.',
    api_key_not_found: 'The environment variable that `auth.value_key` names is not set, or may not be named.',
    http_request_failed:
      'The endpoint of an HTTP-invoked function gave no answer: no connection, a time-out. It may have seen the request.',
    http_response_failed: 'The answer of the endpoint of an HTTP-invoked function broke off, or can not be decoded.',
    http_error: 'The endpoint of an HTTP-invoked function answered with a status from 400 on, and no code of its own.',
    invalid_response: 'The endpoint of an HTTP-invoked function answered with a success that is no JSON.',
    response_too_large: 'The answer of an endpoint is longer than `max_response_bytes`.',
    circuit_open: 'The endpoint has failed so often that it is left alone for a while. The request was not made.',
  },
  config: async () => (await import('./config.ts')).HTTP_FUNCTIONS_SCHEMA,
  bounds: async () => (await import('./bounds.ts')).BOUNDS,
} as const satisfies BuiltInAbout
