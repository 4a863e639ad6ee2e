// An id whose last provider was lost abnormally, or was there when the engine ended, stays known for a while: calls wait for a provider
// that registers it again (spec 01 §8.10).
import type { EngineOptions } from '../model/options.ts'
import type { FunctionEntry } from '../model/function-entry.ts'
import type { Call } from '../model/call.ts'
import { Gate } from '../model/gate.ts'

export interface GraceOutcome {
  /** A held call goes on: to a provider, or to its miss when there is none. */
  resume(call: Call): void
  miss(call: Call): void
  /** Nobody came: the id is forgotten. */
  forget(entry: FunctionEntry): void
}

export class RestartGrace {
  readonly #options: EngineOptions
  readonly #outcome: GraceOutcome

  constructor(options: EngineOptions, outcome: GraceOutcome) {
    this.#options = options
    this.#outcome = outcome
  }

  get isOn(): boolean {
    return this.#options.restart_grace_ms > 0
  }

  /** Begins anew where it has begun. @param isTrusted whether it was a trusted worker that provided the id last */
  begin(entry: FunctionEntry, isTrusted: boolean): void {
    const { restart_grace_ms: maxMs, restart_grace_max_calls: maxCalls, gate_max_bytes: maxBytes } = this.#options
    clearTimeout(entry.grace?.timer)
    const gate = entry.grace?.gate ?? new Gate({ maxCalls, maxBytes, maxMs }, (call) => this.#outcome.miss(call))
    const timer = setTimeout(() => {
      entry.grace = undefined
      this.#outcome.forget(entry)
      gate.release((call) => this.#outcome.resume(call))
    }, maxMs)
    timer.unref()
    entry.grace = { gate, isTrusted, timer }
  }

  /** A provider is there again: what was held goes to it, in order. */
  end(entry: FunctionEntry): void {
    const { grace } = entry
    if (grace === undefined || entry.providers.length === 0) return
    clearTimeout(grace.timer)
    entry.grace = undefined
    grace.gate.release((call) => this.#outcome.resume(call))
  }
}
