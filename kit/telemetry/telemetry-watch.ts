// Whether anybody wants spans: the seat `telemetry` is held. Told by `engine::functions-changed`, of this one function alone.
import { SEATS } from '../../protocol/seats.ts'
import type { Handle } from '../../sdk/plugin.ts'
import type { ChangedFunction, FunctionsChanged } from '../functions/functions-changed.ts'

export class TelemetryWatch {
  readonly #iii: Pick<Handle, 'registerFunction' | 'registerTrigger'>
  #isWanted = false

  constructor(iii: Pick<Handle, 'registerFunction' | 'registerTrigger'>) {
    this.#iii = iii
  }

  get isWanted(): boolean {
    return this.#isWanted
  }

  /** @param functionId of the internal function that is told. */
  begin(functionId: string): void {
    this.#iii.registerFunction(functionId, (change: FunctionsChanged) => this.#apply(change), {
      metadata: { internal: true },
    })
    this.#iii.registerTrigger({
      type: 'engine::functions-changed',
      function_id: functionId,
      config: { prefix: SEATS.telemetry },
    })
  }

  #apply({ added, removed }: FunctionsChanged): void {
    const isSeat = ({ function_id }: ChangedFunction): boolean => function_id === SEATS.telemetry
    if (removed.some(isSeat)) this.#isWanted = false
    if (added.some(isSeat)) this.#isWanted = true
  }
}
