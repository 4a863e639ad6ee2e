// What a plugin says of its parts for `engine::health::check`: checked here, where a mistake can be thrown at who made it.
import type { HealthState } from '../../../sdk/plugin.ts'

/** Parts of one plugin. */
export const MAX_HEALTH_PARTS = 8
/** Of the details of one part, as JSON. */
export const MAX_HEALTH_CHARACTERS = 4_096
const NAME = /^[a-z][a-z0-9-]{0,63}$/

export class OwnHealth {
  readonly #send: (part: string, state: HealthState) => void
  readonly #parts = new Set<string>()

  constructor(send: (part: string, state: HealthState) => void) {
    this.#send = send
  }

  readonly report = (part: string, { status, details = {} }: HealthState): void => {
    if (typeof part !== 'string' || !NAME.test(part))
      throw new TypeError(`A part is named by a-z, 0-9 and '-', at most 64 of them, got ${JSON.stringify(part)}.`)
    if (status !== 'healthy' && status !== 'degraded')
      throw new TypeError(`The status of a part is 'healthy' or 'degraded', got ${JSON.stringify(status)}.`)
    if (!this.#parts.has(part) && this.#parts.size >= MAX_HEALTH_PARTS)
      throw new RangeError(`A plugin tells of ${MAX_HEALTH_PARTS} parts at most, '${part}' is one more.`)
    const text = JSON.stringify(details)
    if (text.length > MAX_HEALTH_CHARACTERS)
      throw new RangeError(
        `The details of '${part}' have ${text.length} characters, at most ${MAX_HEALTH_CHARACTERS} are allowed.`,
      )
    this.#parts.add(part)
    this.#send(part, { status, details: JSON.parse(text) as NonNullable<HealthState['details']> })
  }
}
