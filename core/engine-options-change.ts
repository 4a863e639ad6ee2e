// The settings of the engine as a whole in a change of configuration: those that the router looks up each time take effect at once,
// the others at the next start.
import type { ChangeParticipant, PreparedPart } from './config/change.ts'
import type { EngineConfig } from './config/types.ts'
import type { Log } from './log.ts'
import type { EngineOptions } from './model/options.ts'

const AT_ONCE = [
  'duplicate_workers',
  'restart_grace_ms',
  'restart_grace_max_calls',
  'remember_functions',
  'unresponsive_ms',
  'gate_max_calls',
  'gate_max_bytes',
  'gate_ms',
  // By the health port, which takes part in the change itself.
  'health',
] as const satisfies readonly (keyof EngineOptions)[]

type Writable<T> = { -readonly [Key in keyof T]: T[Key] }

export class EngineOptionsChange implements ChangeParticipant {
  /** What the router works by. Changes in place. */
  readonly live: EngineOptions
  readonly #log: Log
  #inForce: EngineConfig

  constructor(config: EngineConfig, log: Log) {
    this.live = { ...config.engine }
    this.#inForce = config
    this.#log = log
  }

  async prepare(wanted: EngineConfig): Promise<PreparedPart> {
    return {
      problems: [],
      commit: async () => this.#apply(wanted),
      discard: async () => {},
    }
  }

  #apply(wanted: EngineConfig): void {
    const live: Writable<EngineOptions> = this.live
    for (const key of AT_ONCE) assign(live, key, wanted.engine[key])
    const later = changedKeys(this.#inForce, wanted).filter((key) => !isAtOnce(key))
    this.#inForce = wanted
    if (later.length === 0) return
    const verb = later.length === 1 ? 'has' : 'have'
    this.#log.warn(`${listed(later)} ${verb} changed: restart the engine for that to take effect`)
  }
}

/** As they are written in the file. */
function changedKeys(from: EngineConfig, to: EngineConfig): readonly string[] {
  const options = (Object.keys(to.engine) as (keyof EngineOptions)[]).filter(
    (key) => to.engine[key] !== from.engine[key],
  )
  const isOtherGrace = to.registrationNamespaceGraceMs !== from.registrationNamespaceGraceMs
  return [...options.map((key) => `engine.${key}`), ...(isOtherGrace ? ['registration_namespace_grace_ms'] : [])]
}

function isAtOnce(key: string): boolean {
  return AT_ONCE.some((option) => key === `engine.${option}`)
}

function assign<Key extends keyof EngineOptions>(
  options: Writable<EngineOptions>,
  key: Key,
  value: EngineOptions[Key],
): void {
  options[key] = value
}

function listed(keys: readonly string[]): string {
  return keys.map((key) => `'${key}'`).join(', ')
}
