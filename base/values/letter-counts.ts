// How many edits two names are apart at least, for a small part of what it costs to count them.

/** How often each letter stands in a name: two names are at least as many edits apart as letters are missing in either. */
export class LetterCounts {
  readonly #counts = new Int32Array(256)
  readonly #length: number

  constructor(name: string) {
    this.#length = name.length
    for (let at = 0; at < name.length; at++) this.#counts[name.charCodeAt(at) & 255]!++
  }

  /** A lower bound of the edits to another name. */
  readonly leastEdits = (other: string): number => {
    const counts = this.#counts
    let shared = 0
    for (let at = 0; at < other.length; at++) if (counts[other.charCodeAt(at) & 255]!-- > 0) shared++
    for (let at = 0; at < other.length; at++) counts[other.charCodeAt(at) & 255]!++
    return Math.max(this.#length, other.length) - shared
  }
}
