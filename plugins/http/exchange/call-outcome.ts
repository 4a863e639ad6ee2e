// What a call on behalf of a request has come to.
import type { RawJson } from '../../../sdk/raw-json.ts'
import type { FailureText } from '../response/error-envelope.ts'

export function valueOf(result: RawJson | undefined): unknown {
  return result === undefined ? undefined : JSON.parse(result.json)
}

export function failureOf(thrown: unknown): FailureText {
  const { code = 'INTERNAL_ERROR', message = String(thrown) } = (thrown ?? {}) as { code?: string; message?: string }
  // The handle puts the code in front.
  return { code, message: message.startsWith(`${code}: `) ? message.slice(code.length + 2) : message }
}
