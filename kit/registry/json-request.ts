// One request to a remote registry: an answer in JSON of a bounded size, in a bounded time, over at most a few redirects that stay with
// HTTP. What comes back may be anything, and so may whoever answers.
import { shownAddress } from '../net/shown-address.ts'
import { RegistryError } from './registry-error.ts'

export const MAX_REDIRECTS = 5
/** Of an answer that lists or describes workers, decompressed. */
export const MAX_PAGE_BYTES = 8 * 1024 * 1024
/** Of an answer that says how a worker is installed. */
export const MAX_INSTALL_BYTES = 1024 * 1024
/** Of an answer with skills. */
export const MAX_SKILLS_ANSWER_BYTES = 16 * 1024 * 1024

export interface JsonRequest {
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly body?: unknown
  readonly maxBytes: number
  readonly timeoutMs: number
  readonly fetch: typeof fetch
}

export interface JsonAnswer {
  /** 2xx, or one of those that the caller takes. */
  readonly status: number
  /** undefined = no body. */
  readonly value: unknown
  /** Characters of the body. */
  readonly size: number
}

/** @throws RegistryError `unreachable` or `too-large`; of a status that is no success, `HttpStatusError` */
export async function requestJson(request: JsonRequest): Promise<JsonAnswer> {
  const { method, url, timeoutMs } = request
  const signal = AbortSignal.timeout(timeoutMs)
  try {
    const response = await follow(request, signal)
    if (!response.ok) {
      await response.body?.cancel()
      throw new HttpStatusError(method, url, response.status)
    }
    const text = await readText(response, request)
    if (text === '') return { status: response.status, value: undefined, size: 0 }
    try {
      return { status: response.status, value: JSON.parse(text), size: text.length }
    } catch (error) {
      throw new RegistryError(
        'unreachable',
        `${method} ${shownAddress(url)} did not answer JSON: ${(error as Error).message}. Is this the address of a registry?`,
        { cause: error },
      )
    }
  } catch (error) {
    if (error instanceof RegistryError) throw error
    const why = signal.aborted ? `there was no whole answer within ${timeoutMs} ms` : reasonOf(error)
    throw new RegistryError('unreachable', `${method} ${shownAddress(url)} failed: ${why}.`, { cause: error })
  }
}

/** A status other than a success. */
export class HttpStatusError extends RegistryError {
  readonly status: number

  constructor(method: string, url: string, status: number) {
    super('unreachable', `${method} ${shownAddress(url)} answered with status ${status}.`)
    this.status = status
  }
}

async function follow({ method, url, body, fetch }: JsonRequest, signal: AbortSignal): Promise<Response> {
  let at = new URL(url)
  const authorization = takeCredentials(at)
  const { origin } = at
  for (let redirects = 0; ; redirects++) {
    const response = await fetch(at, {
      method,
      redirect: 'manual',
      signal,
      headers: {
        accept: 'application/json',
        // Meant for whom it was given for, and for nobody else.
        ...(authorization !== undefined && at.origin === origin && { authorization }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const location = response.headers.get('location')
    if (location === null || ![301, 302, 303, 307, 308].includes(response.status)) return response
    await response.body?.cancel()
    const next = nextAddress(location, at)
    if (next === undefined || redirects === MAX_REDIRECTS) {
      const why = next === undefined ? 'where registries are not looked for' : `after ${MAX_REDIRECTS} redirects`
      throw new RegistryError(
        'unreachable',
        `${method} ${shownAddress(url)} redirects to ${shownAddress(location.slice(0, 200))}, ${why}.`,
      )
    }
    at = next
  }
}

/** undefined: no address over HTTP, or one that gives up TLS. */
function nextAddress(location: string, from: URL): URL | undefined {
  if (!URL.canParse(location, from)) return undefined
  const next = new URL(location, from)
  const isSafe = next.protocol === 'https:' || (next.protocol === 'http:' && from.protocol === 'http:')
  next.username = ''
  next.password = ''
  return isSafe ? next : undefined
}

/** `https://user:password@host` becomes a header: `fetch` takes no such address. */
function takeCredentials(url: URL): string | undefined {
  if (url.username === '' && url.password === '') return undefined
  const pair = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`
  url.username = ''
  url.password = ''
  return `Basic ${Buffer.from(pair).toString('base64')}`
}

async function readText(response: Response, { method, url, maxBytes }: JsonRequest): Promise<string> {
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const part of response.body ?? []) {
    bytes += part.byteLength
    // Leaving the loop ends the request.
    if (bytes > maxBytes)
      throw new RegistryError('too-large', `${method} ${shownAddress(url)} answered with more than ${maxBytes} bytes.`)
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}

/** `fetch failed` says nothing; its cause does. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as Error
  const deeper = cause instanceof AggregateError ? cause.errors[0] : cause
  return deeper instanceof Error && deeper.message !== '' ? deeper.message : message
}
