// The input of a function that stores or passes on a part of it: that part stays the JSON text that was sent, checked and neither
// parsed nor written again. The other members, as a rule a few names, become values.
import { CodedError } from '../../protocol/errors.ts'
import { endOfValue } from '../../protocol/scanner/check-value.ts'
import { KnownTexts } from '../../protocol/scanner/known-texts.ts'
import { skipSpace } from '../../protocol/scanner/skip-space.ts'
import { RawJson } from '../../sdk/raw-json.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COLON = 0x3a
const COMMA = 0x2c
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d

/** Inputs up to a third of it are read without allocating room for their bytes. */
const SCRATCH_BYTES = 64 * 1024
const scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES)
/** A longer string is left to the checker of values, which takes 64 bytes at a time. */
const MAX_PLAIN_BYTES = 100
/** Parts of strings that are shorter are copies. */
const MAX_COPIED_LENGTH = 13
/** Added to each input by the engine. */
const CALLER = '_caller_worker_id'
const memberNames = new KnownTexts()

type Members = Record<string, unknown>

/**
 * As `JSON.parse`, but for the members of the whole that are named in `carried`: those are `RawJson`, exactly as they were sent, white
 * space around them aside. `isBrief`: they are kept for a moment only. Throws `invalid_message` when the text is no JSON.
 */
export function readCarriedInput(
  json: string,
  carried: readonly string[],
  functionId: string,
  isBrief: boolean = false,
): unknown {
  const object = readObject(json, carried, isBrief)
  if (object !== undefined) return object
  // No object, or no JSON: said as it is said of every other function.
  try {
    return JSON.parse(json)
  } catch (error) {
    throw new CodedError('invalid_message', `The payload of ${functionId} is no JSON: ${(error as Error).message}`)
  }
}

/** undefined when it is none. */
function readObject(json: string, carried: readonly string[], isBrief: boolean): Members | undefined {
  const bytes = bytesOf(json)
  const isAscii = bytes.length === json.length
  let at = skipSpace(bytes, 0)
  if (bytes[at] !== OPEN_BRACE) return undefined
  const object: Members = {}
  at = skipSpace(bytes, at + 1)
  if (bytes[at] === CLOSE_BRACE) return isEnd(bytes, at + 1) ? object : undefined
  while (bytes[at] === QUOTE) {
    let nameEnd = endOfPlainText(bytes, at)
    let name: string
    if (nameEnd !== -1) name = memberNames.at(bytes, at, nameEnd)
    else {
      nameEnd = endOfValue(bytes, at)
      if (nameEnd === -1) return undefined
      name = JSON.parse(bytes.utf8Slice(at, nameEnd)) as string
    }
    at = skipSpace(bytes, nameEnd)
    if (bytes[at] !== COLON) return undefined

    const start = skipSpace(bytes, at + 1)
    const plainEnd = bytes[start] === QUOTE ? endOfPlainText(bytes, start) : -1
    const end = plainEnd === -1 ? endOfValue(bytes, start) : plainEnd
    if (end === -1) return undefined
    if (carried.includes(name)) {
      const part = isAscii ? asciiPart(json, bytes, start, end, isBrief) : bytes.utf8Slice(start, end)
      setMember(object, name, new RawJson(part))
    } else if (name === CALLER) {
      // Stands in every input and is nothing that a function reads.
    } else if (plainEnd !== -1 && isAscii) {
      setMember(object, name, asciiPart(json, bytes, start + 1, end - 1))
    } else {
      setMember(object, name, JSON.parse(bytes.utf8Slice(start, end)))
    }

    at = skipSpace(bytes, end)
    if (bytes[at] === CLOSE_BRACE) return isEnd(bytes, at + 1) ? object : undefined
    if (bytes[at] !== COMMA) return undefined
    at = skipSpace(bytes, at + 1)
  }
  return undefined
}

/** The text in UTF-8, valid until the next call. */
function bytesOf(text: string): Buffer {
  if (text.length * 3 > SCRATCH_BYTES) return Buffer.from(text)
  return scratch.subarray(0, scratch.utf8Write(text, 0))
}

/**
 * A part of the text. V8 makes short parts of strings copies, while a longer one keeps the whole string in memory: of what is kept for
 * long, such as a value in a cache, that may cost as much again, and not more. A copy of the bytes costs a call of native code.
 */
function asciiPart(json: string, bytes: Buffer, start: number, end: number, isBrief: boolean = false): string {
  const length = end - start
  return isBrief || length < MAX_COPIED_LENGTH || length * 2 >= json.length
    ? json.slice(start, end)
    : bytes.latin1Slice(start, end)
}

/** The end of a short string of printable ASCII without escapes; -1 for any other. */
function endOfPlainText(bytes: Buffer, start: number): number {
  const limit = Math.min(bytes.length, start + MAX_PLAIN_BYTES)
  for (let at = start + 1; at < limit; at++) {
    const byte = bytes[at]!
    if (byte === QUOTE) return at + 1
    if (byte === BACKSLASH || byte < 0x20 || byte >= 0x80) return -1
  }
  return -1
}

function isEnd(bytes: Buffer, at: number): boolean {
  return skipSpace(bytes, at) === bytes.length
}

/** As `JSON.parse` does, which lets a member be named `__proto__`. */
function setMember(object: Members, name: string, value: unknown): void {
  if (name !== '__proto__') object[name] = value
  else Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true })
}
