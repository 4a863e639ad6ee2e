// Events whose condition has not decided when a generation makes room for the next one: a small file, read once. Their conditions may need
// the very worker that is being replaced, and are asked again by the generation that follows.
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isRecord } from '../../base/values/is-record.ts'
import { toJson } from '../../sdk/answers.ts'
import { RawJson } from '../../sdk/raw-json.ts'
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

/** Longest gap between generations: older events are of an engine that has ended. */
export const LONGEST_GAP_MS = 60_000

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
    const file = join(this.#options.folder(), NAME)
    try {
      // In place: its one reader starts when this is done, and ignores half a file of an engine that was killed here.
      writeFileSync(file, JSON.stringify({ stopped_at: this.#now(), events }), { mode: 0o600 })
    } catch (error) {
      const what = `${events.length} events with a condition are lost: they could not be left to the next generation.`
      this.#options.log.warn(what, { file, error: (error as Error).message })
    }
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
    let text: string
    try {
      text = readFileSync(file, 'utf8')
      // Gone before any of it fires: a generation that crashes is not followed by one that fires it all again.
      rmSync(file)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        this.#options.log.warn('Events of the generation before can not be read.', { file, error: String(error) })
      return new Map()
    }
    const events = new Map<string, FiredEvent[]>()
    for (const { binding, payload, ...event } of parse(text, this.#now()) ?? []) {
      const own = events.get(binding) ?? []
      events.set(binding, own)
      own.push({ ...event, payload: new RawJson(payload) })
    }
    return events
  }
}

/** Undefined: it is half a file, or too old. */
function parse(text: string, now: number): readonly LeftEvent[] | undefined {
  let content: unknown
  try {
    content = JSON.parse(text)
  } catch {
    return undefined
  }
  if (!isRecord(content) || !Array.isArray(content['events'])) return undefined
  const stoppedAt = content['stopped_at']
  if (typeof stoppedAt !== 'number' || Math.abs(now - stoppedAt) > LONGEST_GAP_MS) return undefined
  return content['events'] as readonly LeftEvent[]
}
