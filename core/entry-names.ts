// Whether each entry of the configuration has a worker behind it, as a part of a change: with `--strict-config` one without is refused
// before anything runs. Remembers what was odd about the configuration in force.
import { basename } from 'node:path'
import type { ChangeParticipant, PreparedPart } from './config/change.ts'
import { ConfigError } from './config/config-error.ts'
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

  /** @param resolve rejects with ConfigError when the names are refused. */
  constructor(resolve: (config: EngineConfig) => Promise<ResolvedEntries>, log: Log) {
    this.#resolve = resolve
    this.#log = log
  }

  async prepare(wanted: EngineConfig): Promise<PreparedPart> {
    const discard = async (): Promise<void> => {}
    try {
      const resolved = await this.#resolve(wanted)
      return { problems: [], commit: async () => this.#take(wanted, resolved), discard }
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      const problems = error.problems.map(({ file, line, message }) => ({
        subject: `${file === null ? 'configuration' : basename(file)}${line === undefined ? '' : `:${line}`}`,
        code: 'INVALID_ARGUMENTS',
        message,
      }))
      return { problems, commit: async () => {}, discard }
    }
  }

  /** At the start. @throws ConfigError when the names are refused. */
  async takeUp(config: EngineConfig): Promise<void> {
    this.#take(config, await this.#resolve(config))
  }

  #take(config: EngineConfig, { warnings, plugins }: ResolvedEntries): void {
    this.warnings = [...config.warnings, ...warnings]
    this.replaced = new Set(plugins.filter(({ replaces }) => replaces).map(({ entry }) => entry.name))
    for (const name of this.replaced)
      this.#log.info(`plugin '${name}' of plugins_dir runs in place of the built-in of that name`)
    for (const warning of this.warnings) this.#log.warn(warning)
  }
}
