// A job as the tables have it, and the way from one to the other. Rows are arrays in the order of `JOB_COLUMNS`.
import type { Failure, Job, NewJob } from '../../job.ts'

export type Column = string | number | null

const NO_HISTORY: readonly Failure[] = []

/** A stored job with where it stands. `place`: position in `waiting`, or number in `delayed`. */
export interface StoredJob {
  readonly table: 'waiting' | 'delayed'
  readonly place: number
  readonly job: Job
}

/** A number for each stored job of a queue. */
export function keyOf({ table, place }: StoredJob): number {
  return table === 'waiting' ? place : -place
}

/** What the engine adds to a job whose publisher has no baggage: stored as the empty text, which means nothing else. */
const FUNCTION_ENTRY = 'iii.function.id='

export function baggageColumn({ baggage, functionId }: NewJob): string | null {
  if (baggage === undefined || baggage === '') return null
  const isUsual =
    baggage.length === FUNCTION_ENTRY.length + functionId.length &&
    baggage.startsWith(FUNCTION_ENTRY) &&
    baggage.endsWith(functionId)
  return isUsual ? '' : baggage
}

function readBaggage(column: Column, functionId: string): string | undefined {
  return column === '' ? FUNCTION_ENTRY + functionId : ((column as string | null) ?? undefined)
}

/** Of nearly all new jobs: the columns that are not in `USUAL_COLUMNS` have nothing to say. */
export function isUsualRow({ namespace, group, traceparent }: NewJob): boolean {
  return namespace === undefined && group === undefined && traceparent === undefined
}

export function newRow(job: NewJob, createdAt: number, runAt: number | undefined): Column[] {
  const { id, functionId, namespace, data, group, traceparent } = job
  return [
    id,
    functionId,
    namespace ?? null,
    data,
    group ?? null,
    0,
    runAt ?? null,
    createdAt,
    traceparent ?? null,
    baggageColumn(job),
    null,
  ]
}

export function jobRow(job: Job): Column[] {
  const row = newRow(job, job.createdAt, job.runAt)
  row[5] = job.attempts
  row[10] = historyText(job.history)
  return row
}

/** @param from index of the first job column. */
export function readJob(row: readonly Column[], from: number, priority: number): Job {
  const text = (index: number): string | undefined => (row[from + index] as string | null) ?? undefined
  return {
    id: row[from] as string,
    functionId: row[from + 1] as string,
    namespace: text(2),
    data: row[from + 3] as string,
    group: text(4),
    priority,
    attempts: row[from + 5] as number,
    runAt: (row[from + 6] as number | null) ?? undefined,
    createdAt: row[from + 7] as number,
    traceparent: text(8),
    baggage: readBaggage(row[from + 9]!, row[from + 1] as string),
    history: readHistory(text(10)),
  }
}

/** A job right after it was stored, which spares reading it. Most are only counted, and then nothing is made of them. */
export class NewlyStored implements StoredJob {
  readonly table: StoredJob['table']
  readonly place: number
  readonly #new: NewJob
  readonly #createdAt: number
  #job: Job | undefined

  constructor(table: StoredJob['table'], place: number, job: NewJob, createdAt: number) {
    this.table = table
    this.place = place
    this.#new = job
    this.#createdAt = createdAt
  }

  get job(): Job {
    return (this.#job ??= this.#made())
  }

  #made(): Job {
    const { id, functionId, namespace, data, group, traceparent, baggage, priority = 0, runAt } = this.#new
    return {
      id,
      functionId,
      namespace,
      data,
      group,
      priority,
      attempts: 0,
      runAt: this.table === 'delayed' ? runAt : undefined,
      createdAt: this.#createdAt,
      traceparent,
      baggage,
      history: NO_HISTORY,
    }
  }
}

export function historyText(history: readonly Failure[]): string | null {
  return history.length === 0 ? null : JSON.stringify(history)
}

function readHistory(text: string | undefined): readonly Failure[] {
  return text === undefined ? NO_HISTORY : (JSON.parse(text) as Failure[])
}
