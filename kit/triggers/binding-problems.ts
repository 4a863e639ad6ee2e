// What goes wrong when bindings are run, logged at most once a second of each kind, so that a function that fails at every event does
// not flood the log.
import { LimitedWarning } from '../../base/warnings/limited-warning.ts'
import type { TriggerBinding } from '../../sdk/handle-types.ts'

/** The part of a plugin's log that is needed. */
export interface BindingLog {
  warn(message: string, data?: unknown): void
  error(message: string, data?: unknown): void
}

/** Settings of `BindingProblems`. */
export interface BindingProblemsOptions {
  /** Milliseconds since any moment; for tests. Default: those of a clock that nobody sets. */
  readonly now?: (() => number) | undefined
  /** What a failure of the handler means, to end the sentence: `it is called again at the next fire`. Default: nothing is said. */
  readonly consequence?: string
  /** Name of the member under which the log has the id of the binding. Default `binding`. */
  readonly member?: string
}

/** Logs what goes wrong with bindings, at most once a second of each kind. */
export class BindingProblems {
  readonly #errors: LimitedWarning
  readonly #warnings: LimitedWarning
  readonly #consequence: string
  readonly #member: string

  constructor(log: BindingLog, { now, consequence, member = 'binding' }: BindingProblemsOptions = {}) {
    this.#errors = new LimitedWarning((message, data) => log.error(message, data), { now })
    this.#warnings = new LimitedWarning((message, data) => log.warn(message, data), { now })
    this.#consequence = consequence === undefined ? '' : `; ${consequence}`
    this.#member = member
  }

  handlerFailed(binding: TriggerBinding, error: unknown): void {
    this.#errors.warn(`The handler ${binding.function_id} failed${this.#consequence}.`, this.#failure(binding, error))
  }

  conditionFailed(binding: TriggerBinding, condition: string, error: unknown): void {
    this.#errors.warn(
      `The condition ${condition} failed; ${binding.function_id} was not run.`,
      this.#failure(binding, error),
    )
  }

  conditionWithoutValue({ id }: TriggerBinding, condition: string): void {
    this.#warnings.warn(`The condition ${condition} returned no value, which counts as true.`, { [this.#member]: id })
  }

  /** Events that were dropped, and the like. */
  warn({ id }: TriggerBinding, message: string, data: Readonly<Record<string, unknown>> = {}): void {
    this.#warnings.warn(message, { [this.#member]: id, ...data })
  }

  #failure({ id }: TriggerBinding, error: unknown): Record<string, unknown> {
    const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown }
    return { [this.#member]: id, code, error: message ?? String(error) }
  }
}
