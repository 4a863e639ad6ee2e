// How many jobs a queue holds, and whether there is room for more (`max_jobs`, `max_bytes`). Dead letters take up room as well: whoever lets them
// pile up is told by the publisher's error, and nothing is dropped.
import { CodedError } from '../../../../protocol/errors.ts'
import type { QueueSettings } from '../../settings.ts'
import type { QueueRef } from '../backend.ts'
import type { JobTables } from './job-tables.ts'
import type { Lane } from './lane.ts'

export type Place = 'waiting' | 'delayed' | 'dead'

export class QueueRoom {
  readonly #tables: JobTables
  readonly #number: number
  readonly #lanes: readonly Lane[]
  readonly #counts: Record<Place, number> = { waiting: 0, delayed: 0, dead: 0 }
  /** Those stored, and those for which room is kept. */
  #jobs = 0
  /** Counted only where there is a limit. */
  #bytes: number | undefined
  #maxJobs = Infinity
  #maxBytes = Infinity

  constructor(number: number, tables: JobTables, lanes: readonly Lane[]) {
    this.#number = number
    this.#tables = tables
    this.#lanes = lanes
    for (const place of ['waiting', 'delayed', 'dead'] as const) this.#counts[place] = this.#count(place)[0]
    this.#jobs = this.waiting + this.delayed + this.dead
  }

  get waiting(): number {
    return this.#counts.waiting
  }

  get delayed(): number {
    return this.#counts.delayed
  }

  get dead(): number {
    return this.#counts.dead
  }

  get jobs(): number {
    return this.#jobs
  }

  setLimits({ maxJobs = Infinity, maxBytes = Infinity }: Pick<QueueSettings, 'maxJobs' | 'maxBytes'>): void {
    this.#maxJobs = maxJobs
    this.#maxBytes = maxBytes
    if (maxBytes === Infinity) this.#bytes = undefined
    else this.#bytes ??= this.#count('waiting')[1] + this.#count('delayed')[1] + this.#count('dead')[1]
  }

  /** Keeps room for a job that is about to be stored. Throws `queue_full`, and then nothing is kept. */
  reserve({ data }: { readonly data: string }, { name }: QueueRef): void {
    if (this.#jobs >= this.#maxJobs) throw full(name, `${this.#jobs} jobs`, `max_jobs allows ${this.#maxJobs}`)
    if (this.#bytes !== undefined) {
      const bytes = Buffer.byteLength(data)
      if (this.#bytes + bytes > this.#maxBytes) {
        throw full(
          name,
          `${this.#bytes} bytes, with the new ones ${this.#bytes + bytes}`,
          `max_bytes allows ${this.#maxBytes}`,
        )
      }
      this.#bytes += bytes
    }
    this.#jobs++
  }

  /** It was not stored, or is no longer. */
  release({ data }: { readonly data: string }): void {
    this.#jobs--
    if (this.#bytes !== undefined) this.#bytes -= Buffer.byteLength(data)
  }

  entered(place: Place): void {
    this.#counts[place]++
  }

  left(place: Place, count: number): void {
    this.#counts[place] -= count
  }

  moved(from: Place, to: Place): void {
    this.left(from, 1)
    this.entered(to)
  }

  #count(place: Place): [jobs: number, bytes: number] {
    if (place === 'delayed') return this.#tables.countDelayed(this.#number, Number.MAX_SAFE_INTEGER)
    if (place === 'dead') return this.#tables.countDead(this.#number)
    let jobs = 0
    let bytes = 0
    for (const { number } of this.#lanes) {
      const [ofLane, bytesOfLane] = this.#tables.countWaiting(number)
      jobs += ofLane
      bytes += bytesOfLane
    }
    return [jobs, bytes]
  }
}

function full(name: string, holds: string, allowed: string): CodedError {
  return new CodedError(
    'queue_full',
    `The queue ${name} is full: it holds ${holds}, ${allowed}. Nothing was stored. Have its jobs run, redrive or discard its dead letters, or raise the limit.`,
  )
}
