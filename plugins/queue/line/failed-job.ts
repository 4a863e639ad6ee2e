// What a failed delivery leaves in its job.
import { MAX_ERROR_LENGTH, MAX_HISTORY, type Failure, type Job } from '../job.ts'

/** The job after one more failure. */
export function failedOnce(job: Job, failure: Failure, runAt: number | undefined): Job {
  return { ...job, attempts: job.attempts + 1, runAt, history: [...job.history, failure].slice(-MAX_HISTORY) }
}

export function failureOf(at: number, code: string, message: string): Failure {
  return {
    at,
    code,
    message: message.length > MAX_ERROR_LENGTH ? `${message.slice(0, MAX_ERROR_LENGTH - 1)}…` : message,
  }
}
