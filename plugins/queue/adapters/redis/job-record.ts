// A job as Redis has it: a handle, a record that never changes, and a state once it has failed. The payload stands in the record as it is.
import type { DeadLetter, Failure, Job, NewJob } from '../../job.ts'

/** A job that was read, with what is said to the server about it. */
export interface StoredJob {
  readonly handle: string
  readonly job: Job
  /** Of the payload. */
  readonly bytes: number
}

/** What follows the number in a handle. Groups are written as in JSON, so that lone halves of characters stay what they are. */
export function handleSuffix({ priority = 0, group }: Pick<NewJob, 'priority' | 'group'>): string {
  const ofGroup = group === undefined ? '' : `:${JSON.stringify(group).slice(1, -1)}`
  return `${priority > 0 ? `.${priority}` : ''}${ofGroup}`
}

export function recordOf(job: NewJob, createdAt: number): string {
  return `[${JSON.stringify(job.id)},${targetText(job)}\n${commonText(job, createdAt)}\n${job.data}`
}

/** Function and namespace: the end of a record's first line. */
export function targetText({ functionId, namespace }: Pick<NewJob, 'functionId' | 'namespace'>): string {
  return JSON.stringify([functionId, namespace ?? null]).slice(1)
}

/** A record's second line. */
export function commonText(
  { traceparent, baggage, runAt }: Pick<NewJob, 'traceparent' | 'baggage' | 'runAt'>,
  createdAt: number,
): string {
  return JSON.stringify([createdAt, runAt ?? null, traceparent ?? null, baggage ?? null])
}

/** How a key that stands for the job is handed to a script: `<window>:<bytes of id>:<id><key>`. */
export function dedupText({ id, dedup }: Pick<NewJob, 'id' | 'dedup'>): string {
  if (dedup === undefined) return ''
  const idText = JSON.stringify(id)
  return `${dedup.windowMs}:${Buffer.byteLength(idText)}:${idText}${JSON.stringify(dedup.key)}`
}

const NO_HISTORY: readonly Failure[] = []

export function readJob(handle: string, record: string, state: string | null | undefined): StoredJob {
  const firstEnd = record.indexOf('\n')
  const secondEnd = record.indexOf('\n', firstEnd + 1)
  const [id, functionId, namespace] = JSON.parse(record.slice(0, firstEnd)) as [string, string, string | null]
  const [createdAt, initialRunAt, traceparent, baggage] = JSON.parse(record.slice(firstEnd + 1, secondEnd)) as [
    number,
    number | null,
    string | null,
    string | null,
  ]
  const data = record.slice(secondEnd + 1)
  const [attempts, runAt, history] = state ? readState(state) : [0, initialRunAt ?? undefined, NO_HISTORY]
  const colon = handle.indexOf(':')
  const dot = handle.indexOf('.')
  const job: Job = {
    id,
    functionId,
    namespace: namespace ?? undefined,
    data,
    group: colon === -1 ? undefined : (JSON.parse(`"${handle.slice(colon + 1)}"`) as string),
    priority: dot === -1 || (colon !== -1 && dot > colon) ? 0 : Number.parseInt(handle.slice(dot + 1), 10),
    attempts,
    createdAt,
    runAt,
    traceparent: traceparent ?? undefined,
    baggage: baggage ?? undefined,
    history,
  }
  return { handle, job, bytes: Buffer.byteLength(data) }
}

/** What a script replies with; a job that is gone by then is left out. */
export function readJobs(
  handles: readonly string[],
  records: readonly (string | null)[],
  states: readonly (string | null)[],
): StoredJob[] {
  const found: StoredJob[] = []
  handles.forEach((handle, index) => {
    const record = records[index]
    if (record != null) found.push(readJob(handle, record, states[index]))
  })
  return found
}

export function deadLetterOf({ job, bytes }: StoredJob): DeadLetter {
  return { job, error: job.history.at(-1) ?? { at: 0, code: '', message: '' }, sizeBytes: bytes }
}

/** `<attempts> <run at> <history>`. */
function readState(state: string): [attempts: number, runAt: number | undefined, history: readonly Failure[]] {
  const first = state.indexOf(' ')
  const second = state.indexOf(' ', first + 1)
  const runAt = Number(state.slice(first + 1, second))
  return [
    Number(state.slice(0, first)),
    runAt === 0 ? undefined : runAt,
    JSON.parse(state.slice(second + 1)) as readonly Failure[],
  ]
}
