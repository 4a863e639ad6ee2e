// The tables of the built-in backend (docs/decisions/2026-11-29-queue-store.md says why they are as they are).

/** Version of the layout of `queue.db`. */
export const JOB_SCHEMA_VERSION = 1

/** Columns that a job has in every table, in the order in which `job-row.ts` reads and writes them. */
export const JOB_COLUMNS =
  'id, function_id, namespace, data, group_id, attempts, run_at, created_at, traceparent, baggage, history'

/** Those that say something of nearly every new job (`isUsualRow`); it has 0 attempts. */
export const USUAL_COLUMNS = 'id, function_id, data, created_at, baggage'

const JOB_COLUMN_TYPES =
  'id TEXT NOT NULL, function_id TEXT NOT NULL, namespace TEXT, data TEXT NOT NULL, group_id TEXT, attempts INTEGER NOT NULL, ' +
  'run_at INTEGER, created_at INTEGER NOT NULL, traceparent TEXT, baggage TEXT, history TEXT'

export const JOB_SCHEMA = [
  // `topic` and what follows: of subscriptions. `subscribed` = 0: its jobs are kept, it gets no copies.
  'CREATE TABLE queue (number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, name TEXT NOT NULL, ' +
    'paused INTEGER NOT NULL DEFAULT 0, function_id TEXT, namespace TEXT, subscribed INTEGER NOT NULL DEFAULT 0)',
  'CREATE TABLE lane (number INTEGER PRIMARY KEY, queue INTEGER NOT NULL, priority INTEGER NOT NULL, UNIQUE (queue, priority))',
  `CREATE TABLE waiting (position INTEGER PRIMARY KEY, ${JOB_COLUMN_TYPES})`,
  'CREATE INDEX waiting_group ON waiting (group_id, position) WHERE group_id IS NOT NULL',
  `CREATE TABLE delayed (number INTEGER PRIMARY KEY, queue INTEGER NOT NULL, priority INTEGER NOT NULL, ${JOB_COLUMN_TYPES})`,
  'CREATE INDEX delayed_due ON delayed (queue, run_at, number)',
  // Numbers are never used again, so that their order is that of the failures.
  'CREATE TABLE dead (number INTEGER PRIMARY KEY AUTOINCREMENT, queue INTEGER NOT NULL, priority INTEGER NOT NULL, ' +
    `failed_at INTEGER NOT NULL, ${JOB_COLUMN_TYPES})`,
  'CREATE INDEX dead_queue ON dead (queue, number)',
  'CREATE INDEX dead_id ON dead (queue, id)',
  'CREATE TABLE dedup (queue INTEGER NOT NULL, key TEXT NOT NULL, id TEXT NOT NULL, until INTEGER NOT NULL, PRIMARY KEY (queue, key)) WITHOUT ROWID',
  'CREATE INDEX dedup_until ON dedup (until)',
].join(';')

/** Positions of a lane: a lane's number × this, and a counter below it. */
export const LANE_POSITIONS = 2 ** 37
/** Lanes, so that every position is a safe integer. */
export const MAX_LANES = 2 ** 16 - 1
