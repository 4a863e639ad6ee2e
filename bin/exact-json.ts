// JSON that keeps numbers as they were written: 64-bit ids and long decimals survive the way through the CLI,
// as they survive the way through the engine (spec 01 §17).

// Known to Node since 22, not yet to the library types of TypeScript.
interface ExactJson {
  rawJSON(text: string): unknown
  parse(text: string, reviver: (key: string, value: unknown, context: { source?: string }) => unknown): unknown
}
const exact = JSON as unknown as ExactJson

/** Parses JSON; a number that a double can't hold stays what it was when it is written again. Throws SyntaxError. */
export function parseExact(text: string): unknown {
  return exact.parse(text, (_key, value, { source }) => {
    if (typeof value !== 'number' || source === undefined || String(value) === source) return value
    return exact.rawJSON(source)
  })
}
