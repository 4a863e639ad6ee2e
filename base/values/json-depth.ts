// How deep a JSON text nests; for payloads of sessions, which must not reach workers with a depth that breaks their parsers (spec 09 §5).

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
