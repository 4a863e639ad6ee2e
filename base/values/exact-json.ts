// JSON whose numbers stay as they were written: 64-bit ids and long decimals survive what parses a text only to write it again
// (spec 01 §17).
import { isRecord } from './is-record.ts'

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

/**
 * As `JSON.parse`, but for the member `metadata` of the whole: it is only carried, and read as by `parseUnrounded`. All other members are
 * for code that computes.
 */
export function parseWithMetadata(text: string): unknown {
  const whole: unknown = JSON.parse(text)
  if (!isRecord(whole) || whole['metadata'] === undefined || !MAY_BE_ROUNDED.test(text)) return whole
  return { ...whole, metadata: (parseUnrounded(text) as typeof whole)['metadata'] }
}

export function isExactNumber(value: unknown): value is ExactNumber {
  return typeof value === 'object' && value !== null && exact.isRawJSON(value)
}

/** A number as a double, rounded if need be; undefined for what is no number. */
export function doubleOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value
  return isExactNumber(value) ? Number(value.rawJSON) : undefined
}

/** Is it equal to a value without exact numbers, once its own are rounded? Looks no deeper than that value goes. */
export function equalsRounded(value: unknown, plain: unknown): boolean {
  if (typeof plain !== 'object' || plain === null) return Object.is(doubleOf(value) ?? value, plain)
  if (typeof value !== 'object' || value === null || isExactNumber(value)) return false
  if (Array.isArray(value) !== Array.isArray(plain)) return false
  const members = Object.entries(plain)
  return (
    members.length === Object.keys(value).length &&
    members.every(
      ([name, member]) => Object.hasOwn(value, name) && equalsRounded((value as Record<string, unknown>)[name], member),
    )
  )
}

/** The same for all ways to write the same number: the double where one holds it. */
export function canonicalNumber({ rawJSON }: ExactNumber): number | ExactNumber {
  const double = Number(rawJSON)
  const normal = normalNumber(rawJSON)
  return normal === normalNumber(String(double)) ? double : exact.rawJSON(normal)
}

/** A text that is the same for all ways to write the same number: digits without zeros at either end, and their exponent. */
function normalNumber(text: string): string {
  const [, sign, whole, fraction = '', exponent = '0'] = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([-+]?\d+))?$/.exec(text) ?? []
  const shift = Number(exponent)
  // Nothing that is computed with: such exponents are equal when they are written the same way.
  if (whole === undefined || !Number.isSafeInteger(shift)) return text
  const digits = (whole + fraction).replace(/^0+/, '')
  // A pattern that is bound to the end alone would begin at every zero.
  let end = digits.length
  while (digits[end - 1] === '0') end--
  return end === 0 ? '0' : `${sign}${digits.slice(0, end)}e${shift - fraction.length + digits.length - end}`
}
