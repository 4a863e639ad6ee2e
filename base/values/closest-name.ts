// "Did you mean": the candidate nearest to a mistyped name.

export interface ClosestOptions {
  /** Edits that are too many are those above; one is always allowed. Default: a third of the name. */
  readonly maxEdits?: number
  /** Asked of a candidate that is near enough; false = it is passed over. Default: none is. */
  readonly may?: ((candidate: string) => boolean) | undefined
  /** A lower bound of the edits to a name in small letters, for many candidates. Default: none. */
  readonly leastEdits?: (other: string) => number
}

/** The candidate with the fewest edits; undefined when none is near enough. */
export function closestName(
  name: string,
  candidates: Iterable<string>,
  { maxEdits = Math.floor(name.length / 3), may, leastEdits }: ClosestOptions = {},
): string | undefined {
  const wanted = name.toLowerCase()
  let best: string | undefined
  let bestDistance = Math.max(1, maxEdits) + 1
  for (const candidate of candidates) {
    if (candidate === name || Math.abs(candidate.length - name.length) >= bestDistance) continue
    const other = candidate.toLowerCase()
    if (leastEdits !== undefined && leastEdits(other) >= bestDistance) continue
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
