// What a worker says of its streamed response before its first byte (spec 06 A.8): status and headers. Pure.
import { isRecord } from '../../../base/values/is-record.ts'
import type { HeaderList } from '../response/answer.ts'
import { headerFault, wireValue } from '../response/header-rules.ts'
import type { OnInvalidHeader } from '../response/map-result.ts'

const LEAST_STATUS = 200
const LARGEST_STATUS = 599

/** Headers that one response may be given; further ones are left out. */
export const MAX_STREAM_HEADERS = 256
/** A longer message says nothing. */
export const MAX_CONTROL_CHARACTERS = 65_536

/** The head of a streamed response, as far as it is known. */
export class StreamHead {
  status = 200
  readonly #headers = new Map<string, string>()
  readonly #onInvalidHeader: OnInvalidHeader

  constructor(onInvalidHeader: OnInvalidHeader) {
    this.#onInvalidHeader = onInvalidHeader
  }

  get headers(): HeaderList {
    return [...this.#headers]
  }

  /** Of what the worker says is sent; undefined = it does not say. */
  get contentType(): string | undefined {
    return this.#headers.get('content-type')
  }

  /** Anything but these two messages says nothing. */
  take(text: string): void {
    if (text.length > MAX_CONTROL_CHARACTERS) return
    const message = parsed(text)
    if (!isRecord(message)) return
    if (message['type'] === 'set_status') this.#setStatus(message['status_code'])
    else if (message['type'] === 'set_headers' && isRecord(message['headers'])) this.#setHeaders(message['headers'])
  }

  /** After 1xx a client goes on waiting: those are never the status of a response. */
  #setStatus(status: unknown): void {
    const isStatus = typeof status === 'number' && Number.isInteger(status)
    if (isStatus && status >= LEAST_STATUS && status <= LARGEST_STATUS) this.status = status
  }

  #setHeaders(headers: Record<string, unknown>): void {
    for (const [givenName, value] of Object.entries(headers)) {
      if (typeof value !== 'string') continue
      const name = givenName.toLowerCase()
      const fault = headerFault(name, value)
      if (fault === 'invalid' || (name === 'content-length' && !/^\d{1,15}$/.test(value)))
        this.#onInvalidHeader(givenName)
      else if (fault === undefined && (this.#headers.has(name) || this.#headers.size < MAX_STREAM_HEADERS))
        this.#headers.set(name, wireValue(value))
    }
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
