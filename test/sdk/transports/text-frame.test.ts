// Frames that are texts say the same as those that are bytes: the reader of pages against the engine's own scanner.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { FrameKind } from '../../../protocol/scanner/envelope.ts'
import { NODE_SOCKETS } from '../../../sdk/transports/node-sockets.ts'
import { readTextFrame } from '../../../sdk/transports/text-frame.ts'

const scanned = (text: string): object => {
  const { problem: _its, ...frame } = NODE_SOCKETS.read(Buffer.from(text))
  return frame
}
const read = (text: string): object => {
  const { problem: _its, ...frame } = readTextFrame(text)
  return frame
}

const spaced = fc.constantFrom('', ' ', '\n\t', ' \r ')
const member = fc.tuple(
  fc.constantFrom('type', 'invocation_id', 'function_id', 'data', 'metadata', 'result', 'error', 'baggage', 'other'),
  fc.oneof(
    fc.constantFrom(
      '"invokefunction"',
      '"invocationresult"',
      '"ping"',
      'null',
      '""',
      '1',
      '-0.50e-7',
      'true',
      '"\\"}"',
    ),
    fc.json(),
    fc.string({ unit: 'binary' }).map((text) => JSON.stringify(text)),
  ),
)

it('reads every frame of the engine as the scanner does', () => {
  fc.assert(
    fc.property(fc.array(member, { maxLength: 8 }), fc.array(spaced, { minLength: 5, maxLength: 5 }), (members, s) => {
      const text = `${s[0]}{${s[1]}${members.map(([name, json]) => `"${name}"${s[2]}:${s[3]}${json}`).join(`${s[4]},${s[1]}`)}}${s[0]}`
      expect(read(text)).toEqual(scanned(text))
    }),
    { numRuns: 500 },
  )
})

it.each([
  '',
  ' ',
  'null',
  '[]',
  '"text"',
  '{',
  '{"type"',
  '{"type":',
  '{"type":"ping"',
  '{"type":"ping",}',
  '{"type":"ping"}x',
  '{type:"ping"}',
  '{"type":"ping","data":{"a":[}',
  '{"type":"ping","data":"open}',
  '{"type" "ping"}',
  '{"type":5}',
  '{"type":"invokefunction"}',
  '{"type":"invokefunction","function_id":"f","invocation_id":7}',
  '{"type":"invocationresult","result":1}',
])('%j is no frame, and says what is wrong', (text) => {
  const { kind, problem } = readTextFrame(text)
  expect(kind).toBe(FrameKind.Invalid)
  expect(problem).not.toBe('')
})
