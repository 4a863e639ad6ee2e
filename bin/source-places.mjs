// Which place of which source a place of the engine's one file comes from, for stacks. It stays in a file that is made for being looked into
// (`write-source-places.ts`): a source map would be 26 MB of memory and 45 ms from the first error on. Plain JavaScript, for the launcher.
import { pathToFileURL } from 'node:url'

const { closeSync, fstatSync, openSync, readSync } = process.getBuiltinModule('node:fs')

/**
 * All numbers of the file take four bytes, the lowest first. It begins with where the places of the first line begin, then of the second, and
 * so on, and last where those of the last line end; places follow, each of these four, in order of their columns; then the names of the
 * sources as JSON, relative to the folder. Lines and columns count from 0.
 */
export const PLACE_BYTES = 16
export const NUMBER_BYTES = 4

/** @param {string} bundle @returns {string} */
export function placesFileOf(bundle) {
  return `${bundle}.places`
}

/** Errors come from the same places over and over. */
const MAX_KNOWN = 1_000

/** Stacks name the sources, as they would without the bundle. @param {string} bundle */
export function showSourcesInStacks(bundle) {
  const url = pathToFileURL(bundle).href
  /** @type {Map<string, string>} a place in the bundle, and in its source */
  const known = new Map()
  Error.prepareStackTrace = (error, frames) => {
    const ours = frames.filter((frame) => frame.getFileName() === url)
    if (known.size > MAX_KNOWN) known.clear()
    try {
      const asked = ours.map(placeIn).filter((place) => !known.has(place))
      if (asked.length > 0) lookUp(asked, known, bundle)
    } catch {
      // The file is gone, or the system has no further descriptor: the places are those of the bundle.
    }
    const lines = frames.map((frame) => {
      const place = placeIn(frame)
      const source = frame.getFileName() === url ? known.get(place) : undefined
      return source === undefined ? String(frame) : String(frame).replace(`${url}:${place}`, () => source)
    })
    return [Error.prototype.toString.call(error), ...lines.map((line) => `    at ${line}`)].join('\n')
  }
}

/** @param {NodeJS.CallSite} frame */
function placeIn(frame) {
  return `${frame.getLineNumber()}:${frame.getColumnNumber()}`
}

/** @param {readonly string[]} places @param {Map<string, string>} known @param {string} bundle */
function lookUp(places, known, bundle) {
  const descriptor = openSync(placesFileOf(bundle), 'r')
  try {
    const names = namesIn(descriptor)
    for (const place of places) {
      const [line = 0, column = 0] = place.split(':').map(Number)
      const origin = originOf(descriptor, line - 1, column - 1)
      const source = new URL((origin && names[origin.source]) ?? '', pathToFileURL(bundle)).href
      known.set(place, origin ? `${source}:${origin.line + 1}:${origin.column + 1}` : `${source}:${place}`)
    }
  } finally {
    closeSync(descriptor)
  }
}

/**
 * @param {number} descriptor @param {number} line @param {number} column
 * @returns {{ source: number, line: number, column: number } | undefined} the source by its number in the list of names
 */
export function originOf(descriptor, line, column) {
  const [begin, end] = numbersAt(descriptor, line * NUMBER_BYTES, 2 * NUMBER_BYTES)
  const places = numbersAt(descriptor, begin ?? 0, (end ?? 0) - (begin ?? 0))
  let found
  for (let at = 0; at < places.length; at += PLACE_BYTES / NUMBER_BYTES) {
    const [from = 0, source = 0, originLine = 0, originColumn = 0] = places.subarray(at)
    if (from > column) break
    found = { source, line: originLine, column: originColumn + column - from }
  }
  return found
}

/** @param {number} descriptor @returns {readonly string[]} */
function namesIn(descriptor) {
  const [table = 0] = numbersAt(descriptor, 0, NUMBER_BYTES)
  const [begin = 0] = numbersAt(descriptor, table - NUMBER_BYTES, NUMBER_BYTES)
  return JSON.parse(bytesAt(descriptor, begin, fstatSync(descriptor).size - begin).toString())
}

/** @param {number} descriptor @param {number} position @param {number} length */
function numbersAt(descriptor, position, length) {
  const bytes = bytesAt(descriptor, position, length)
  return Uint32Array.from({ length: length / NUMBER_BYTES }, (_, index) => bytes.readUInt32LE(index * NUMBER_BYTES))
}

/** @param {number} descriptor @param {number} position @param {number} length */
function bytesAt(descriptor, position, length) {
  const bytes = Buffer.alloc(length)
  if (readSync(descriptor, bytes, 0, length, position) !== length) throw new RangeError('the file of places is torn')
  return bytes
}
