// What functions do that is not right but ends no request, for the log; a flood of it is a line per second.
import { LimitedWarning } from '../../../base/warnings/limited-warning.ts'
import type { PluginLog } from '../../../sdk/plugin.ts'
import type { Route } from './route.ts'

export class ExchangeProblems {
  readonly #headers: LimitedWarning
  readonly #actions: LimitedWarning
  readonly #results: LimitedWarning
  readonly #timeouts: LimitedWarning

  constructor(log: PluginLog) {
    const write = (message: string, data: Record<string, unknown>): void => log.warn(message, data)
    this.#headers = new LimitedWarning(write)
    this.#actions = new LimitedWarning(write)
    this.#results = new LimitedWarning(write)
    this.#timeouts = new LimitedWarning(write)
  }

  invalidHeader({ functionId, method, apiPath }: Route, name: string): void {
    const shown = JSON.stringify(name.slice(0, SHOWN_CHARACTERS))
    this.#headers.warn(`${functionId} gave the header ${shown}, whose name or value can't be sent; it is left out.`, {
      route: `${method} ${apiPath}`,
    })
  }

  noMember({ functionId, method, apiPath }: Route): void {
    this.#results.warn(
      `${functionId} returned none of status_code, headers and body, so that {} was sent; an answer is { body: … }.`,
      { route: `${method} ${apiPath}` },
    )
  }

  /** @param hasReturned null, after which a handler may still write its answer. */
  timedOut({ functionId, method, apiPath }: Route, limitMs: number, hasReturned: boolean): void {
    const what = hasReturned
      ? 'returned nothing and wrote no answer; it is to return { body: … }, or to write to the response,'
      : 'did not answer'
    this.#timeouts.warn(`${functionId} ${what} within ${limitMs} ms (default_timeout); 504 was sent.`, {
      route: `${method} ${apiPath}`,
    })
  }

  noAction(functionId: string): void {
    this.#actions.warn(
      `The middleware ${functionId} returned neither {"action":"continue"} nor {"action":"respond"}; the request goes on.`,
    )
  }
}

const SHOWN_CHARACTERS = 100
