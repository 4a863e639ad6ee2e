// The host's part of a change of configuration (`core/config/change.ts`): all instances that it concerns come to it together, or
// none of them.
import type { EntryProblem } from '../../config/entry-problem.ts'
import type { ChangeProblem, PreparedPart } from '../../config/change.ts'
import { CodedError } from '../../../protocol/errors.ts'
import { NotCarriedOut, type Prepared, type Reconciler, type ReconcileReport } from './reconciler.ts'
import type { Refusal } from './wish.ts'

export interface PluginProblem extends ChangeProblem {
  /** Name of the instance. */
  readonly plugin: string
  /** Where it is the entry that is wrong. */
  readonly problems?: readonly EntryProblem[]
}

export type PreparedPlugins = PreparedPart & {
  /** After a commit that failed: what it failed of. */
  readonly problems: readonly PluginProblem[]
  /** What the commit has changed; empty before it. */
  readonly report: ReconcileReport
}

export interface PreparedConfigurationDeps {
  readonly reconciler: Reconciler
  /** It is in force. */
  onCommitted(report: ReconcileReport): void
  /** It was refused because of a plugin. `busy`: because of calls that did not end in time. */
  onRefused(busy: boolean): void
  /** Committed, discarded or expired: others may have their turn. */
  onOver(): void
}

const NOTHING: ReconcileReport = { started: [], reloaded: [], reconfigured: [], stopped: [] }

export class PreparedConfiguration implements PreparedPlugins {
  problems: readonly PluginProblem[]
  report = NOTHING
  readonly #prepared: Prepared
  readonly #deps: PreparedConfigurationDeps
  #state: 'prepared' | 'committed' | 'discarded' | 'expired' = 'prepared'

  constructor(prepared: Prepared, deps: PreparedConfigurationDeps) {
    this.#prepared = prepared
    this.#deps = deps
    // All of them, short when they are many.
    this.problems = prepared.refusals
      .map(problemOf)
      .map((problem, index) => (index < IN_FULL ? problem : { ...problem, message: short(problem.message) }))
  }

  async commit(): Promise<void> {
    const { reconciler, onCommitted, onRefused, onOver } = this.#deps
    if (this.#state !== 'prepared') throw new Error(`the plugins' part of the change is ${this.#state} already`)
    if (this.problems.length > 0) throw new Error("the plugins' part of the change was refused: discard it")
    this.#state = 'committed'
    const began = performance.now()
    try {
      this.report = await reconciler.carryOut(this.#prepared.steps)
      onCommitted(this.report)
    } catch (failure: unknown) {
      if (!(failure instanceof NotCarriedOut)) throw failure
      for (const refusal of failure.refusals) reconciler.refuse(refusal, performance.now() - began)
      this.#holdUpOthers(failure.culprits)
      onRefused(failure.error.reason === 'busy')
      const { code, message } = failure.error
      const plugin = failure.culprits.join(', ')
      this.problems = [{ plugin, subject: subjectOf(plugin), code, message }]
      throw new CodedError(code, `${subjectOf(plugin)}: ${message}`, { cause: failure.error })
    } finally {
      onOver()
    }
  }

  discard(): Promise<void> {
    return this.#giveUp('discarded')
  }

  /** Whoever prepared it has forgotten it: others are not to wait any longer. */
  expire(): Promise<void> {
    return this.#giveUp('expired')
  }

  /** All comes into force or nothing: what would have been changed as well says on whom it waits. */
  #holdUpOthers(culprits: readonly string[]): void {
    const { reconciler } = this.#deps
    const message = `its changed entry waits: the configuration is refused because of ${tellNames(culprits)}`
    for (const { kind, wish } of this.#prepared.steps)
      if (kind !== 'keep' && !culprits.includes(wish.instance.name)) reconciler.holdUp(wish, message)
  }

  async #giveUp(state: 'discarded' | 'expired'): Promise<void> {
    const { reconciler, onRefused, onOver } = this.#deps
    if (this.#state !== 'prepared') return
    this.#state = state
    try {
      await reconciler.discard(this.#prepared.steps)
      if (this.problems.length === 0) return
      for (const refusal of this.#prepared.refusals) reconciler.refuse(refusal)
      this.#holdUpOthers(this.#prepared.refusals.map(({ wish }) => wish.instance.name))
      onRefused(false)
    } finally {
      onOver()
    }
  }
}

function tellNames(names: readonly string[]): string {
  const told = names.slice(0, IN_FULL).map((name) => `'${name}'`)
  const left = names.length - told.length
  return `plugin${names.length > 1 ? 's' : ''} ${told.join(', ')}${left > 0 ? ` and ${left} more` : ''}`
}

/** So many are told in full; of the others there is a line each. */
const IN_FULL = 3
const SHORT_CHARACTERS = 80

export function problemOf({ wish, error: { code, message, problems } }: Refusal): PluginProblem {
  const { name } = wish.instance
  return { plugin: name, subject: subjectOf(name), code, message, ...(problems !== undefined && { problems }) }
}

function subjectOf(plugin: string): string {
  return `plugin '${plugin}'`
}

function short(message: string): string {
  const [line = ''] = message.split('\n')
  return line.length > SHORT_CHARACTERS ? `${line.slice(0, SHORT_CHARACTERS - 1)}…` : line
}
