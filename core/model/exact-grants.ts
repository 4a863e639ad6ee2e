// Functions that change the engine, or show what all of it does: a wildcard does not reach them, only an expose entry or a grant that names them (spec 09 §4 d).
// So it is with trigger types: where a session may bind all of them, these are not meant.
import { matchesWildcard } from '../../base/values/wildcard.ts'

/** The engine's own, `*` as wildcard. Those of workers come with the table of built-in workers. */
const OWN = [
  'engine::plugins::*',
  'engine::sessions::*',
  'engine::config::*',
  'engine::register_trigger',
  'engine::unregister_trigger',
  'engine::logs::tail',
  'engine::events::tail',
] as const

const OWN_TRIGGER_TYPES = ['engine::plugins-changed'] as const

export class ExactGrants {
  readonly #ids: ReadonlySet<string>
  readonly #patterns: readonly string[]

  readonly #triggerTypes: ReadonlySet<string>

  /**
   * @param more ids of workers, `*` as wildcard.
   * @param triggerTypes of workers
   */
  constructor(more: readonly string[], triggerTypes: readonly string[] = []) {
    this.#triggerTypes = new Set([...OWN_TRIGGER_TYPES, ...triggerTypes])
    const all = [...OWN, ...more]
    this.#ids = new Set(all.filter((id) => !id.includes('*')))
    this.#patterns = all.filter((id) => id.includes('*'))
  }

  /** Whether only a grant of exactly this id reaches the function. */
  covers(id: string): boolean {
    return this.#ids.has(id) || this.#patterns.some((pattern) => matchesWildcard(pattern, id))
  }

  /** Whether only a list with exactly this type allows it. */
  coversTriggerType(id: string): boolean {
    return this.#triggerTypes.has(id)
  }
}
