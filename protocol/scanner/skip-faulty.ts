// Finds where a value that is not JSON ends, by its strings and brackets alone, so that the ids behind it can be read: whoever sent it is
// to be told which call it was. Such values are rare, and this is slow.
import { skipString, UNTERMINATED } from './skip-string.ts'

/** Value that begins at `start` with a bracket or a quote: the offset behind it, or UNTERMINATED. */
export function skipFaulty(frame: Buffer, start: number): number {
  const { length } = frame
  let depth = 0
  let at = start
  while (at < length) {
    switch (frame[at]) {
      case 0x22: {
        const end = skipString(frame, at)
        if (end === UNTERMINATED) return UNTERMINATED
        at = end < 0 ? ~end : end
        break
      }
      case 0x7b: // {
      case 0x5b: // [
        depth++
        at++
        break
      case 0x7d: // }
      case 0x5d: // ]
        depth--
        at++
        break
      default:
        at++
        continue
    }
    if (depth === 0) return at
  }
  return UNTERMINATED
}
