// JSON whose numbers stay as they were written: 64-bit ids and long decimals survive what parses a text only to write it again
// (spec 01 §17).

// Known to Node since 22, not yet to the library types of TypeScript.
interface ExactJson {
  rawJSON(text: string): ExactNumber
  isRawJSON(value: unknown): boolean
  parse(text: string, reviver: (key: string, value: unknown, context: { source?: string }) => unknown): unknown
}
const exact = JSON as unknown as ExactJson

/** A number as it was written. `JSON.stringify` writes that text. */
export interface ExactNumber {
  readonly rawJSON: string
}

/** Parses JSON; a number that a double does not write the same way becomes an `ExactNumber`. Throws SyntaxError. */
export function parseExact(text: string): unknown {
  return exact.parse(text, (_key, value, { source }) => {
    if (typeof value !== 'number' || source === undefined || String(value) === source) return value
    return exact.rawJSON(source)
  })
}

/** Doubles keep 15 digits, and exponents of two digits. Digits in strings look the same: then the slower way is taken for nothing. */
const MAY_BE_ROUNDED = /\d(?:\.?\d){15}|[eE][-+]?\d{3}/

/** As `parseExact`, but only for numbers that a double would round; several times as fast where there is none. */
export function parseUnrounded(text: string): unknown {
  return MAY_BE_ROUNDED.test(text) ? parseExact(text) : JSON.parse(text)
}

export function isExactNumber(value: unknown): value is ExactNumber {
  return typeof value === 'object' && value !== null && exact.isRawJSON(value)
}

/** A number as a double, rounded if need be; undefined for what is no number. */
export function doubleOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value
  return isExactNumber(value) ? Number(value.rawJSON) : undefined
}
