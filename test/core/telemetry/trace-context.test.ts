// What the engine writes into the baggage of a call (spec 01 §9.5).
import { expect, it } from 'vitest'
import { baggageFor } from '../../../core/telemetry/trace-context.ts'
import type { Call } from '../../../core/model/call.ts'

const call = (functionId: string, baggage?: string): Call => ({ functionId, baggage }) as Call

it('names the target once and keeps the other entries', () => {
  expect(baggageFor(call('a::b', 'k=v, iii.function.id=old,x=y'))).toBe('k=v,x=y,iii.function.id=a::b')
})

it('encodes what baggage may not hold', () => {
  expect(baggageFor(call('a b,é'))).toBe('iii.function.id=a%20b%2C%C3%A9')
})

it('takes an id that holds half of a surrogate pair', () => {
  expect(baggageFor(call('a\ud800b'))).toBe('iii.function.id=a%EF%BF%BDb')
})
