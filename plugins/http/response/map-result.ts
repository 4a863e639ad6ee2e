// What a function returned as an HTTP answer (spec 06 A.7). Pure. Two ways with equal answers: from the value, and from its JSON text, of
// which the body is not parsed where it is sent as JSON anyway, so that its numbers stay exact.
import { isRecord } from '../../../base/values/is-record.ts'
import { hasNoBody, type Answer, type HeaderList } from './answer.ts'
import { bufferBytes } from './buffer-shape.ts'
import { headerFault, wireValue } from './header-rules.ts'
import { findResultMembers } from './result-members.ts'

/** Told of each header that is not sent, for the log. Framing headers are left out without a word. */
export type OnInvalidHeader = (name: string) => void

/** Told of a result that says something, but not in the members that are sent. */
export type OnNoMember = () => void

/** Null, undefined and whatever is no object give 200 and `{}`. */
export function mapResult(result: unknown, onInvalidHeader?: OnInvalidHeader): Answer {
  const { statusCode, status_code = statusCode, headers, body } = isRecord(result) ? result : {}
  return answer(status_code, headers, new ParsedBody(body), onInvalidHeader)
}

/**
 * As `mapResult` of the parsed text; a body that goes out as JSON is the text as it was written.
 * @param json valid JSON.
 */
export function mapRawResult(json: string, onInvalidHeader?: OnInvalidHeader, onNoMember?: OnNoMember): Answer {
  const { statusCodeOfPython, statusCode = statusCodeOfPython, headers, body } = findResultMembers(json)
  if (statusCode === undefined && headers === undefined && body === undefined && json !== '{}') onNoMember?.()
  return answer(parsed(statusCode), parsed(headers), new RawBody(body), onInvalidHeader)
}

function parsed(json: string | undefined): unknown {
  return json === undefined ? undefined : JSON.parse(json)
}

interface ResultBody {
  /** `{}` where there is none. */
  asJson(): string
  /** For a content type that the function has set. */
  asTyped(isJson: boolean): string | Uint8Array
}

class ParsedBody implements ResultBody {
  readonly #value: unknown

  constructor(value: unknown) {
    this.#value = value
  }

  asJson(): string {
    return this.#value === undefined ? '{}' : JSON.stringify(this.#value)
  }

  asTyped(isJson: boolean): string | Uint8Array {
    if (typeof this.#value === 'string') return this.#value
    if (this.#value === null) return ''
    return (isJson ? undefined : bufferBytes(this.#value)) ?? this.asJson()
  }
}

class RawBody implements ResultBody {
  readonly #json: string | undefined

  constructor(json: string | undefined) {
    this.#json = json
  }

  asJson(): string {
    return this.#json ?? '{}'
  }

  asTyped(isJson: boolean): string | Uint8Array {
    const json = this.asJson()
    switch (json.charCodeAt(0)) {
      case QUOTE:
        return JSON.parse(json) as string
      case LETTER_N:
        return ''
      case OPEN_BRACE:
        // The word can stand in any object, but no such object comes without it.
        return (!isJson && json.includes('"Buffer"') ? bufferBytes(JSON.parse(json)) : undefined) ?? json
      default:
        return json
    }
  }
}

const QUOTE = 0x22
const LETTER_N = 0x6e
const OPEN_BRACE = 0x7b

function answer(statusCode: unknown, given: unknown, body: ResultBody, onInvalidHeader?: OnInvalidHeader): Answer {
  const status = answerStatus(statusCode)
  const { headers, contentType, isAscii } = readHeaders(given, onInvalidHeader)
  if (hasNoBody(status)) return { status, headers, body: '' }
  if (contentType === undefined) headers.push(JSON_TYPE)
  const content =
    contentType === undefined ? body.asJson() : body.asTyped(contentType.toLowerCase().includes('application/json'))
  // Node writes a text together with the headers, which it would encode once more.
  return { status, headers, body: isAscii || typeof content !== 'string' ? content : Buffer.from(content) }
}

const JSON_TYPE = ['content-type', 'application/json'] as const

/**
 * 200 for what is no status, and for 1xx, after which clients go on waiting for the answer.
 * @param status what a function gave: in a result, in a `set_status`, or in the answer of a middleware.
 */
export function answerStatus(status: unknown): number {
  return typeof status === 'number' && Number.isInteger(status) && status >= 200 && status <= 999 ? status : 200
}

interface ReadHeaders {
  readonly headers: HeaderList
  contentType: string | undefined
  isAscii: boolean
}

function readHeaders(given: unknown, onInvalidHeader: OnInvalidHeader | undefined): ReadHeaders {
  const into: ReadHeaders = { headers: [], contentType: undefined, isAscii: true }
  if (Array.isArray(given)) {
    for (const line of given as unknown[]) addLine(into, line, onInvalidHeader)
  } else if (isRecord(given)) {
    for (const name of Object.keys(given)) {
      const value = given[name]
      if (typeof value === 'string') addHeader(into, name, value, true, onInvalidHeader)
    }
  }
  return into
}

/** `Name: value`, of which there may be several with one name. */
function addLine(into: ReadHeaders, line: unknown, onInvalidHeader: OnInvalidHeader | undefined): void {
  if (typeof line !== 'string') return
  const colon = line.indexOf(':')
  const name = colon === -1 ? '' : line.slice(0, colon).trim()
  if (name !== '') addHeader(into, name, line.slice(colon + 1).trim(), false, onInvalidHeader)
}

function addHeader(
  into: ReadHeaders,
  givenName: string,
  givenValue: string,
  isUnique: boolean,
  onInvalidHeader: OnInvalidHeader | undefined,
): void {
  const name = givenName.toLowerCase()
  const fault = headerFault(name, givenValue)
  if (fault === 'invalid') onInvalidHeader?.(givenName)
  // The body is counted when it is known.
  if (fault !== undefined || name === 'content-length') return
  const value = wireValue(givenValue)
  if (value !== givenValue) into.isAscii = false
  if (name === 'content-type') {
    into.contentType = value
    isUnique = true
  }
  if (isUnique) dropHeader(into.headers, name)
  into.headers.push([name, value])
}

function dropHeader(headers: HeaderList, name: string): void {
  const index = headers.findIndex((header) => header[0] === name)
  if (index !== -1) headers.splice(index, 1)
}
