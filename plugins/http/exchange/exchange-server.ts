// The server that a request came to, as its exchange knows it.
import type { Roster } from '../../../base/values/roster.ts'
import type { Exchange } from './exchange.ts'

export interface ExchangeServer {
  /** It takes no more connections, and those that it has end with their next answer. */
  readonly isDraining: boolean
  /** Requests that are under way. */
  readonly running: Roster<Exchange, 'runningAt'>
}
