// Finds the members of a frame that is a text, as browsers have it, without parsing its payloads: they stay as they were written, and
// are parsed once, by whoever they are for. That they are JSON is found out there.
import { FrameKind } from '../../protocol/scanner/envelope.ts'
import type { IncomingFrame } from './socket-platform.ts'

const SPACE = /[\t\n\r ]*/y
const SCALAR = /[^\t\n\r ,}\]]+/y
const MARK = /["{}[\]]/g

/** Never throws: what is no object, or lacks what its type needs, gets kind Invalid and a `problem`. */
export function readTextFrame(text: string): IncomingFrame {
  const members = membersOf(text)
  const textOf = (name: string): string | undefined => {
    const json = members?.get(name)
    return json?.startsWith('"') === true ? parsedText(json) : undefined
  }
  const unlessNull = (name: string): string | undefined => {
    const json = members?.get(name)
    return json === 'null' ? undefined : json
  }
  const type = textOf('type')
  const frame = {
    type: type ?? '',
    invocationId: textOf('invocation_id') || undefined,
    functionId: textOf('function_id') ?? '',
    traceparent: textOf('traceparent'),
    baggage: textOf('baggage'),
    data: members?.get('data'),
    metadata: unlessNull('metadata'),
    result: members?.get('result'),
    error: unlessNull('error'),
  }
  const invalid = (problem: string): IncomingFrame => ({ ...frame, kind: FrameKind.Invalid, problem })
  if (members === undefined) return invalid('it is no JSON object')
  if (type === undefined) return invalid('type must be a string')
  if (frame.type === 'invokefunction') {
    if (frame.invocationId === undefined && unlessNull('invocation_id') !== undefined)
      return invalid('invocation_id must be a string')
    if (frame.functionId === '') return invalid('function_id must be a non-empty string')
    return { ...frame, kind: FrameKind.Invoke, problem: '' }
  }
  if (frame.type !== 'invocationresult') return { ...frame, kind: FrameKind.Control, problem: '' }
  if (frame.invocationId === undefined) return invalid('invocation_id must be a string')
  return { ...frame, kind: FrameKind.Result, problem: '' }
}

/** JSON text by name; undefined when this is no object. Of duplicate names the last one counts. */
function membersOf(text: string): Map<string, string> | undefined {
  const members = new Map<string, string>()
  let at = afterSpace(text, 0)
  if (text[at] !== '{') return undefined
  at = afterSpace(text, at + 1)
  while (text[at] === '"') {
    const nameEnd = afterText(text, at)
    const name = parsedText(text.slice(at, nameEnd))
    const colon = afterSpace(text, nameEnd)
    const start = afterSpace(text, colon + 1)
    const end = afterValue(text, start)
    if (name === undefined || text[colon] !== ':' || end <= start) return undefined
    members.set(name, text.slice(start, end))
    at = afterSpace(text, end)
    if (text[at] === '}') break
    if (text[at] !== ',') return undefined
    at = afterSpace(text, at + 1)
    if (text[at] !== '"') return undefined
  }
  return text[at] === '}' && afterSpace(text, at + 1) === text.length ? members : undefined
}

function afterSpace(text: string, at: number): number {
  SPACE.lastIndex = at
  SPACE.test(text)
  return SPACE.lastIndex
}

/** -1 when it does not end. */
function afterValue(text: string, at: number): number {
  const first = text[at]
  if (first === '"') return afterText(text, at)
  if (first !== '{' && first !== '[') {
    SCALAR.lastIndex = at
    return SCALAR.test(text) ? SCALAR.lastIndex : -1
  }
  let depth = 0
  MARK.lastIndex = at
  for (let found = MARK.exec(text); found !== null; found = MARK.exec(text)) {
    const [mark] = found
    if (mark === '"') {
      const end = afterText(text, found.index)
      if (end === -1) return -1
      MARK.lastIndex = end
    } else if (mark === '{' || mark === '[') depth++
    else if (--depth === 0) return found.index + 1
  }
  return -1
}

/** @param at of the first quote. -1 when there is no second one. */
function afterText(text: string, at: number): number {
  for (let quote = text.indexOf('"', at + 1); quote !== -1; quote = text.indexOf('"', quote + 1)) {
    let slashes = 0
    while (text[quote - 1 - slashes] === '\\') slashes++
    if (slashes % 2 === 0) return quote + 1
  }
  return -1
}

function parsedText(json: string): string | undefined {
  try {
    return JSON.parse(json) as string
  } catch {
    return undefined
  }
}
