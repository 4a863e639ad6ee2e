// What happens in the engine, for people who watch it: workers and their functions, failed calls, plugins. The newest events are kept for
// `engine::events::tail`; nothing is kept for a reader.
import { CountedNotices } from '../../base/warnings/counted-notices.ts'
import { readError } from '../../protocol/error-bytes.ts'
import type { ErrorBody } from '../../protocol/errors.ts'
import { SEAT_PREFIX } from '../../protocol/seats.ts'
import type { Call } from '../model/call.ts'
import { cutText } from './log-export.ts'
import { Tail } from './tail.ts'

/** Failed calls that are told one by one in a second; the others as a number. */
export const FAILURES_PER_SECOND = 20
const MAX_MESSAGE_CHARACTERS = 500
/** What is told of a worker: ten ids and a few names. As many as are kept at a time have room. */
const MAX_UNREAD_BYTES = 4_000
/** A longer error is not read. */
const MAX_ERROR_BYTES = 64 * 1024

export type EventName =
  | 'worker_connected'
  | 'worker_left'
  | 'worker_lost'
  | 'worker_refused'
  | 'functions_registered'
  | 'invocation_failed'
  | 'invocations_failed'
  | 'plugin_started'
  | 'plugin_reloaded'
  | 'plugin_stopped'
  | 'plugin_failed'
  | 'plugin_stale'

export class EngineEvents {
  readonly tail = new Tail<EventName>()
  readonly #failures = new CountedNotices({ each: FAILURES_PER_SECOND })

  add(event: EventName, members: Readonly<Record<string, unknown>>): void {
    this.tail.add(event, jsonOf(event, Date.now(), members))
  }

  /**
   * For what comes by the thousand: it is made to text for who reads it.
   * @param members plain values that nobody changes any more, of `MAX_UNREAD_BYTES` together at most
   */
  addUnread(event: EventName, members: Readonly<Record<string, unknown>>): void {
    const time = Date.now()
    this.tail.addUnread(event, MAX_UNREAD_BYTES, () => jsonOf(event, time, members))
  }

  /** @param error raw JSON of the error body; read at once */
  failed({ functionId, namespace, caller, callee }: Call, error: Buffer): void {
    // What the engine asks of a plugin for itself is told where it matters.
    if (functionId.startsWith(SEAT_PREFIX)) return
    this.#failures.add(
      'failed',
      () => {
        const { code, message } = readBounded(error)
        this.add('invocation_failed', {
          function_id: cutText(functionId, MAX_MESSAGE_CHARACTERS),
          namespace,
          code: cutText(code, MAX_MESSAGE_CHARACTERS),
          message: cutText(message, MAX_MESSAGE_CHARACTERS),
          caller: caller.name ?? caller.id,
          worker: callee === undefined ? null : (callee.name ?? callee.id),
        })
      },
      (count) => this.add('invocations_failed', { count }),
    )
  }

  close(): void {
    this.#failures.close()
    this.tail.close()
  }
}

function jsonOf(event: EventName, time: number, members: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ event, time: new Date(time).toISOString(), ...members })
}

function readBounded(error: Buffer): Pick<ErrorBody, 'code' | 'message'> {
  if (error.length > MAX_ERROR_BYTES) return { code: '', message: error.subarray(0, MAX_MESSAGE_CHARACTERS).toString() }
  const { code, message } = readError(error)
  return { code: String(code), message: String(message) }
}
