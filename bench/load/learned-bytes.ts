// Bytes that differ from one time to the next only in a number and in places of a fixed length that nobody looks at, such as ids and dates:
// learned once from what was checked by parsing, then compared as a whole.
import { N_DIGITS } from './payload.ts'

export interface Place {
  readonly at: number
  readonly length: number
}

export class LearnedBytes {
  readonly #bytes: Buffer
  readonly #free: readonly Place[]
  readonly #nAt: readonly number[]

  /** `free`: texts in `bytes` that may be others, of the same length, the next time. Each is looked for once. */
  static learn(bytes: Buffer, free: readonly string[], n: number): LearnedBytes {
    const copy = Buffer.from(bytes)
    const places = free.map((text) => ({ at: copy.indexOf(text), length: Buffer.byteLength(text) }))
    return new LearnedBytes(
      copy,
      places.filter(({ at, length }) => at !== -1 && length > 0),
      placesOf(copy, `${n}`),
    )
  }

  private constructor(bytes: Buffer, free: readonly Place[], nAt: readonly number[]) {
    this.#bytes = bytes
    this.#free = free
    this.#nAt = nAt
  }

  get length(): number {
    return this.#bytes.length
  }

  /** True when `buffer[start … end)` is the same but for free places, and has one number wherever the number stood. */
  matches(buffer: Buffer, start: number, end: number): boolean {
    const bytes = this.#bytes
    if (end - start !== bytes.length) return false
    for (const { at, length } of this.#free) buffer.copy(bytes, at, start + at, start + at + length)
    const first = this.#nAt[0]
    if (first !== undefined) {
      for (const at of this.#nAt) {
        for (let digit = 0; digit < N_DIGITS; digit++) bytes[at + digit] = buffer[start + first + digit]!
      }
    }
    return bytes.compare(buffer, start, end) === 0
  }

  /** The number that stood in what matched last; NaN where there is none. */
  get n(): number {
    const first = this.#nAt[0]
    if (first === undefined) return Number.NaN
    let value = 0
    for (let at = first; at < first + N_DIGITS; at++) value = value * 10 + this.#bytes[at]! - 48
    return value
  }

  /** Copies what stood in a free place of what matched last. */
  copyFree(index: number, into: Buffer, intoAt: number): void {
    const { at, length } = this.#free[index]!
    this.#bytes.copy(into, intoAt, at, at + length)
  }
}

function placesOf(bytes: Buffer, text: string): number[] {
  const places: number[] = []
  for (let at = bytes.indexOf(text); at !== -1; at = bytes.indexOf(text, at + text.length)) places.push(at)
  return places
}
