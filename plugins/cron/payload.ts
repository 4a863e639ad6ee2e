// What condition and handler of a cron trigger get: exactly these four members (spec 03 §7.3).

export interface CronPayload {
  readonly trigger: 'cron'
  readonly job_id: string
  readonly scheduled_time: string
  readonly actual_time: string
}

/** @param second seconds since the epoch; @param now milliseconds since the epoch. */
export function cronPayload(jobId: string, second: number, now: number): CronPayload {
  return {
    trigger: 'cron',
    job_id: jobId,
    scheduled_time: rfc3339(second * 1_000).replace('.000', ''),
    actual_time: rfc3339(now),
  }
}

/** In UTC, which is written as an offset, not as `Z`. */
function rfc3339(time: number): string {
  return new Date(time).toISOString().replace('Z', '+00:00')
}
