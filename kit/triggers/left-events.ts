// Events whose condition has not decided when a generation makes room for the next one. Their conditions may need the very
// worker that is being replaced, and are asked again by the generation that follows.
import { join } from 'node:path'
import { toJson } from '../../sdk/answers.ts'
import { RawJson } from '../../sdk/raw-json.ts'
import { LONGEST_GAP_MS, takeHandOver, writeHandOver } from '../generations/hand-over-file.ts'
import type { FiredEvent } from './binding-lane.ts'
import type { BindingLog } from './binding-problems.ts'

/** Where events are left, and whom problems are told. */
export interface LeftEventsOptions {
  /** The folder of the instance; asked for late, as that makes it. */
  readonly folder: () => string
  readonly log: BindingLog
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly now?: (() => number) | undefined
}

const NAME = 'left-events.json'

interface LeftEvent {
  readonly binding: string
  /** JSON. */
  readonly payload: string
  readonly bytes: number
  readonly orderKey?: string
  readonly traceparent?: string
  readonly baggage?: string
}

/** What a generation leaves to the one that follows, by `TriggerBindings.leave`; handed to both as `left`. */
export class LeftEvents {
  readonly #options: LeftEventsOptions
  readonly #now: () => number
  #taken: { readonly events: Map<string, FiredEvent[]>; readonly until: number } | undefined

  constructor(options: LeftEventsOptions) {
    this.#options = options
    this.#now = options.now ?? Date.now
  }

  /** Each binding's in their order. */
  write(left: readonly (readonly [binding: string, event: FiredEvent])[]): void {
    if (left.length === 0) return
    const events = left.map(([binding, event]): LeftEvent => {
      return { ...event, binding, payload: toJson(event.payload) ?? 'null' } as LeftEvent
    })
    const lost = `${events.length} events with a condition are lost`
    writeHandOver(join(this.#options.folder(), NAME), { events }, lost, this.#now(), this.#options.log)
  }

  /** What was left for the binding. Not before it is there: a generation whose start fails leaves them to the one after it. */
  take(binding: string): readonly FiredEvent[] {
    const { events, until } = (this.#taken ??= { events: this.#read(), until: this.#now() + LONGEST_GAP_MS })
    if (events.size === 0) return []
    if (this.#now() > until) events.clear()
    const own = events.get(binding) ?? []
    events.delete(binding)
    return own
  }

  #read(): Map<string, FiredEvent[]> {
    const file = join(this.#options.folder(), NAME)
    const isWhole = (content: Readonly<Record<string, unknown>>): boolean => Array.isArray(content['events'])
    const content = takeHandOver<{ events: LeftEvent[] }>(file, isWhole, this.#now(), this.#options.log)
    const events = new Map<string, FiredEvent[]>()
    for (const { binding, payload, ...event } of content?.events ?? []) {
      const own = events.get(binding) ?? []
      events.set(binding, own)
      own.push({ ...event, payload: new RawJson(payload) })
    }
    return events
  }
}
