// Whether anybody wants spans: the seat `telemetry` is held.
import { SEATS } from '../../protocol/seats.ts'
import type { Handle } from '../../sdk/plugin.ts'

/** Told of the functions that come and go. */
const WATCH_FUNCTION = 'iii-http-functions::on-functions-changed'

/** Of the payload of `engine::functions-changed`. */
interface Change {
  readonly added: readonly { readonly function_id: string }[]
  readonly removed: readonly { readonly function_id: string }[]
}

export class TelemetryWatch {
  readonly #iii: Pick<Handle, 'registerFunction' | 'registerTrigger'>
  isWanted = false

  constructor(iii: Pick<Handle, 'registerFunction' | 'registerTrigger'>) {
    this.#iii = iii
  }

  begin(): void {
    this.#iii.registerFunction(WATCH_FUNCTION, (change: Change) => this.#apply(change), {
      metadata: { internal: true },
    })
    this.#iii.registerTrigger({ type: 'engine::functions-changed', function_id: WATCH_FUNCTION, config: {} })
  }

  #apply({ added, removed }: Change): void {
    const isSeat = ({ function_id: id }: { readonly function_id: string }): boolean => id === SEATS.telemetry
    if (removed.some(isSeat)) this.isWanted = false
    if (added.some(isSeat)) this.isWanted = true
  }
}
