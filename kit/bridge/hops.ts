// Counts the bridges that a call has crossed, in its baggage, so that engines bridged in a circle end it (spec 09 §4).
import { CodedError } from '../../protocol/errors.ts'

/** Bridges that a call may cross. */
export const MAX_HOPS = 16

const ENTRY = /^\s*iii\.hops\s*=\s*(\d{1,9})\s*(;.*)?$/

/** The baggage with one hop more. Throws `bridge_error` when there have been too many. */
export function countHop(baggage: string | undefined, functionId: string): string {
  const entries = (baggage ?? '').split(',').filter((entry) => entry.trim() !== '')
  const hops = Math.max(0, ...entries.map((entry) => Number(ENTRY.exec(entry)?.[1] ?? 0)))
  if (hops >= MAX_HOPS) {
    throw new CodedError(
      'bridge_error',
      `The call of ${functionId} has crossed ${hops} bridges: engines are bridged in a circle, or one to itself. ` +
        'Let one of them keep its own data instead of using the adapter bridge.',
    )
  }
  return [...entries.filter((entry) => !ENTRY.test(entry)), `iii.hops=${hops + 1}`].join(',')
}
