// The headers of a request (spec 06 B.2). Pure.
import type { Auth } from '../target/auth.ts'
import { isHeaderValue, type Header } from '../target/header-rules.ts'

export interface HeaderInput {
  readonly functionId: string
  /** Random, of this call alone. */
  readonly invocationId: string
  /** Unix seconds. */
  readonly timestamp: string
  /** undefined = there is none. */
  readonly body: Buffer | undefined
  /** Of the registration. */
  readonly headers: readonly Header[]
  readonly auth: Auth | undefined
  readonly traceparent: string | undefined
  readonly baggage: string | undefined
}

const NO_BODY = Buffer.alloc(0)

/** Of a call's baggage nothing longer is passed on. */
export const MAX_BAGGAGE_CHARACTERS = 8_192

export function outgoingHeaders(input: HeaderInput): Record<string, string> {
  const { functionId, invocationId, timestamp, body, headers, auth, traceparent, baggage } = input
  const outgoing = new OutgoingHeaders()
  if (body !== undefined) outgoing.set('Content-Type', 'application/json')
  outgoing.set('x-iii-Function-Path', visibleAscii(functionId))
  outgoing.set('x-iii-Invocation-ID', invocationId)
  outgoing.set('x-iii-Timestamp', timestamp)
  if (traceparent !== undefined && isHeaderValue(traceparent)) outgoing.set('traceparent', traceparent)
  if (baggage !== undefined && isHeaderValue(baggage) && baggage.length <= MAX_BAGGAGE_CHARACTERS)
    outgoing.set('baggage', baggage)
  for (const [name, value] of headers) outgoing.set(name, value)
  for (const [name, value] of auth?.headers(timestamp, body ?? NO_BODY) ?? []) outgoing.set(name, value)
  if (body !== undefined) outgoing.set('Content-Length', String(body.length))
  return outgoing.all()
}

/** The last one of a name counts, whatever its letters. */
class OutgoingHeaders {
  readonly #byName = new Map<string, Header>()

  set(name: string, value: string): void {
    this.#byName.set(name.toLowerCase(), [name, value])
  }

  all(): Record<string, string> {
    return Object.fromEntries(this.#byName.values())
  }
}

/** Ids may hold any character, a header may not: the others stand there as in a URL. */
function visibleAscii(text: string): string {
  return text.toWellFormed().replace(/[^\x21-\x7e]+/g, encodeURIComponent)
}
