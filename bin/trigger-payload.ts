// The payload of `iii trigger` from its command line (spec 05 C.1): `k=v` tokens, JSON text, a file, or standard input.
import { isExactNumber, parseExact } from '../base/values/exact-json.ts'
import { isRecord } from '../base/values/is-record.ts'
import { readFileSync } from 'node:fs'
import { CommandFailure } from './exit-codes.ts'

export interface PayloadSource {
  readonly tokens: readonly string[]
  /** JSON text, `@file` or `-` for standard input; undefined = none given. */
  readonly json: string | undefined
}

/** JSON alone: as it is. Tokens: an object. Both: the tokens replace members of the object. Nothing: `{}`. */
export function payloadFrom({ tokens, json }: PayloadSource): unknown {
  const fields = Object.fromEntries(tokens.map(fieldOf))
  if (json === undefined) return fields
  const base = parseJson(json)
  if (tokens.length === 0) return base
  if (!isRecord(base) || isExactNumber(base)) {
    throw new CommandFailure(
      `Error: the JSON payload must be an object when k=v arguments are given too, not ${JSON.stringify(base)}`,
    )
  }
  return { ...base, ...fields }
}

/**
 * What to write instead when a function wants a text where the command line has given JSON: `item_id=1` is the number.
 * `message` is the function's error. Nothing when that is not what it is about.
 */
export function quotingHint(tokens: readonly string[], message: string): string | undefined {
  const wanted = /member `([^`]+)` must be a string, got/.exec(message)?.[1]
  const token = tokens.findLast((text) => text.startsWith(`${wanted}=`))
  if (wanted === undefined || token === undefined) return undefined
  const text = token.slice(wanted.length + 1)
  return `${token} is read as JSON; as a text it is ${wanted}='${JSON.stringify(text)}'`
}

function fieldOf(token: string): [string, unknown] {
  const split = token.indexOf('=')
  if (split === -1) throw new CommandFailure(`Error: argument '${token}' has no '='; write it as key=value`)
  if (split === 0) throw new CommandFailure(`Error: argument '${token}' has an empty key; write it as key=value`)
  return [token.slice(0, split), valueOf(token.slice(split + 1))]
}

/** JSON where it is JSON, else the text itself: `n=3` is a number, `s=hi` a string. */
function valueOf(text: string): unknown {
  try {
    return parseExact(text)
  } catch {
    return text
  }
}

function parseJson(source: string): unknown {
  const text = textOf(source)
  try {
    return parseExact(text)
  } catch (error) {
    throw new CommandFailure(`Error: the payload is not valid JSON: ${(error as Error).message}`, { cause: error })
  }
}

function textOf(source: string): string {
  const file = source === '-' ? 0 : source.startsWith('@') ? source.slice(1) : undefined
  if (file === undefined) return source
  try {
    return decoded(readFileSync(file))
  } catch (error) {
    throw new CommandFailure(
      `Error: the payload can't be read from ${file === 0 ? 'standard input' : file}: ${(error as Error).message}`,
      { cause: error },
    )
  }
}

/** Windows' editors and shells begin a text with a byte order mark, which JSON does not know; some of them write UTF-16. */
function decoded(bytes: Buffer): string {
  const encoding = bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : 'utf-8'
  return new TextDecoder(encoding).decode(bytes)
}
