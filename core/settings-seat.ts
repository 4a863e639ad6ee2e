// The seat `settings` as the plugin host asks it: calls of the function that its holder registered.
import { SEATS } from '../protocol/seats.ts'
import { withDeadline } from '../base/time/deadline.ts'
import type { Config, SettingsAbout, SettingsFrom, SettingsSeat } from './host/generations/plugin-settings.ts'
import type { Log } from './log.ts'
import type { Router } from './router/router.ts'

/** The host waits for nobody longer: one plugin's trouble is not to hold up the start of the others. */
const ANSWER_MS = 5_000

export class SeatSettings implements SettingsSeat {
  readonly #router: Router
  readonly #log: Log
  readonly #file: () => string | null
  /** What the holder said last, for while it is down: crashed plugins come back with the settings they had. */
  readonly #last = new Map<string, { readonly block: string; readonly value: Config; readonly from: SettingsFrom }>()

  /** @param file path of the configuration file. */
  constructor(router: Router, log: Log, file: () => string | null) {
    this.#router = router
    this.#log = log
    this.#file = file
  }

  async resolve(about: SettingsAbout): Promise<{ value: Config; from: SettingsFrom }> {
    const { plugin, config } = about
    const known = this.#last.get(plugin)
    const last = known?.block === JSON.stringify(config) ? known : { value: config, from: 'file' as const }
    // Not through its gate: it may be this very change that it waits for.
    if (!this.#isHeld) return last
    try {
      const asked = this.#ask({ op: 'resolve', ...about })
      const answer = await withDeadline(asked, ANSWER_MS, () => new Error(`no answer within ${ANSWER_MS} ms`))
      const { value, from } = JSON.parse(answer.toString()) as { value: Config; from: SettingsFrom }
      this.#remember(about, value, from)
      return { value, from }
    } catch (error) {
      this.#log.warn(`the settings of '${plugin}' could not be asked for; those known last count`, {
        error: error instanceof Error ? error.message : String(error),
      })
      return last
    }
  }

  applied(about: SettingsAbout, value: Config, from: SettingsFrom): void {
    if (from === 'stored') this.#remember(about, value, from)
    this.#tell({ op: 'applied', ...about, value, from })
  }

  changed(about: SettingsAbout, value: Config): void {
    this.#remember(about, value, 'stored')
  }

  removed(plugin: string): void {
    this.#last.delete(plugin)
    this.#tell({ op: 'removed', plugin })
  }

  get #isHeld(): boolean {
    const entry = this.#router.functions.find('default', SEATS.settings)
    return entry?.slot !== undefined && entry.providers.length > 0
  }

  #remember({ plugin, config }: SettingsAbout, value: Config, from: SettingsFrom): void {
    this.#last.set(plugin, { block: JSON.stringify(config), value, from })
  }

  /** What could not be told is told again when the holder comes back. */
  #tell(message: object): void {
    if (!this.#isHeld) return
    this.#ask(message).catch((error: unknown) => {
      this.#log.warn('the holder of the seat settings refused what it was told', { error: String(error) })
    })
  }

  async #ask(message: object): Promise<Buffer> {
    const data = Buffer.from(JSON.stringify({ ...message, file: this.#file() }))
    return (await this.#router.invoke({ functionId: SEATS.settings, data })) ?? Buffer.from('{}')
  }
}
