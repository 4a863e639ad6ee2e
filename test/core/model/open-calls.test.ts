// Calls under way by their ids: found and taken whatever their keys have in common with those of others.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Call } from '../../../core/model/call.ts'
import { OpenCalls } from '../../../core/model/open-calls.ts'

/** Their keys are the same: of a text only the end counts. */
const ALIKE = ['a-12345678', 'b-12345678', 'c-12345678'] as const

function call(callId: string | number): Call {
  return { callId } as Call
}

it('finds and takes a call once', () => {
  const calls = new OpenCalls()
  const one = call('5f3f0d67-4b67-4d68-b9d5-7c4ff4b8b1b1')
  expect([calls.size, calls.has(one.callId), calls.take(one.callId)]).toEqual([0, false, undefined])
  calls.add(one)
  expect([calls.size, calls.has(one.callId), calls.get(one.callId)]).toEqual([1, true, one])
  expect([calls.take(one.callId), calls.take(one.callId), calls.size]).toEqual([one, undefined, 0])
})

it('takes an id for no other that ends the same way', () => {
  const calls = new OpenCalls()
  calls.add(call(ALIKE[0]))
  expect([calls.get(ALIKE[1]), calls.take(ALIKE[1]), calls.size]).toEqual([undefined, undefined, 1])
})

it('keeps calls apart that share a key, whichever is answered first', () => {
  for (const first of ALIKE) {
    const calls = new OpenCalls()
    const all = ALIKE.map(call)
    for (const one of all) calls.add(one)
    expect([...calls]).toEqual(all)
    expect(calls.take(first)?.callId).toBe(first)
    const left = ALIKE.filter((id) => id !== first)
    expect(left.map((id) => calls.get(id)?.callId)).toEqual(left)
    expect([...calls].map(({ callId }) => callId).sort()).toEqual(left)
    // What comes now may have the place of the one that left.
    calls.add(call(first))
    expect(ALIKE.map((id) => calls.take(id)?.callId)).toEqual([...ALIKE])
    expect([calls.size, [...calls]]).toEqual([0, []])
  }
})

it('knows the oldest call, also where those that came before it share their key with another one', () => {
  const calls = new OpenCalls()
  expect(calls.oldest()).toBe(undefined)
  const [first, second, third] = ALIKE.map(call) as [Call, Call, Call]
  const other = call('5f3f0d67-4b67')
  for (const one of [first, other, second, third]) calls.add(one)
  const given: Call[] = []
  for (let oldest = calls.oldest(); oldest !== undefined; oldest = calls.oldest()) {
    given.push(oldest)
    calls.take(oldest.callId)
  }
  expect(given).toEqual([first, other, second, third])
})

it('forgets all', () => {
  const calls = new OpenCalls()
  for (const id of ALIKE) calls.add(call(id))
  calls.clear()
  expect([calls.size, [...calls], calls.get(ALIKE[1])]).toEqual([0, [], undefined])
})

it('is to calls what a map by their ids would be', () => {
  const ids = fc.oneof(fc.constantFrom(...ALIKE), fc.nat(4), fc.constantFrom('', '1', 'x', '5f3f0d67-4b67'))
  const steps = fc.array(fc.record({ id: ids, does: fc.constantFrom('add', 'take', 'get') }), { maxLength: 60 })
  fc.assert(
    fc.property(steps, (all) => {
      const calls = new OpenCalls()
      const map = new Map<string | number, Call>()
      for (const { id, does } of all) {
        expect(calls.get(id)).toBe(map.get(id))
        if (does === 'take') {
          expect(calls.take(id)).toBe(map.get(id))
          map.delete(id)
        } else if (does === 'add' && !map.has(id)) {
          const one = call(id)
          calls.add(one)
          map.set(id, one)
        }
        expect([calls.size, calls.has(id)]).toEqual([map.size, map.has(id)])
      }
      expect([...calls]).toEqual([...map.values()])
    }),
  )
})
