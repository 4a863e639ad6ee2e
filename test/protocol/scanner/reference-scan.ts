// What the scanner must find in a frame, by JSON.parse of the whole: the other side of the property tests.
import { expect } from 'vitest'
import { createEnvelope, FrameKind, type Envelope } from '../../../protocol/scanner/envelope.ts'
import { scanEnvelope } from '../../../protocol/scanner/scan.ts'

/** Scans text or bytes that stand somewhere inside a larger buffer, as the frames of a socket do. */
export function scan(frame: string | Uint8Array): Envelope {
  const bytes = Buffer.from(frame)
  const around = Buffer.alloc(bytes.length + 9, '"')
  bytes.copy(around, 3)
  const envelope = createEnvelope()
  scanEnvelope(around.subarray(3, 3 + bytes.length), envelope)
  return envelope
}

/** Holds a scan of a frame that JSON.parse accepts against what JSON.parse finds. */
export function expectAsParsed(bytes: Buffer, parsed: unknown): void {
  const found = scan(bytes)
  const kind = kindOf(parsed)
  expect(FRAME_KINDS[found.kind], found.problem).toBe(FRAME_KINDS[kind])
  if (kind === FrameKind.Invalid) {
    expect(found.problem).not.toBe('')
    return
  }
  expect(found.problem).toBe('')
  const members = parsed as Record<string, unknown>
  expect(found.type).toBe(members['type'])
  if (kind === FrameKind.Control) return
  expect(found.invocationId).toBe(textOf(members, 'invocation_id'))
  expect(found.functionId).toBe(textOf(members, 'function_id') ?? '')
  expect(found.namespace).toBe(textOf(members, 'namespace'))
  expect(found.traceparent).toBe(textOf(members, 'traceparent'))
  expect(found.baggage).toBe(textOf(members, 'baggage'))
  expectRange(bytes, found.dataStart, found.dataEnd, members['data'])
  expectRange(bytes, found.resultStart, found.resultEnd, members['result'])
  expectRange(bytes, found.errorStart, found.errorEnd, members['error'] ?? undefined)
  expectRange(bytes, found.metadataStart, found.metadataEnd, members['metadata'] ?? undefined)
  expectRange(bytes, found.actionStart, found.actionEnd, members['action'] ?? undefined)
}

const FRAME_KINDS = ['Invalid', 'Invoke', 'Result', 'Control']

function kindOf(parsed: unknown): FrameKind {
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return FrameKind.Invalid
  const members = parsed as Record<string, unknown>
  const id = members['invocation_id']
  const idIsGood = typeof id === 'string' && id.length >= 1 && id.length <= 128
  if (typeof members['type'] !== 'string') return FrameKind.Invalid
  if (members['type'] === 'invocationresult') return idIsGood ? FrameKind.Result : FrameKind.Invalid
  if (members['type'] !== 'invokefunction') return FrameKind.Control
  const idIsAbsent = id === undefined || id === null
  const functionId = members['function_id']
  const namespace = members['namespace'] ?? undefined
  const good =
    (idIsGood || idIsAbsent) &&
    typeof functionId === 'string' &&
    functionId !== '' &&
    (namespace === undefined || typeof namespace === 'string')
  return good ? FrameKind.Invoke : FrameKind.Invalid
}

function textOf(members: Record<string, unknown>, name: string): string | undefined {
  const value = members[name]
  return typeof value === 'string' ? value : undefined
}

function expectRange(bytes: Buffer, start: number, end: number, value: unknown): void {
  if (value === undefined) {
    expect([start, end]).toEqual([-1, -1])
    return
  }
  const text = bytes.toString('utf8', start, end)
  expect(text).toBe(text.trim())
  expect(JSON.parse(text)).toEqual(value)
}
