// Turns the bytes of a JSON string, quotes included, into a string.

/** Node's own decoder behind `toString('latin1')`: half its cost on an id, and missing in the published types. */
interface Latin1Slicer {
  latin1Slice(start: number, end: number): string
}

/** A string of printable ASCII without escapes. */
export function slicePlainText(frame: Buffer, start: number, end: number): string {
  return (frame as Buffer & Latin1Slicer).latin1Slice(start + 1, end - 1)
}

/** Any string; undefined = it is not JSON (a wrong escape, a control character), or longer than a string can be. */
export function decodeText(frame: Buffer, start: number, end: number): string | undefined {
  try {
    return JSON.parse(frame.toString('utf8', start, end)) as string
  } catch {
    return undefined
  }
}

/** Whether a key holds a backslash, so that only its decoded form tells what it names. */
export function hasEscape(frame: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (frame[at] === 0x5c) return true
  return false
}
