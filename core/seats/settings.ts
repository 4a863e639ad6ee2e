// What the plugin host asks and tells of the settings of plugins, put to the holder of the seat `settings`. Remembers what that
// said last, for while it is down: crashed plugins come back with the settings they had.
import type { SettingsAbout, SettingsAnswer, SettingsFrom, SettingsQuestion } from '../../protocol/seats.ts'
import type { Log } from '../log.ts'
import type { Seat } from './seat.ts'

/** The host waits for nobody longer: one plugin's trouble is not to hold up the start of the others. */
const ANSWER_MS = 5_000

type Config = Readonly<Record<string, unknown>>

export class SeatSettings {
  readonly #seat: Seat<SettingsQuestion, SettingsAnswer>
  readonly #log: Log
  readonly #file: () => string | null
  readonly #last = new Map<string, { readonly block: string; readonly value: Config; readonly from: SettingsFrom }>()

  /** @param file path of the configuration file. */
  constructor(seat: Seat<SettingsQuestion, SettingsAnswer>, log: Log, file: () => string | null) {
    this.#seat = seat
    this.#log = log
    this.#file = file
  }

  /** What counts now. Never rejects: what can't be found out is what was known last, else the file's block. */
  async resolve(about: SettingsAbout): Promise<SettingsAnswer> {
    const { plugin, config } = about
    const known = this.#last.get(plugin)
    const last = known?.block === JSON.stringify(config) ? known : { value: config, from: 'file' as const }
    // Not through its gate: it may be this very change that it waits for.
    if (this.#seat.state !== 'serving') return last
    try {
      const { value, from } = await this.#seat.ask({ op: 'resolve', ...about, file: this.#file() }, ANSWER_MS)
      this.#remember(about, value, from)
      return { value, from }
    } catch (error) {
      this.#log.warn(`the settings of '${plugin}' could not be asked for; those known last count`, {
        error: error instanceof Error ? error.message : String(error),
      })
      return last
    }
  }

  /** The plugin runs with this value. */
  applied(about: SettingsAbout, value: Config, from: SettingsFrom): void {
    if (from === 'stored') this.#remember(about, value, from)
    this.#tell({ op: 'applied', ...about, value, from, file: this.#file() })
  }

  /** The plugin runs with a value that the holder itself is setting: nothing that it need be told. */
  changed(about: SettingsAbout, value: Config): void {
    this.#remember(about, value, 'stored')
  }

  /** The plugin has no entry any more. */
  removed(plugin: string): void {
    this.#last.delete(plugin)
    this.#tell({ op: 'removed', plugin, file: this.#file() })
  }

  #remember({ plugin, config }: SettingsAbout, value: Config, from: SettingsFrom): void {
    this.#last.set(plugin, { block: JSON.stringify(config), value, from })
  }

  /** What could not be told is told again when the holder comes back. */
  #tell(message: SettingsQuestion): void {
    if (!this.#seat.isHeld) return
    this.#seat.tell(message, (error) => {
      this.#log.warn('the holder of the seat settings refused what it was told', { error: String(error) })
    })
  }
}
