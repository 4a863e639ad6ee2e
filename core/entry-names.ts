// Which workers stand behind the entries of a configuration, as a part of a change: remembers what was odd about the one in force, and
// which built-ins are replaced. Whether entries that nobody is known to run are odd is decided by the seat `entries`.
import type { ChangeParticipant, PreparedPart } from './config/change.ts'
import type { ResolvedEntries } from './config/resolve-entries.ts'
import type { EngineConfig } from './config/types.ts'
import type { Log } from './log.ts'

export class EntryNames implements ChangeParticipant {
  /** Of the configuration in force, what loading it found included. */
  warnings: readonly string[] = []
  /** Built-ins in whose place a user plugin runs. */
  replaced: ReadonlySet<string> = new Set()
  readonly #resolve: (config: EngineConfig) => Promise<ResolvedEntries>
  readonly #log: Log

  constructor(resolve: (config: EngineConfig) => Promise<ResolvedEntries>, log: Log) {
    this.#resolve = resolve
    this.#log = log
  }

  async prepare(wanted: EngineConfig): Promise<PreparedPart> {
    const resolved = await this.#resolve(wanted)
    return {
      problems: [],
      commit: async () => this.#take(wanted, resolved),
      discard: async () => {},
    }
  }

  #take(config: EngineConfig, { warnings, plugins, unclaimed }: ResolvedEntries): void {
    const ofSeat = new Set(unclaimed.map(({ entry, absence }) => `${entry.origin}: ${absence}`))
    this.warnings = [...config.warnings, ...warnings.filter((warning) => !ofSeat.has(warning))]
    this.replaced = new Set(plugins.filter(({ replaces }) => replaces).map(({ entry }) => entry.name))
    for (const name of this.replaced)
      this.#log.info(`plugin '${name}' of plugins_dir runs in place of the built-in of that name`)
    for (const warning of this.warnings) this.#log.warn(warning)
  }
}
