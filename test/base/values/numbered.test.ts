import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Numbered } from '../../../base/values/numbered.ts'

test('Numbered things are those that a map of the same changes holds', () => {
  // Steps up to more than the window, so that some outlive it.
  const change = fc.record({ step: fc.oneof(fc.constant(1), fc.nat({ max: 1500 })), taken: fc.nat(40) })
  fc.assert(
    fc.property(fc.array(change, { maxLength: 80 }), (changes) => {
      const things = new Numbered<{ of: number }>()
      const model = new Map<number, { of: number }>()
      let last = 0
      for (const { step, taken } of changes) {
        last += step + 1
        const value = { of: last }
        things.set(last, value)
        model.set(last, value)
        const number = [...model.keys()][taken]
        if (number !== undefined) {
          expect(things.get(number)).toEqual({ of: number })
          expect(things.delete(number)).toBe(true)
          model.delete(number)
          expect(things.get(number)).toBeUndefined()
          expect(things.delete(number)).toBe(false)
          expect(things.has(number)).toBe(false)
        }
        expect(things.size).toBe(model.size)
      }
      expect([...things].toSorted(([a], [b]) => a - b)).toEqual([...model].toSorted(([a], [b]) => a - b))
    }),
  )
})

test('They are told oldest first, those that outlived the window before the others', () => {
  const things = new Numbered<object>()
  for (let number = 1; number <= 3000; number++) {
    things.set(number, {})
    if (number % 700 !== 0) things.delete(number)
  }
  expect([...things].map(([number]) => number)).toEqual([700, 1400, 2100, 2800])
})
