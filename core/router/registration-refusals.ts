// Registrations that come to nothing: counted, logged, and bounded in number per worker.
import type { ErrorBody } from '../../protocol/errors.ts'
import type { ThrottledWarnings } from '../../base/warnings/throttled-warnings.ts'
import type { Log } from '../log.ts'
import type { Worker } from '../model/worker.ts'
import type { CallCounts } from '../telemetry/metrics.ts'

export interface RegistrationRefusalsDeps {
  readonly counts: CallCounts
  readonly warnings: ThrottledWarnings
  readonly log: Log
}

export class RegistrationRefusals {
  readonly #counts: CallCounts
  readonly #warnings: ThrottledWarnings
  readonly #log: Log

  constructor({ counts, warnings, log }: RegistrationRefusalsDeps) {
    this.#counts = counts
    this.#warnings = warnings
    this.#log = log
  }

  count(): void {
    this.#counts.refused++
  }

  /** @param subject the registration in words. */
  denied(worker: Worker, subject: string, refusal: ErrorBody): undefined {
    this.count()
    this.#log.warn(`registration of ${subject} refused: ${refusal.message}`, { worker: worker.name ?? worker.id })
    return undefined
  }

  /** True when the worker has as many of them as it may, and this is one more. */
  tooMany(
    worker: Worker,
    known: { readonly size: number; has(id: string): boolean },
    id: string,
    what: string,
  ): boolean {
    if (known.size < worker.maxRegistrations || known.has(id)) return false
    this.count()
    this.#warnings.count(
      `registrations ${worker.id}`,
      `registration of '${id}' ignored: more than ${worker.maxRegistrations} ${what}`,
      { worker: worker.name ?? worker.id },
    )
    return true
  }
}
