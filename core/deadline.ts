// Waits that end: what a worker or a plugin was asked and does not answer must not keep others waiting.
import { CodedError } from '../protocol/errors.ts'

/**
 * Settles as `work` does, or rejects with code `timeout` and the message after `ms`. What comes later has nobody to go to.
 */
export async function withDeadline<Value>(work: Promise<Value>, ms: number, message: string): Promise<Value> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new CodedError('timeout', message)), ms)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
