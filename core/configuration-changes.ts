// Takes up what the configuration says now: one change at a time, all of it or nothing, and once more when it was changed meanwhile
// (spec 04 A.8).
import { carryOutChange, tellProblems, type ChangeParticipant } from './config/change.ts'
import type { EngineConfig } from './config/types.ts'
import type { Log } from './log.ts'

export interface ConfigurationChangesDeps {
  readonly log: Log
  /** @throws Error that says what is wrong with it. */
  read(): EngineConfig
  /** In the order of their commits. */
  readonly participants: readonly ChangeParticipant[]
  /** A change begins; false: there is to be none any more. */
  onBegin(): boolean
  /** The configuration is in force. */
  onApplied(config: EngineConfig): Promise<void>
  onEnd(): void
}

export class ConfigurationChanges {
  readonly #deps: ConfigurationChangesDeps
  #running: EngineConfig
  #turn: Promise<void> | undefined
  #isWishedAgain = false
  #problem: string | undefined

  constructor(running: EngineConfig, deps: ConfigurationChangesDeps) {
    this.#running = running
    this.#deps = deps
  }

  /** Why the configuration as it is now is not in force. */
  get problem(): string | undefined {
    return this.#problem
  }

  /** Fulfilled when what the configuration says now is in force or refused. */
  wish(): Promise<void> {
    if (this.#turn !== undefined) this.#isWishedAgain = true
    this.#turn ??= this.#takeUp().finally(() => (this.#turn = undefined))
    return this.#turn
  }

  /** Fulfilled when no change is under way. */
  async idle(): Promise<void> {
    await this.#turn
  }

  async #takeUp(): Promise<void> {
    const { log, onBegin, onEnd } = this.#deps
    do {
      this.#isWishedAgain = false
      if (!onBegin()) return
      this.#problem = await this.#change().finally(() => onEnd())
      if (this.#problem !== undefined) log.error(`${this.#problem}; the previous configuration runs on`)
    } while (this.#isWishedAgain)
  }

  /** Undefined when the configuration is in force now; else why not. */
  async #change(): Promise<string | undefined> {
    const { log, read, participants, onApplied } = this.#deps
    let wanted: EngineConfig
    try {
      wanted = read()
    } catch (error) {
      return `reload: parse failed: ${error instanceof Error ? error.message : String(error)}`
    }
    const problems = await carryOutChange(participants, this.#running, wanted, (error) =>
      log.error('a part of a refused configuration could not be taken back', error),
    )
    if (problems.length > 0) return `reload: ${tellProblems(problems)}`
    this.#running = wanted
    await onApplied(wanted)
    return undefined
  }
}
