// Codes and reasons of the closes that this side starts. A reason has room for 123 bytes and says how to go on.
import type { ClientLimits } from './limits.ts'

export interface CloseReason {
  readonly code: number
  readonly reason: string
}

export const RESTARTING: CloseReason = {
  code: 1012,
  reason: 'service restart: reconnect and join with your last position to miss nothing',
}

export const EVENTS_LOST: CloseReason = {
  code: 1012,
  reason: 'events were lost: reconnect and join again for a fresh sync',
}

export const CHANGES_TOO_FAST: CloseReason = {
  code: 1013,
  reason: 'the stream changes faster than its history reaches back: reconnect and join again',
}

export const HISTORY_UNREADABLE: CloseReason = {
  code: 1013,
  reason: 'the history cannot be read at the moment: reconnect later and join with your last position',
}

export const CATCH_UP_TOO_SLOW: CloseReason = {
  code: 1013,
  reason: 'too slow in taking what was missed: reconnect and join with your last position',
}

export const INTERNAL_ERROR: CloseReason = { code: 1011, reason: 'internal error, see the log of the engine' }

export function tooSlow({ max_buffered_bytes: bytes, max_buffered_frames: frames }: ClientLimits): CloseReason {
  return {
    code: 1013,
    reason: `too slow, limit ${frames} frames or ${bytes} bytes: reconnect and join with your last position`,
  }
}

export function tooManySubscriptions(option: keyof ClientLimits, limit: number): CloseReason {
  return { code: 1008, reason: `too many subscriptions on one connection, ${option} is ${limit}` }
}
