// The segments of an `api_path`, in the form in which they stand in requests.

/** As the last segment: takes the rest of the path. Also the name of that rest. */
export const WILDCARD = '*'

/** @param path with a leading `/`. */
export function segmentsOf(path: string, ignoreTrailingSlash = false): string[] {
  const segments = path.slice(1).split('/')
  if (ignoreTrailingSlash && segments.length > 1 && segments.at(-1) === '') segments.pop()
  return segments.map((segment) => (isParameter(segment) ? segment : asInRequests(segment)))
}

export function isParameter(segment: string): boolean {
  return segment.length > 1 && segment.charCodeAt(0) === COLON
}

const COLON = 0x3a
const OUTSIDE_ASCII = /[^\0-\x7f]+/g

/** Clients encode what is not ASCII: nobody could ask for a route that is written with it. Anything else is compared as it is written. */
function asInRequests(segment: string): string {
  return segment.replace(OUTSIDE_ASCII, (letters) => encodeURIComponent(letters.toWellFormed()))
}
