// The answers of the engine itself (spec 06 A.10): no route, a function that failed, a limit. Pure.
import { randomBytes } from 'node:crypto'
import type { Answer, HeaderList } from './answer.ts'

/** `legacy`: as iii wrote errors before 0.20. */
export type ErrorShape = 'envelope' | 'legacy'

/** An answer to log under its id. */
export interface FailureAnswer extends Answer {
  readonly errorId: string
}

export interface FailureText {
  readonly code: string
  readonly message: string
}

/** How failures are answered; one per setting of `legacy_error_shape`. */
export class ErrorAnswers {
  readonly #shape: ErrorShape

  constructor(shape: ErrorShape = 'envelope') {
    this.#shape = shape
  }

  notFound(): Answer {
    return this.#isLegacy ? empty(404) : envelope(404, { code: 'NOT_FOUND', message: 'Not Found' })
  }

  /** @param methods that the path can be asked with. */
  methodNotAllowed(methods: readonly string[]): Answer {
    return empty(405, [['allow', methods.join(', ')]])
  }

  /** @param message for whoever sent the request. */
  badRequest(message: string): Answer {
    return { status: 400, headers: [TEXT_TYPE], body: message }
  }

  conditionNotMet(): Answer {
    const message = 'Request condition not met'
    return this.#isLegacy
      ? json(422, { error: message, skipped: true })
      : json(422, { error: { code: 'CONDITION_NOT_MET', message }, skipped: true })
  }

  /** A function that belongs to the request failed: the handler, its condition, a middleware. */
  functionFailed({ code, message }: FailureText): FailureAnswer {
    const errorId = createErrorId()
    const answer = this.#isLegacy
      ? json(500, { error: message, error_id: errorId })
      : json(500, { error: { code, message, error_id: errorId } })
    return { ...answer, errorId }
  }

  /** A fault of the engine; its message is for the log alone. */
  internalError(): FailureAnswer {
    const errorId = createErrorId()
    const message = 'internal server error'
    const answer = this.#isLegacy
      ? json(500, { error: message, error_id: errorId })
      : json(500, { error: { code: 'INTERNAL_ERROR', message, error_id: errorId } })
    return { ...answer, errorId }
  }

  middlewareTimeout(): Answer {
    const message = 'Middleware timeout'
    return this.#isLegacy ? json(504, { error: message }) : envelope(504, { code: 'MIDDLEWARE_TIMEOUT', message })
  }

  /** @param ms of `default_timeout`. */
  requestTimeout(ms: number): Answer {
    if (this.#isLegacy) return empty(504)
    return envelope(504, { code: 'TIMEOUT', message: `The request was not answered within ${ms} ms` })
  }

  /** @param limit of `body_limit`. */
  bodyTooLarge(limit: number): Answer {
    const message = `The body is larger than ${limit} bytes`
    return this.#isLegacy ? json(413, { error: message }) : envelope(413, { code: 'PAYLOAD_TOO_LARGE', message })
  }

  /** Too much waits already; the request was not begun. */
  overloaded(): Answer {
    const message = 'Too many requests wait already; try again later'
    const answer = this.#isLegacy ? json(503, { error: message }) : envelope(503, { code: 'overloaded', message })
    return { ...answer, headers: [...answer.headers, ['retry-after', '1']] }
  }

  /** It went before the function was called. */
  routeGone(): Answer {
    const message = 'The route has just gone; try again'
    const answer = this.#isLegacy ? json(503, { error: message }) : envelope(503, { code: 'route_gone', message })
    return { ...answer, headers: [...answer.headers, ['retry-after', '1']] }
  }

  get #isLegacy(): boolean {
    return this.#shape === 'legacy'
  }
}

const JSON_TYPE = ['content-type', 'application/json'] as const
const TEXT_TYPE = ['content-type', 'text/plain; charset=utf-8'] as const

function envelope(status: number, error: FailureText): Answer {
  return json(status, { error })
}

function json(status: number, value: unknown): Answer {
  return { status, headers: [JSON_TYPE], body: JSON.stringify(value) }
}

function empty(status: number, headers: HeaderList = []): Answer {
  return { status, headers, body: '' }
}

/** 48 random bits in lower-case hex. */
export function createErrorId(): string {
  return randomBytes(6).toString('hex')
}
