// Circuit breakers, one for each endpoint that asks for it: after enough failures one after the other requests are refused for a while, then one is
// let through to see.
import type { Clock } from '../../../base/time/clock.ts'
import { CodedError } from '../../../protocol/errors.ts'
import type { CircuitRule } from '../target/circuit-rule.ts'

/** Hosts whose failures are remembered; the one that was used longest ago is forgotten. */
export const MAX_CIRCUITS = 1_000

export type CircuitState = 'closed' | 'open' | 'half_open'

export interface CircuitsDeps {
  readonly clock: Clock
  readonly onChange: (host: string, state: CircuitState, reason: string) => void
}

interface Circuit {
  state: CircuitState
  /** One after the other. */
  failures: number
  openedAt: number
  /** Refused since it opened. */
  refused: number
}

/** How one request ended. */
export interface Admission {
  succeeded(): void
  failed(reason: string): void
  /** It says nothing of the endpoint: it was not made, or was given up by this side. */
  undecided(): void
}

export class Circuits {
  readonly #deps: CircuitsDeps
  /** By host, the one used longest ago first. */
  readonly #byHost = new Map<string, Circuit>()

  constructor(deps: CircuitsDeps) {
    this.#deps = deps
  }

  /** Those that are not closed. */
  get troubled(): readonly { readonly host: string; readonly state: CircuitState; readonly refused: number }[] {
    return [...this.#byHost]
      .filter(([, { state }]) => state !== 'closed')
      .map(([host, { state, refused }]) => ({ host, state, refused }))
  }

  /** @throws CodedError `circuit_open` */
  admit(host: string, rule: CircuitRule): Admission {
    const circuit = this.#circuitOf(host)
    if (circuit.state !== 'closed') {
      const left = circuit.openedAt + rule.openMs - this.#deps.clock.passed()
      if (circuit.state === 'half_open' || left > 0) {
        circuit.refused++
        throw refusal(host, circuit, rule, left)
      }
      this.#become(host, circuit, 'half_open', `${rule.openMs} ms have passed, one request is tried`)
    }
    const isTrial = circuit.state !== 'closed'
    let isDecided = false
    const once = (decide: () => unknown) => (): void => {
      if (isDecided) return
      isDecided = true
      decide()
    }
    // Requests that began before it opened say nothing of how the endpoint is now.
    const isStale = (): boolean => !isTrial && circuit.state !== 'closed'
    return {
      succeeded: once(() => isStale() || this.#succeeded(host, circuit)),
      failed: (reason) => once(() => isStale() || this.#failed(host, circuit, rule, reason))(),
      undecided: once(() => {
        // The next one is the trial then.
        if (isTrial) circuit.state = 'open'
      }),
    }
  }

  #succeeded(host: string, circuit: Circuit): void {
    circuit.failures = 0
    if (circuit.state === 'closed') return
    this.#become(host, circuit, 'closed', `it answers again; ${circuit.refused} requests were refused meanwhile`)
    circuit.refused = 0
  }

  #failed(host: string, circuit: Circuit, rule: CircuitRule, reason: string): void {
    circuit.failures++
    if (circuit.state === 'closed' && circuit.failures < rule.failures) return
    circuit.openedAt = this.#deps.clock.passed()
    this.#become(host, circuit, 'open', `${circuit.failures} failures one after the other, the last: ${reason}`)
  }

  #become(host: string, circuit: Circuit, state: CircuitState, reason: string): void {
    circuit.state = state
    this.#deps.onChange(host, state, reason)
  }

  #circuitOf(host: string): Circuit {
    const known = this.#byHost.get(host)
    if (known !== undefined) {
      this.#byHost.delete(host)
      this.#byHost.set(host, known)
      return known
    }
    if (this.#byHost.size >= MAX_CIRCUITS) this.#byHost.delete(this.#byHost.keys().next().value!)
    const circuit: Circuit = { state: 'closed', failures: 0, openedAt: 0, refused: 0 }
    this.#byHost.set(host, circuit)
    return circuit
  }
}

function refusal(host: string, { state, failures }: Circuit, rule: CircuitRule, left: number): CodedError {
  const when =
    state === 'half_open' ? 'a first request to it is under way' : `it is tried again in ${Math.ceil(left)} ms`
  return new CodedError(
    'circuit_open',
    `the circuit of ${host} is open after ${Math.max(failures, rule.failures)} failures one after the other, and ${when}; the request was not made`,
  )
}
