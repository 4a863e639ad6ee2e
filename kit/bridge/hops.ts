// Counts the bridges that a call has crossed, in its baggage, so that engines bridged in a circle end it (spec 09 §4).
import { CodedError } from '../../protocol/errors.ts'

/** Bridges that a call may cross. */
export const MAX_HOPS = 16

const MEMBER = 'iii.hops'
const FIRST = `${MEMBER}=1`
const ENTRY = /^\s*iii\.hops\s*=\s*(\d{1,9})\s*(;.*)?$/
const CIRCLE = 'engines are bridged in a circle, or one to itself'

/** The baggage with one hop more. Throws `bridge_error` when there have been too many. */
export function countHop(baggage: string | undefined, functionId: string): string {
  if (baggage === undefined) return FIRST
  const entries = baggage.split(',').filter((entry) => entry.trim() !== '')
  const hops = Math.max(0, ...entries.map((entry) => Number(ENTRY.exec(entry)?.[1] ?? 0)))
  if (hops >= MAX_HOPS) {
    throw new CodedError(
      'bridge_error',
      `The call of ${functionId} has crossed ${hops} bridges: ${CIRCLE}. ` +
        'Have one of them serve the function itself, or keep its own data, instead of passing the call on.',
    )
  }
  return [...entries.filter((entry) => !ENTRY.test(entry)), `${MEMBER}=${hops + 1}`].join(',')
}

/** Is this the message of `countHop`? It came back over all the bridges of the circle, and says more by itself than with each of them before it. */
export function tellsCircle(message: string): boolean {
  return message.startsWith('The call of ') && message.includes(CIRCLE)
}
