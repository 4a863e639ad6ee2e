// The envelope scanner: reads type, ids and trace context of a frame and finds where its payloads stand, without parsing those.
// The whole frame is checked against the grammar of JSON, payloads and unknown members included; its UTF-8 is not.
import { endOfValue } from './check-value.ts'
import { FrameKind, type Envelope } from './envelope.ts'
import { Member } from './members.ts'
import { createSpans, DECODING, FAULTY_VALUE, readMembers } from './read-members.ts'
import { isNull, skipScalar } from './skip-scalar.ts'
import { skipSpace } from './skip-space.ts'
import { KnownTexts } from './known-texts.ts'
import { decodeText, slicePlainText } from './text.ts'

/** Longest `invocation_id` in characters (spec 01 §3). */
const MAX_INVOCATION_ID_LENGTH = 128

const QUOTE = 0x22
const OPEN_BRACKET = 0x5b
const TRUE = 0x74
const FALSE = 0x66
const INVOKE = Buffer.from('"invokefunction"')
const RESULT = Buffer.from('"invocationresult"')

/** Scratch of the scan that runs; a scan never yields, so one is enough. */
const spans = createSpans()
const knownTexts = new KnownTexts()

/**
 * Fills `into` from one WebSocket text frame, or a binary one that holds JSON. Never throws: a frame that is no JSON object, or
 * lacks what its type needs, gets kind Invalid and a `problem`, with the type and the invocation id as far as they were found,
 * for the `invalid_message` answer. Of duplicate keys the last one counts; null = absent, but for `data` and `result`.
 */
export function scanEnvelope(frame: Buffer, into: Envelope): void {
  const broken = readMembers(frame, spans)
  into.kind = FrameKind.Invalid
  into.problem = ''
  into.type = takeType(frame)
  into.invocationId = takeInvocationId(frame)
  into.functionId = takeKnownText(frame, Member.FunctionId) ?? ''
  into.invocationIdStart = startOf(Member.InvocationId)
  into.invocationIdEnd = endOf(Member.InvocationId)
  into.functionIdStart = startOf(Member.FunctionId)
  into.functionIdEnd = endOf(Member.FunctionId)
  into.namespace = takeKnownText(frame, Member.Namespace)
  into.traceparent = takeText(frame, Member.Traceparent)
  into.baggage = takeText(frame, Member.Baggage)
  into.dataStart = startOf(Member.Data)
  into.dataEnd = endOf(Member.Data)
  into.resultStart = startOf(Member.Result)
  into.resultEnd = endOf(Member.Result)
  dropNull(frame, Member.Error)
  into.errorStart = startOf(Member.Error)
  into.errorEnd = endOf(Member.Error)
  dropNull(frame, Member.Metadata)
  into.metadataStart = startOf(Member.Metadata)
  into.metadataEnd = endOf(Member.Metadata)
  dropNull(frame, Member.Action)
  into.actionStart = startOf(Member.Action)
  into.actionEnd = endOf(Member.Action)

  if (broken !== -1) into.problem = brokenProblem(frame, broken)
  else if (spans[FAULTY_VALUE] !== -1) into.problem = `the value that begins at byte ${spans[FAULTY_VALUE]} is not JSON`
  else classify(frame, into)
}

/** @param broken where it breaks the grammar of the envelope. */
function brokenProblem(frame: Buffer, broken: number): string {
  const other = broken === skipSpace(frame, 0) ? otherValue(frame, broken) : undefined
  if (other !== undefined) return `it must be an object with a 'type', got ${other}`
  return broken < frame.length ? `not JSON at byte ${broken}` : `not JSON: it ends too early, after ${broken} bytes`
}

/** What the frame is, when it is a whole JSON value that begins at `start`, and no object. */
function otherValue(frame: Buffer, start: number): string | undefined {
  const first = frame[start]
  const end = first === QUOTE || first === OPEN_BRACKET ? endOfValue(frame, start) : skipScalar(frame, start)
  if (end < 0 || skipSpace(frame, end) !== frame.length) return undefined
  if (first === QUOTE) return 'a string'
  if (first === OPEN_BRACKET) return 'an array'
  return isNull(frame, start, end) || first === TRUE || first === FALSE
    ? frame.toString('latin1', start, end)
    : 'a number'
}

/** The frame is JSON: decides its kind, or what its members lack. */
function classify(frame: Buffer, into: Envelope): void {
  if (into.type === 'invokefunction') {
    if (into.invocationId === undefined && isGiven(frame, Member.InvocationId)) into.problem = INVOCATION_ID_PROBLEM
    else if (into.functionId === '') into.problem = 'function_id must be a non-empty string'
    else if (into.namespace === undefined && isGiven(frame, Member.Namespace))
      into.problem = 'namespace must be a string'
    else into.kind = FrameKind.Invoke
  } else if (into.type === 'invocationresult') {
    if (into.invocationId === undefined) into.problem = INVOCATION_ID_PROBLEM
    else into.kind = FrameKind.Result
  } else if (isString(frame, Member.Type)) into.kind = FrameKind.Control
  else into.problem = 'type must be a string'
}

const INVOCATION_ID_PROBLEM = `invocation_id must be a string of 1 to ${MAX_INVOCATION_ID_LENGTH} characters`

function takeType(frame: Buffer): string {
  if (equals(frame, Member.Type, INVOKE)) return 'invokefunction'
  if (equals(frame, Member.Type, RESULT)) return 'invocationresult'
  return takeText(frame, Member.Type) ?? ''
}

function takeInvocationId(frame: Buffer): string | undefined {
  const id = takeText(frame, Member.InvocationId)
  return id === undefined || id.length === 0 || id.length > MAX_INVOCATION_ID_LENGTH ? undefined : id
}

/** The text of a member; undefined = it is absent or no string. */
function takeText(frame: Buffer, member: Member): string | undefined {
  if (!isString(frame, member)) return undefined
  const start = startOf(member)
  const end = endOf(member)
  return spans[DECODING] === -1 ? slicePlainText(frame, start, end) : decodeText(frame, start, end)
}

function takeKnownText(frame: Buffer, member: Member): string | undefined {
  if (!isString(frame, member)) return undefined
  const start = startOf(member)
  const end = endOf(member)
  return spans[DECODING] === -1 ? knownTexts.at(frame, start, end) : decodeText(frame, start, end)
}

function isString(frame: Buffer, member: Member): boolean {
  const start = startOf(member)
  return start !== -1 && frame[start] === QUOTE
}

function isGiven(frame: Buffer, member: Member): boolean {
  const start = startOf(member)
  return start !== -1 && !isNull(frame, start, endOf(member))
}

function equals(frame: Buffer, member: Member, token: Buffer): boolean {
  const start = startOf(member)
  if (start === -1 || endOf(member) - start !== token.length) return false
  for (let index = 1; index < token.length; index++) if (frame[start + index] !== token[index]) return false
  return true
}

function dropNull(frame: Buffer, member: Member): void {
  const start = startOf(member)
  if (start === -1 || !isNull(frame, start, endOf(member))) return
  spans[2 * member] = -1
  spans[2 * member + 1] = -1
}

function startOf(member: Member): number {
  return spans[2 * member]!
}

function endOf(member: Member): number {
  return spans[2 * member + 1]!
}
