// Lines and columns of offsets in a text.

/** Turns offsets into lines and columns, both from 1. */
export class LineIndex {
  readonly #starts: readonly number[]

  constructor(text: string) {
    this.#starts = [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)]
  }

  position(offset: number): { line: number; column: number } {
    const line = this.#starts.findLastIndex((start) => start <= offset)
    return { line: line + 1, column: offset - (this.#starts[line] ?? 0) + 1 }
  }
}
