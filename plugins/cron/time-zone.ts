// Offsets of a time zone from UTC and the moments when they change, read from the engine's own data (Intl). Seconds since the epoch.

/** Clocks are set: local time is UTC plus `before` until this second, and UTC plus `after` from it on. */
export interface Transition {
  readonly at: number
  readonly before: number
  readonly after: number
}

interface Block {
  readonly offset: number
  readonly transitions: readonly Transition[]
}

const BLOCK = 32 * 86_400
/** Two changes within it that cancel each other out would be missed; no zone has any. */
const PROBE = 6 * 3_600
/** Of 32 days each; a trigger needs one or two at a time. */
const MAX_BLOCKS = 64

export class TimeZone {
  readonly name: string
  readonly isUtc: boolean
  /** Undefined for UTC, which needs none: to load the data takes longer than all the rest of a start of this worker. */
  readonly #format: Intl.DateTimeFormat | undefined
  readonly #blocks = new Map<number, Block>()

  /** Throws when the name is no IANA time zone. */
  constructor(name: string) {
    this.name = name
    this.isUtc = name === 'UTC'
    if (this.isUtc) return
    // Intl takes offsets such as +02:00 as well; those are no names, and have no summer time.
    if (!/^[A-Za-z]/.test(name)) throw new Error(unknownZone(name))
    try {
      this.#format = new Intl.DateTimeFormat('en-US', {
        timeZone: name,
        calendar: 'gregory',
        numberingSystem: 'latn',
        hourCycle: 'h23',
        year: 'numeric',
        month: 'numeric',
        day: 'numeric',
        hour: 'numeric',
        minute: 'numeric',
        second: 'numeric',
      })
    } catch (cause) {
      throw new Error(unknownZone(name), { cause })
    }
    // In the spelling of the data: names are taken in any case.
    this.name = this.#format.resolvedOptions().timeZone
    this.isUtc = this.name === 'UTC'
  }

  offsetAt(second: number): number {
    if (this.isUtc) return 0
    const { offset, transitions } = this.#block(Math.floor(second / BLOCK))
    return transitions.findLast(({ at }) => at <= second)?.after ?? offset
  }

  /** In [`from`, `to`], in order of time. */
  transitions(from: number, to: number): Transition[] {
    if (this.isUtc) return []
    const found: Transition[] = []
    // A change at the very end of a block belongs to that block, not to the next one.
    for (let index = Math.floor((from - 1) / BLOCK); index * BLOCK <= to; index++) {
      for (const transition of this.#block(index).transitions)
        if (transition.at >= from && transition.at <= to) found.push(transition)
    }
    return found
  }

  #block(index: number): Block {
    const known = this.#blocks.get(index)
    if (known !== undefined) return known
    const start = index * BLOCK
    const offset = this.#readOffset(start)
    const transitions: Transition[] = []
    let before = offset
    for (let probe = start + PROBE; probe <= start + BLOCK; probe += PROBE) {
      const after = this.#readOffset(probe)
      if (after !== before) {
        const at = this.#firstSecondWith(after, probe - PROBE, probe)
        transitions.push({ at, before, after })
      }
      before = after
    }
    const block = { offset, transitions }
    if (this.#blocks.size >= MAX_BLOCKS) this.#blocks.delete(this.#blocks.keys().next().value!)
    this.#blocks.set(index, block)
    return block
  }

  #firstSecondWith(offset: number, without: number, having: number): number {
    let [low, high] = [without, having]
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2)
      if (this.#readOffset(middle) === offset) high = middle
      else low = middle
    }
    return high
  }

  #readOffset(second: number): number {
    const parts = this.#format!
      .format(second * 1_000)
      .match(/\d+/g)!
      .map(Number) as [number, number, number, number, number, number]
    const [month, day, year, hour, minute, seconds] = parts
    return Date.UTC(year, month - 1, day, hour, minute, seconds) / 1_000 - second
  }
}

export const UTC = new TimeZone('UTC')

function unknownZone(name: string): string {
  return `\`timezone\` "${name}" is not known; write an IANA name such as Europe/Berlin or UTC`
}

/** Zones by name: triggers in the same zone share what was read of it. */
export class TimeZones {
  readonly #zones = new Map<string, TimeZone>([['UTC', UTC]])

  /** Throws when there is no such zone. Only existing zones are kept, whose names are limited. */
  readonly get = (name: string): TimeZone => {
    const known = this.#zones.get(name)
    if (known !== undefined) return known
    const zone = new TimeZone(name)
    const same = this.#zones.get(zone.name) ?? zone
    this.#zones.set(zone.name, same)
    return same
  }
}
