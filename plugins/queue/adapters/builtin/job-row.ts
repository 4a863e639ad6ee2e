// A job as the tables have it, and the way from one to the other. Rows are arrays in the order of `JOB_COLUMNS`.
import type { Failure, Job, NewJob } from '../../job.ts'

export type Column = string | number | null

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

export function newRow(job: NewJob, createdAt: number, runAt: number | undefined): Column[] {
  const { id, functionId, namespace, data, group, traceparent, baggage } = job
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
    baggage ?? null,
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
    baggage: text(9),
    history: readHistory(text(10)),
  }
}

/** What a job is right after it was stored; spares reading it. */
export function storedNow(job: NewJob, createdAt: number, runAt: number | undefined): Job {
  const { id, functionId, namespace, data, group, traceparent, baggage, priority = 0 } = job
  return {
    id,
    functionId,
    namespace,
    data,
    group,
    priority,
    attempts: 0,
    runAt,
    createdAt,
    traceparent,
    baggage,
    history: NO_HISTORY,
  }
}

export function historyText(history: readonly Failure[]): string | null {
  return history.length === 0 ? null : JSON.stringify(history)
}

const NO_HISTORY: readonly Failure[] = []

function readHistory(text: string | undefined): readonly Failure[] {
  return text === undefined ? NO_HISTORY : (JSON.parse(text) as Failure[])
}
