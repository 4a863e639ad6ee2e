// Jobs and dead letters as functions answer them. The data is the text that was sent and is not parsed for it.
import { RawJson } from '../../../sdk/raw-json.ts'
import type { DeadLetter, Failure, Job } from '../job.ts'

/** An entry of `iii::queue::peek` and `iii::queue::delayed`. */
export function jobRow(job: Job, functionOfQueue: string, isAwaiting: boolean): RawJson {
  const { id, functionId, namespace, group, priority, attempts, createdAt, runAt, history } = job
  return withPayload(job, {
    id,
    function_id: functionId || functionOfQueue,
    ...(namespace !== undefined && { namespace }),
    ...(group !== undefined && { group }),
    priority,
    attempts,
    created_at: createdAt,
    run_at: runAt ?? null,
    error: textOf(history.at(-1)),
    size_bytes: Buffer.byteLength(job.data),
    ...(isAwaiting && { awaiting_function: true }),
  })
}

/** An entry of `engine::queue::dlq_messages` (spec 03 §5): `failed_at` in seconds. */
export function deadLetterRow({ job, error, sizeBytes }: DeadLetter, functionOfQueue = ''): RawJson {
  return withPayload(job, {
    id: job.id,
    error: textOf(error),
    failed_at: Math.floor(error.at / 1_000),
    retries: job.attempts,
    size_bytes: sizeBytes,
    function_id: job.functionId || functionOfQueue,
    ...(job.namespace !== undefined && { namespace: job.namespace }),
    created_at: job.createdAt,
    history: job.history,
  })
}

/** `[row,row]`. */
export function rowList(rows: readonly RawJson[]): RawJson {
  return new RawJson(`[${rows.map(({ json }) => json).join(',')}]`)
}

/** Code and message of a failure (spec 03 §3.7). */
export function textOf(failure: Failure | undefined): string | null {
  return failure === undefined ? null : `${failure.code}: ${failure.message}`
}

function withPayload(job: Job, members: object): RawJson {
  return new RawJson(`${JSON.stringify(members).slice(0, -1)},"payload":${job.data}}`)
}
