// Where what goes beyond routes and functions has its place in the way of a request. Each of these is looked at only where it is there.
import type { IncomingMessage } from 'node:http'
import type { ApiRequest } from '../request/api-request.ts'
import type { Answer } from '../response/answer.ts'
import type { Route } from './route.ts'

/** What is known of a request when it is over. */
export interface ExchangeFacts {
  readonly request: IncomingMessage
  readonly route: Route | undefined
  /** 0 = the client had gone before there was an answer. */
  readonly status: number
  /** Of the body, as sent to the connection. */
  readonly bytes: number
  readonly durationMs: number
  readonly isStreamed: boolean
  /** Of the answer, if it has one. */
  readonly errorId: string | undefined
  /** As it was taken from the client, or made; undefined = it was not looked for. */
  readonly requestId: string | undefined
}

export interface ExchangeExtras {
  /** A path that no route is for, which this worker answers itself. Undefined = it does not. */
  ownAnswer?(request: IncomingMessage, path: string): Answer | Promise<Answer> | undefined
  /** Whether `check` is asked about requests of this route. */
  isChecked?(route: Route): boolean
  /** Before condition and handler, with the body as JSON text. An answer ends the request. */
  check?(request: ApiRequest, route: Route, body: string): Answer | undefined | Promise<Answer | undefined>
  /** A whole answer before it is sent. */
  finish?(request: IncomingMessage, answer: Answer): Answer | Promise<Answer>
  /** Each request once, when it is over. */
  done?(facts: ExchangeFacts): void
}
