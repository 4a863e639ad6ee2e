// "Did you mean": the candidate nearest to a mistyped name.

export interface ClosestOptions {
  /** Edits that are too many are those above; one is always allowed. Default: a third of the name. */
  readonly maxEdits?: number
  /** Asked of a candidate that is near enough; false = it is passed over. Default: none is. */
  readonly may?: ((candidate: string) => boolean) | undefined
}

/** The candidate with the fewest edits; undefined when none is near enough. */
export function closestName(
  name: string,
  candidates: Iterable<string>,
  { maxEdits = Math.floor(name.length / 3), may }: ClosestOptions = {},
): string | undefined {
  const wanted = name.toLowerCase()
  const letters = new Letters(wanted)
  let best: string | undefined
  let bestDistance = Math.max(1, maxEdits) + 1
  for (const candidate of candidates) {
    if (candidate === name || Math.abs(candidate.length - name.length) >= bestDistance) continue
    const other = candidate.toLowerCase()
    if (letters.leastEdits(other) >= bestDistance) continue
    const distance = editDistance(wanted, other)
    if (distance < bestDistance && may?.(candidate) !== false) [best, bestDistance] = [candidate, distance]
  }
  return best
}

/** ` Did you mean 'x'?`, or nothing. */
export function didYouMean(name: string, candidates: Iterable<string>): string {
  return suggestion(closestName(name, candidates))
}

/** The same of a name that was found. */
export function suggestion(closest: string | undefined): string {
  return closest === undefined ? '' : ` Did you mean '${closest}'?`
}

/** `unknown key 'x'.` with the nearest of the known keys, and a list of all of them. */
export function unknownKey(key: string, known: readonly string[]): string {
  const shown = key.length > MAX_SHOWN ? `${key.slice(0, MAX_SHOWN)}…` : key
  const list = known.length === 0 ? ' None is allowed here.' : ` Known keys: ${known.join(', ')}.`
  return `unknown key '${shown}'.${suggestion(closestName(key, known) ?? onlyLonger(key, known))}${list}`
}

/** The one known key that begins with what was written. */
function onlyLonger(key: string, known: readonly string[]): string | undefined {
  const longer = known.filter((each) => each.startsWith(key))
  return longer.length === 1 ? longer[0] : undefined
}

/** Characters of a name from outside that a message shows. */
const MAX_SHOWN = 80

/** How often each letter stands in a name: two names are at least as many edits apart as letters are missing in either. */
class Letters {
  readonly #counts = new Int32Array(256)
  readonly #length: number

  constructor(name: string) {
    this.#length = name.length
    for (let at = 0; at < name.length; at++) this.#counts[name.charCodeAt(at) & 255]!++
  }

  /** A lower bound of the edits to another name, far cheaper than their number. */
  leastEdits(other: string): number {
    const counts = this.#counts
    let shared = 0
    for (let at = 0; at < other.length; at++) if (counts[other.charCodeAt(at) & 255]!-- > 0) shared++
    for (let at = 0; at < other.length; at++) counts[other.charCodeAt(at) & 255]!++
    return Math.max(this.#length, other.length) - shared
  }
}

/** Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`. */
export function editDistance(a: string, b: string): number {
  let beforePrevious: number[] = []
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1]
      let cost = Math.min(
        at(previous, column) + 1,
        at(current, column - 1) + 1,
        at(previous, column - 1) + (same ? 0 : 1),
      )
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]
      if (swapped) cost = Math.min(cost, at(beforePrevious, column - 2) + 1)
      current.push(cost)
    }
    ;[beforePrevious, previous] = [previous, current]
  }
  return at(previous, b.length)
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY
}
