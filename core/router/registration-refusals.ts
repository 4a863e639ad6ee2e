// Registrations that come to nothing: counted, logged, and bounded in number per worker.
import type { ErrorBody } from '../../protocol/errors.ts'
import type { ThrottledWarnings } from '../../base/warnings/throttled-warnings.ts'
import { attributedTo, attribution } from '../model/attribution.ts'
import type { FunctionEntry } from '../model/function-entry.ts'
import type { Worker } from '../model/worker.ts'
import type { CallCounts } from '../telemetry/metrics.ts'

export interface RegistrationRefusalsDeps {
  readonly counts: CallCounts
  readonly warnings: ThrottledWarnings
}

/** What a worker has registered of one kind. */
export interface KnownIds {
  readonly size: number
  has(id: string): boolean
}

export class RegistrationRefusals {
  readonly #counts: CallCounts
  readonly #warnings: ThrottledWarnings

  constructor({ counts, warnings }: RegistrationRefusalsDeps) {
    this.#counts = counts
    this.#warnings = warnings
  }

  count(): void {
    this.#counts.refused++
  }

  /** @param subject the registration in words. */
  denied(worker: Worker, subject: string, refusal: ErrorBody): undefined {
    this.count()
    const message = `registration of ${subject} refused: ${refusal.message}`
    const about = worker.policy.kind === 'session' ? '' : subject
    this.#warnings.count(`refused ${attributedTo(worker)} ${about}`, message, attribution(worker))
    return undefined
  }

  /** True when the worker has as many of them as it may, and this is one more. */
  tooMany(worker: Worker, known: KnownIds, id: string, what: string): boolean {
    if (known.size < worker.maxRegistrations || known.has(id)) return false
    this.count()
    this.#warnings.count(
      `registrations ${attributedTo(worker)}`,
      `registration of '${id}' ignored: more than ${worker.maxRegistrations} ${what}`,
      attribution(worker),
    )
    return true
  }
}

/** A session is told that an id is not its any more: a trusted worker has it, a session by its prefix, or the configuration names it. */
export function tellEvicted(worker: Worker, { namespace, id }: FunctionEntry, warnings: ThrottledWarnings): void {
  if (worker.phase === 'open') {
    const code = 'FUNCTION_NAMESPACE_CONFLICT'
    worker.link.send({ type: 'registrationrejected', code, namespace, function_id: id, owner_worker_id: '' })
  }
  const message = `function '${id}' of a session removed: it belongs to a trusted worker, or is below the prefix of another session`
  warnings.count(`evicted ${attributedTo(worker)}`, message, attribution(worker))
}
