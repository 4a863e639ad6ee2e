// The statements on the tables of jobs: waiting, delayed, dead, deduplication keys. Synchronous; what writes is for use inside a batch.
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Deduplication, Failure, Job, NewJob } from '../../job.ts'
import {
  baggageColumn,
  historyText,
  isUsualRow,
  jobRow,
  newRow,
  readJob,
  type Column,
  type StoredJob,
} from './job-row.ts'
import { JOB_COLUMNS, LANE_POSITIONS, USUAL_COLUMNS } from './schema.ts'

/** A piece that is read ahead ends at the first of both. */
export interface ReadLimits {
  readonly rows: number
  /** Characters of payload; a first row is read however large it is. */
  readonly characters: number
}

export interface DeadRow {
  readonly number: number
  readonly failedAt: number
  readonly job: Job
}

export class JobTables {
  readonly #insertWaiting: StatementSync
  readonly #insertUsual: StatementSync
  readonly #removeWaiting: StatementSync
  readonly #failWaiting: StatementSync
  readonly #readWaiting: StatementSync
  readonly #readGroup: StatementSync
  readonly #readNoGroup: StatementSync
  readonly #countWaiting: StatementSync
  readonly #lastPosition: StatementSync
  readonly #insertLane: StatementSync
  readonly #insertDelayed: StatementSync
  readonly #removeDelayed: StatementSync
  readonly #failDelayed: StatementSync
  readonly #readDelayed: StatementSync
  readonly #countDelayed: StatementSync
  readonly #nextDue: StatementSync
  readonly #insertDead: StatementSync
  readonly #removeDead: StatementSync
  readonly #findDead: StatementSync
  readonly #countDead: StatementSync
  readonly #newestDead: StatementSync
  readonly #oldestDead: StatementSync
  readonly #findKey: StatementSync
  readonly #setKey: StatementSync
  readonly #expireKeys: StatementSync

  constructor(database: DatabaseSync) {
    const prepare = (sql: string): StatementSync => {
      const statement = database.prepare(sql)
      // Rows as arrays: no object with named members per row.
      statement.setReturnArrays(true)
      return statement
    }
    const marks = JOB_COLUMNS.replace(/\w+/g, '?')
    const bytes = 'coalesce(sum(octet_length(data)), 0)'
    this.#insertWaiting = prepare(`INSERT INTO waiting (position, ${JOB_COLUMNS}) VALUES (?, ${marks})`)
    this.#insertUsual = prepare(
      `INSERT INTO waiting (position, attempts, ${USUAL_COLUMNS}) VALUES (?, 0, ${USUAL_COLUMNS.replace(/\w+/g, '?')})`,
    )
    this.#removeWaiting = prepare('DELETE FROM waiting WHERE position = ?')
    this.#failWaiting = prepare('UPDATE waiting SET attempts = ?, run_at = ?, history = ? WHERE position = ?')
    this.#readWaiting = prepare(
      `SELECT position, ${JOB_COLUMNS} FROM waiting WHERE position > ? AND position < ? ORDER BY position`,
    )
    this.#readGroup = prepare(
      `SELECT position, ${JOB_COLUMNS} FROM waiting WHERE group_id = ? AND position > ? AND position <= ? ORDER BY position`,
    )
    this.#readNoGroup = prepare(
      `SELECT position, ${JOB_COLUMNS} FROM waiting WHERE group_id IS NULL AND position > ? AND position <= ? ORDER BY position`,
    )
    this.#countWaiting = prepare(`SELECT count(*), ${bytes} FROM waiting WHERE position >= ? AND position < ?`)
    this.#lastPosition = prepare(
      'SELECT position FROM waiting WHERE position >= ? AND position < ? ORDER BY position DESC LIMIT 1',
    )
    this.#insertLane = prepare('INSERT OR IGNORE INTO lane (number, queue, priority) VALUES (?, ?, ?)')
    this.#insertDelayed = prepare(`INSERT INTO delayed (queue, priority, ${JOB_COLUMNS}) VALUES (?, ?, ${marks})`)
    this.#removeDelayed = prepare('DELETE FROM delayed WHERE number = ?')
    this.#failDelayed = prepare('UPDATE delayed SET attempts = ?, run_at = ?, history = ? WHERE number = ?')
    this.#readDelayed = prepare(
      `SELECT number, priority, ${JOB_COLUMNS} FROM delayed WHERE queue = ? AND run_at > ? AND run_at <= ? ORDER BY run_at, number`,
    )
    this.#countDelayed = prepare(`SELECT count(*), ${bytes} FROM delayed WHERE queue = ? AND run_at <= ?`)
    this.#nextDue = prepare('SELECT run_at FROM delayed WHERE queue = ? AND run_at > ? ORDER BY run_at LIMIT 1')
    this.#insertDead = prepare(
      `INSERT INTO dead (queue, priority, failed_at, ${JOB_COLUMNS}) VALUES (?, ?, ?, ${marks})`,
    )
    this.#removeDead = prepare('DELETE FROM dead WHERE number = ?')
    this.#findDead = prepare(
      `SELECT number, priority, failed_at, ${JOB_COLUMNS} FROM dead WHERE queue = ? AND id = ? ORDER BY number LIMIT 1`,
    )
    this.#countDead = prepare(`SELECT count(*), ${bytes} FROM dead WHERE queue = ?`)
    const dead = `SELECT number, priority, failed_at, ${JOB_COLUMNS} FROM dead WHERE queue = ?`
    this.#newestDead = prepare(`${dead} ORDER BY number DESC LIMIT ? OFFSET ?`)
    this.#oldestDead = prepare(`${dead} ORDER BY number LIMIT ? OFFSET ?`)
    this.#findKey = prepare('SELECT id FROM dedup WHERE queue = ? AND key = ? AND until > ?')
    this.#setKey = prepare('INSERT OR REPLACE INTO dedup (queue, key, id, until) VALUES (?, ?, ?, ?)')
    this.#expireKeys = prepare(
      'DELETE FROM dedup WHERE (queue, key) IN (SELECT queue, key FROM dedup WHERE until <= ? ORDER BY until LIMIT 2)',
    )
  }

  addWaiting(position: number, job: NewJob, createdAt: number): void {
    // Every column that is bound costs.
    if (isUsualRow(job)) {
      // `get` where nobody asks how many rows were changed: `run` makes an object that says it.
      this.#insertUsual.get(position, job.id, job.functionId, job.data, createdAt, baggageColumn(job))
    } else this.#insertWaiting.get(position, ...newRow(job, createdAt, undefined))
  }

  /** A job that was stored before comes to stand here. */
  moveToWaiting(position: number, job: Job): void {
    this.#insertWaiting.run(position, ...jobRow(job))
  }

  /** The number under which it stands. */
  addDelayed(queue: number, job: NewJob, createdAt: number, runAt: number): number {
    return Number(this.#insertDelayed.run(queue, job.priority ?? 0, ...newRow(job, createdAt, runAt)).lastInsertRowid)
  }

  moveToDelayed(queue: number, job: Job): number {
    return Number(this.#insertDelayed.run(queue, job.priority, ...jobRow(job)).lastInsertRowid)
  }

  /** Makes a lane known, however often. */
  addLane(lane: number, queue: number, priority: number): void {
    this.#insertLane.run(lane, queue, priority)
  }

  remove({ table, place }: StoredJob): void {
    if (table === 'waiting') this.#removeWaiting.get(place)
    else this.#removeDelayed.get(place)
  }

  /** Notes the failure where the job stands. */
  setFailed({ table, place }: StoredJob, { attempts, runAt, history }: Job): void {
    const statement = table === 'waiting' ? this.#failWaiting : this.#failDelayed
    statement.run(attempts, runAt ?? null, historyText(history), place)
  }

  /** Jobs of a lane behind a position, in order. */
  readWaiting(after: number, lane: number, priority: number, limits: ReadLimits): StoredJob[] {
    const rows = this.#readWaiting.iterate(after, (lane + 1) * LANE_POSITIONS)
    return readAhead(rows, limits, (row) => ({
      table: 'waiting',
      place: row[0] as number,
      job: readJob(row, 1, priority),
    }))
  }

  /** Jobs of a group behind a position, up to another one, in order. "" includes those that have none. */
  readGroup(group: string, after: number, upTo: number, limits: ReadLimits): StoredJob[] {
    const read = (rows: Iterable<unknown>): StoredJob[] =>
      readAhead(rows, limits, (row) => ({ table: 'waiting', place: row[0] as number, job: readJob(row, 1, 0) }))
    const named = read(this.#readGroup.iterate(group, after, upTo))
    if (group !== '') return named
    const both = [...named, ...read(this.#readNoGroup.iterate(after, upTo))]
    return both.sort((one, other) => one.place - other.place).slice(0, Math.max(1, Math.min(limits.rows, both.length)))
  }

  /** Number of jobs and bytes of payload. */
  countWaiting(lane: number): [jobs: number, bytes: number] {
    return this.#countWaiting.get(lane * LANE_POSITIONS, (lane + 1) * LANE_POSITIONS) as unknown as [number, number]
  }

  /** The largest position of a lane; undefined when it is empty. */
  lastPosition(lane: number): number | undefined {
    const row = this.#lastPosition.get(lane * LANE_POSITIONS, (lane + 1) * LANE_POSITIONS)
    return (row as unknown as [number] | undefined)?.[0]
  }

  /** Delayed jobs that are due later than `dueAfter` and by `dueBy`, the first at the beginning. */
  readDelayed(queue: number, dueBy: number, limits: ReadLimits, dueAfter = -1): StoredJob[] {
    const rows = this.#readDelayed.iterate(queue, dueAfter, dueBy)
    return readAhead(rows, limits, (row) => ({
      table: 'delayed',
      place: row[0] as number,
      job: readJob(row, 2, row[1] as number),
    }))
  }

  countDelayed(queue: number, dueBy: number): [jobs: number, bytes: number] {
    return this.#countDelayed.get(queue, dueBy) as unknown as [number, number]
  }

  /** The first time after this one at which a delayed job is due. */
  nextDue(queue: number, after: number): number | undefined {
    return (this.#nextDue.get(queue, after) as unknown as [number] | undefined)?.[0]
  }

  addDead(queue: number, job: Job, { at }: Failure): void {
    this.#insertDead.run(queue, job.priority, at, ...jobRow(job))
  }

  removeDead(number: number): void {
    this.#removeDead.run(number)
  }

  findDead(queue: number, id: string): DeadRow | undefined {
    const row = this.#findDead.get(queue, id)
    return row === undefined ? undefined : readDead(row)
  }

  countDead(queue: number): [jobs: number, bytes: number] {
    return this.#countDead.get(queue) as unknown as [number, number]
  }

  readDead(queue: number, order: 'newest' | 'oldest', limit: number, offset: number): DeadRow[] {
    const statement = order === 'newest' ? this.#newestDead : this.#oldestDead
    return statement.all(queue, limit, offset).map(readDead)
  }

  /** The id of the job that stands for this key now. */
  holderOf(queue: number, key: string, now: number): string | undefined {
    return (this.#findKey.get(queue, key, now) as unknown as [string] | undefined)?.[0]
  }

  /** From now on the job stands for its key. Two old keys go for a new one, so that there are never more than those in use. */
  setHolder(queue: number, { key, windowMs }: Deduplication, id: string, now: number): void {
    this.#expireKeys.run(now)
    this.#setKey.run(queue, key, id, now + windowMs)
  }
}

function readDead(row: unknown): DeadRow {
  const columns = row as readonly Column[]
  return {
    number: columns[0] as number,
    failedAt: columns[2] as number,
    job: readJob(columns, 3, columns[1] as number),
  }
}

function readAhead(
  rows: Iterable<unknown>,
  { rows: maxRows, characters: maxCharacters }: ReadLimits,
  read: (row: readonly Column[]) => StoredJob,
): StoredJob[] {
  const found: StoredJob[] = []
  let characters = 0
  for (const row of rows) {
    const stored = read(row as readonly Column[])
    found.push(stored)
    characters += stored.job.data.length
    if (found.length >= maxRows || characters >= maxCharacters) break
  }
  return found
}
