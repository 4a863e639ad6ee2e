// Takes up what the configuration says now: one change at a time, all of it or nothing, and once more when it was changed meanwhile
// (spec 04 A.8).
import { carryOutChange, tellProblems, type ChangeParticipant } from './config/change.ts'
import type { EngineConfig } from './config/types.ts'
import type { Log } from './log.ts'

export interface ConfigurationChangesDeps {
  readonly log: Log
  /** @throws Error that says what is wrong with it. */
  read(): EngineConfig
  /** Differs whenever what would be read may have changed. */
  version(): string
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
  /** The refusal that was told last, and what was refused. */
  #told: string | undefined

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
    const { version, onBegin, onEnd } = this.#deps
    do {
      this.#isWishedAgain = false
      if (!onBegin()) return
      const wanted = version()
      this.#problem = await this.#change().finally(() => onEnd())
      this.#tell(wanted)
    } while (this.#isWishedAgain)
  }

  /** What was refused and is tried again, because of a plugin's saved file, is no news when it is refused for the same reason. */
  #tell(version: string): void {
    const { log } = this.#deps
    const told = this.#problem === undefined ? undefined : `${version} ${this.#problem}`
    const level = told === this.#told ? 'debug' : 'error'
    this.#told = told
    if (this.#problem !== undefined) log[level](`${this.#problem}; the previous configuration runs on`)
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
