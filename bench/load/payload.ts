// The JSON objects that the load carries: `{"n":<nine digits>,…records…}` of an exact length.
// `n` differs from call to call, so an answer proves which call it answers and no store can skip an equal value.

/** Digits of `n`: fixed width, so that it can be patched in place. */
export const N_DIGITS = 9
export const N_MIN = 100_000_000
const N_RANGE = 900_000_000

/** Smallest payload that can be built. */
export const MIN_PAYLOAD_BYTES = 64

/** The value of the `sequence`-th call. */
export function nOf(sequence: number): number {
  return N_MIN + (sequence % N_RANGE)
}

/** The number of the call that `nOf` gave this value, of the first that fit. */
export function eventOfN(n: number): number {
  return n - N_MIN
}

/** JSON text of an object with `n` first, `bytes` long. ASCII, without blanks, as `JSON.stringify` would print it. */
export function payloadJson(bytes: number): string {
  if (bytes < MIN_PAYLOAD_BYTES)
    throw new RangeError(`A payload has at least ${MIN_PAYLOAD_BYTES} bytes, not ${bytes}.`)
  const head = `{"n":${N_MIN},"items":[`
  const tail = (padding: number): string => `],"pad":"${'x'.repeat(padding)}"}`
  const room = bytes - head.length - tail(0).length
  const records: string[] = []
  let used = 0
  for (let index = 0; ; index++) {
    const record = `{"id":${index},"name":"item ${index}","price":${(index * 37) % 1000},"tags":["a","b"],"ok":${index % 2 === 0}}`
    const length = record.length + (index === 0 ? 0 : 1)
    if (used + length > room) break
    records.push(record)
    used += length
  }
  return head + records.join(',') + tail(room - used)
}

/** Writes the nine digits of `n`. */
export function writeN(into: Buffer, at: number, n: number): void {
  let rest = n
  for (let digit = at + N_DIGITS - 1; digit >= at; digit--) {
    const tenth = (rest / 10) | 0
    into[digit] = 48 + rest - tenth * 10
    rest = tenth
  }
}
