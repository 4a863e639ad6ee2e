// How deep a JSON text nests; for payloads of sessions, which must not reach workers with a depth that breaks their parsers (spec 09 §5).

const PIECE_BYTES = 64 * 1024

/** Whether it nests deeper than `most` levels. The text is valid JSON. */
export function nestsDeeperThan(text: Buffer, most: number): boolean {
  // Each level has its two brackets, and few texts have so many in all: counting these takes a third of the time.
  if (text.length <= 2 * most || !hasMore(text, most)) return false
  return jsonDepth(text) > most
}

/** Whether there are more opening brackets than that, those in strings included. A string is searched three times as fast as bytes are. */
function hasMore(text: Buffer, most: number): boolean {
  let count = 0
  for (let from = 0; from < text.length; from += PIECE_BYTES) {
    const piece = text.latin1Slice(from, Math.min(from + PIECE_BYTES, text.length))
    for (const bracket of ['{', '[']) {
      for (let at = piece.indexOf(bracket); at !== -1; at = piece.indexOf(bracket, at + 1))
        if (++count > most) return true
    }
  }
  return false
}

/** Deepest nesting of brackets outside strings; 0 for a scalar. The text is valid JSON. */
export function jsonDepth(text: Buffer): number {
  let depth = 0
  let deepest = 0
  let inString = false
  for (let at = 0; at < text.length; at++) {
    const byte = text[at]
    if (inString) {
      if (byte === 0x5c) at++
      else if (byte === 0x22) inString = false
    } else if (byte === 0x22) {
      inString = true
    } else if (byte === 0x7b || byte === 0x5b) {
      deepest = Math.max(deepest, ++depth)
    } else if (byte === 0x7d || byte === 0x5d) {
      depth--
    }
  }
  return deepest
}
