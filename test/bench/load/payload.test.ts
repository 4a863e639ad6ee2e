import fc from 'fast-check'
import { expect, test } from 'vitest'
import { callIdText, readSlot, slotOfText, writeCallId, MAX_SLOTS } from '../../../bench/load/call-id.ts'
import { MIN_PAYLOAD_BYTES, N_MIN, nOf, payloadJson, writeN } from '../../../bench/load/payload.ts'
import { isValue } from '../../../bench/load/workload.ts'

test('a payload is an object of exactly the length asked for, as JSON.stringify prints it', () => {
  fc.assert(
    fc.property(fc.integer({ min: MIN_PAYLOAD_BYTES, max: 70_000 }), (bytes) => {
      const text = payloadJson(bytes)
      expect(text.length).toBe(bytes)
      expect(JSON.stringify(JSON.parse(text))).toBe(text)
      expect(text.startsWith(`{"n":${N_MIN},`)).toBe(true)
    }),
  )
})

test('a payload that could not carry its number is refused', () => {
  expect(() => payloadJson(MIN_PAYLOAD_BYTES - 1)).toThrow(RangeError)
})

test('the number is patched in place', () => {
  fc.assert(
    fc.property(fc.nat(2 ** 32 - 1), (sequence) => {
      const bytes = Buffer.from(payloadJson(150))
      writeN(bytes, 5, nOf(sequence))
      expect(JSON.parse(String(bytes))).toMatchObject({ n: nOf(sequence) })
      expect(bytes.length).toBe(150)
    }),
  )
})

test('an id is a UUID that tells its slot', () => {
  fc.assert(
    fc.property(fc.nat(2 ** 32 - 1), fc.nat(MAX_SLOTS - 1), (sequence, slot) => {
      const id = callIdText(sequence, slot)
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/)
      const bytes = Buffer.from(`__${callIdText(0, 0)}`)
      writeCallId(bytes, 2, sequence, slot)
      expect(String(bytes)).toBe(`__${id}`)
      expect([readSlot(bytes, 2), slotOfText(id)]).toEqual([slot, slot])
    }),
  )
})

test('an id of somebody else has no slot', () => {
  expect(slotOfText('6f1de8f2-3a52-4e3c-9d0b-6a2f0a7f4c11')).toBe(-1)
  expect(slotOfText('')).toBe(-1)
})

test('a value must be whole; members that an engine adds do not count', () => {
  const value = payloadJson(300)
  const answer = { ...(JSON.parse(value) as Record<string, unknown>), n: 123_456_789 }
  expect(isValue({ ...answer, _caller_worker_id: 'x' }, value, 123_456_789)).toBe(true)
  expect(isValue(answer, value, 123_456_788)).toBe(false)
  expect(isValue({ ...answer, pad: 'y' }, value, 123_456_789)).toBe(false)
  expect(isValue(undefined, value, 123_456_789)).toBe(false)
})
