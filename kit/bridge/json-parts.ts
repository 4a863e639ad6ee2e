// Takes JSON text apart one level deep, without parsing the parts: values of another engine stay the text that they are.
import { endOfValue } from '../../protocol/scanner/check-value.ts'
import { skipSpace } from '../../protocol/scanner/skip-space.ts'

/** The members of an object, each as text; of equal names the last one counts. undefined when it is none. */
export function objectParts(json: string): ReadonlyMap<string, string> | undefined {
  const parts = new Map<string, string>()
  const bytes = Buffer.from(json)
  const whole = eachPart(bytes, 0x7b, (at) => {
    const keyEnd = bytes[at] === 0x22 ? endOfValue(bytes, at) : -1
    const colon = skipSpace(bytes, keyEnd)
    if (keyEnd < 0 || bytes[colon] !== 0x3a) return -1
    const start = skipSpace(bytes, colon + 1)
    const end = endOfValue(bytes, start)
    if (end > 0) parts.set(JSON.parse(bytes.toString('utf8', at, keyEnd)) as string, bytes.toString('utf8', start, end))
    return end
  })
  return whole ? parts : undefined
}

/** The items of an array, each as text. undefined when it is none. */
export function arrayParts(json: string): string[] | undefined {
  const parts: string[] = []
  const bytes = Buffer.from(json)
  const whole = eachPart(bytes, 0x5b, (at) => {
    const end = endOfValue(bytes, at)
    if (end > 0) parts.push(bytes.toString('utf8', at, end))
    return end
  })
  return whole ? parts : undefined
}

/** `take` gets where a part begins and returns where it ends, negative when it is no JSON. */
function eachPart(bytes: Buffer, opening: number, take: (at: number) => number): boolean {
  let at = skipSpace(bytes, 0)
  if (bytes[at] !== opening) return false
  at = skipSpace(bytes, at + 1)
  const closing = opening + 2
  if (bytes[at] === closing) return skipSpace(bytes, at + 1) === bytes.length
  while (at < bytes.length) {
    const end = take(at)
    if (end < 0) return false
    at = skipSpace(bytes, end)
    if (bytes[at] === closing) return skipSpace(bytes, at + 1) === bytes.length
    if (bytes[at] !== 0x2c) return false
    at = skipSpace(bytes, at + 1)
  }
  return false
}
