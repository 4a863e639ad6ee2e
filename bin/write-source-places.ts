// A source map in the form that `source-places.mjs` looks into.
import { decode, type SourceMapSegment } from '@jridgewell/sourcemap-codec'
import { NUMBER_BYTES, PLACE_BYTES } from './source-places.mjs'

interface SourceMap {
  readonly mappings: string
  readonly sources: readonly string[]
}

/** @param map of version 3, as JSON. */
export function sourcePlaces(map: string): Uint8Array {
  const { mappings, sources } = JSON.parse(map) as SourceMap
  const lines = decode(mappings).map(placesOfLine)
  const names = Buffer.from(JSON.stringify(sources))
  const table = (lines.length + 1) * NUMBER_BYTES
  const file = Buffer.alloc(table + lines.flat().length * PLACE_BYTES + names.length)
  let at = table
  for (const [index, places] of lines.entries()) {
    file.writeUInt32LE(at, index * NUMBER_BYTES)
    for (const value of places.flat()) at = file.writeUInt32LE(value, at)
  }
  file.writeUInt32LE(at, table - NUMBER_BYTES)
  names.copy(file, at)
  return file
}

type Place = readonly [column: number, source: number, line: number, originalColumn: number]

/** Without those that can be told from the one before them. */
function placesOfLine(segments: readonly SourceMapSegment[]): Place[] {
  const places: Place[] = []
  for (const segment of segments) {
    if (segment.length === 1) continue
    const [column, source, line, original] = segment
    const last = places.at(-1)
    const isTold = last && last[1] === source && last[2] === line && original - last[3] === column - last[0]
    if (!isTold) places.push([column, source, line, original])
  }
  return places
}
