// What workers log, in the engine's log: while nobody holds the seat `telemetry` it would be seen by nobody. Bounded by records and bytes per
// second, of each worker and of all; what is left out is counted, and told once for all workers.
import { stripVTControlCharacters } from 'node:util'
import { systemClock, type Clock } from '../../base/time/clock.ts'
import type { Log } from '../log.ts'
import { boundedData, cutText, MAX_BODY_CHARACTERS, readLogExport, type LogRecord } from './log-export.ts'

export const WORKER_LOG_LIMITS = {
  /** In a second, from one worker. */
  recordsOfWorker: 100,
  bytesOfWorker: 1024 * 1024,
  /** In a second, from all. */
  records: 1_000,
  bytes: 8 * 1024 * 1024,
} as const

const INTERVAL_MS = 1_000
/** Between two lines about what was left out. */
const REPORT_MS = 10_000
/** Named in such a line, those with the most first. */
const NAMED = 5
/** Counted by name; the others share a number. */
const MAX_COUNTED = 1_000
const OTHERS = 'others'

/** Who logs: a worker, or the telemetry socket of one. */
export interface LogSource {
  /** Of the connection. */
  readonly id: string
  /** Name of the worker, as far as it is known. */
  readonly name: string | undefined
}

interface Spent {
  records: number
  bytes: number
}

export class WorkerLog {
  readonly #log: Log
  readonly #clock: Clock
  #intervalBegan = -Infinity
  #all: Spent = { records: 0, bytes: 0 }
  /** In the running interval, by id of the source. */
  readonly #spent = new Map<string, Spent>()
  /** Since the last report: records, and frames that were not even read, by name of the worker. */
  readonly #leftOut = new Map<string, number>()
  #unread = 0
  #cancelReport: (() => void) | undefined
  #cancelQuiet: (() => void) | undefined
  /** Within the last ten seconds. */
  #hasReported = false

  constructor(log: Log, clock: Clock = systemClock) {
    this.#log = log
    this.#clock = clock
  }

  /**
   * Writes the records of one export, without its prefix. False when none of it was.
   * @throws SyntaxError when it is no JSON
   */
  takeExport(frame: Buffer, source: LogSource): boolean {
    if (!this.#allows(source, 0, frame.length)) {
      this.#unread++
      this.#leaveOut(source, undefined)
      return false
    }
    let isTaken = false
    for (const record of readLogExport(frame.utf8Slice())) isTaken = this.#write(record, source) || isTaken
    return isTaken
  }

  /** Writes one record. Its message and its data may be of any size. */
  write(record: LogRecord, source: LogSource): void {
    if (!this.#log.isEnabled(record.level)) return
    const body = stripVTControlCharacters(cutText(record.body, MAX_BODY_CHARACTERS))
    this.#write({ ...record, body, data: boundedData(record.data) }, source)
  }

  close(): void {
    this.#cancelReport?.()
    this.#cancelQuiet?.()
  }

  #write({ level, body, data, attributes, service, traceId, spanId }: LogRecord, source: LogSource): boolean {
    // What nobody wants to see takes nothing away from the rest.
    if (!this.#log.isEnabled(level)) return true
    if (!this.#allows(source, 1, 0)) {
      this.#leaveOut(source, service)
      return false
    }
    this.#log[level](body, {
      worker: source.name,
      service,
      trace_id: traceId,
      span_id: spanId,
      data,
      attributes,
    })
    return true
  }

  /** Takes it out of what may still come in this second, unless that would be too much. */
  #allows({ id }: LogSource, records: number, bytes: number): boolean {
    const now = this.#clock.passed()
    if (now - this.#intervalBegan >= INTERVAL_MS) {
      this.#intervalBegan = now
      this.#all = { records: 0, bytes: 0 }
      this.#spent.clear()
    }
    const all = this.#all
    const own = this.#spent.get(id) ?? { records: 0, bytes: 0 }
    const limits = WORKER_LOG_LIMITS
    if (all.records + records > limits.records || all.bytes + bytes > limits.bytes) return false
    if (own.records + records > limits.recordsOfWorker || own.bytes + bytes > limits.bytesOfWorker) return false
    this.#spent.set(id, own)
    for (const spent of [all, own]) {
      spent.records += records
      spent.bytes += bytes
    }
    return true
  }

  #leaveOut({ name, id }: LogSource, service: string | undefined): void {
    const worker = name ?? service ?? id
    const key = this.#leftOut.has(worker) || this.#leftOut.size < MAX_COUNTED ? worker : OTHERS
    this.#leftOut.set(key, (this.#leftOut.get(key) ?? 0) + 1)
    if (this.#cancelReport !== undefined) return
    const wait = this.#hasReported ? REPORT_MS : INTERVAL_MS
    this.#cancelReport = this.#clock.after(wait, () => this.#report())
  }

  #report(): void {
    const workers = [...this.#leftOut].sort(([, a], [, b]) => b - a)
    const records = workers.reduce((sum, [, count]) => sum + count, 0)
    const unread = this.#unread
    this.#leftOut.clear()
    this.#unread = 0
    this.#cancelReport = undefined
    this.#hasReported = true
    this.#cancelQuiet?.()
    this.#cancelQuiet = this.#clock.after(REPORT_MS, () => (this.#hasReported = false))
    this.#log.warn('log records of workers were left out: they came faster than is written', {
      // A frame that was not read counts as one record.
      records,
      ...(unread > 0 && { unread_frames: unread }),
      workers: Object.fromEntries(workers.slice(0, NAMED)),
      ...(workers.length > NAMED && { more_workers: workers.length - NAMED }),
    })
  }
}
