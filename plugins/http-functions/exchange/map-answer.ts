// What an answer of an endpoint is as the result of a function (spec 06 B.3). Pure.
import { isUtf8 } from 'node:buffer'
import { isRecord } from '../../../base/values/is-record.ts'
import { CodedError } from '../../../protocol/errors.ts'
import { RawJson } from '../../../sdk/raw-json.ts'

export interface MappedAnswer {
  readonly status: number
  readonly contentType: string | undefined
  readonly body: Buffer
}

/** The value of an answer, its text as it came. @throws CodedError of the endpoint, or `http_error`, `invalid_response` */
export function mapAnswer({ status, contentType, body }: MappedAnswer): RawJson | null {
  if (status >= 400) throw errorOf(status, body)
  const isSuccess = status >= 200 && status < 300
  if (body.length === 0) return null
  const text = jsonText(body)
  if (text !== undefined) return new RawJson(text)
  if (!isSuccess) return null
  const type = contentType === undefined ? 'without a content type' : `of type '${contentType.slice(0, 80)}'`
  throw new CodedError('invalid_response', `HTTP ${status} with ${body.length} bytes ${type} that are no JSON`)
}

function errorOf(status: number, body: Buffer): CodedError {
  const text = jsonText(body)
  const parsed: unknown = text === undefined ? undefined : JSON.parse(text)
  const error = isRecord(parsed) ? parsed['error'] : undefined
  if (!isRecord(error)) return new CodedError('http_error', `HTTP ${status}${reasonOf(status)}`)
  const { code, message } = error
  return new CodedError(textOr(code, 'http_error'), textOr(message, 'HTTP request failed'))
}

/** Undefined where it is no JSON. A mark of the byte order is left out: some servers write one. */
function jsonText(body: Buffer): string | undefined {
  if (!isUtf8(body)) return undefined
  const text = body.toString('utf8').replace(/^\ufeff/, '')
  try {
    JSON.parse(text)
    return text
  } catch {
    return undefined
  }
}

function reasonOf(status: number): string {
  // Whoever has an answer has loaded the module; this one is loaded before.
  const reason = process.getBuiltinModule('node:http').STATUS_CODES[status]
  return reason === undefined ? '' : ` ${reason}`
}

function textOr(value: unknown, initial: string): string {
  return typeof value === 'string' && value !== '' ? value : initial
}
