import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LazySet } from '../../../base/values/lazy-set.ts'

test('It is a set, whatever is done to it', () => {
  const step = fc.tuple(fc.constantFrom('add', 'delete', 'has', 'clear'), fc.integer({ min: 0, max: 4 }))
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const [lazy, real] = [new LazySet<number>(), new Set<number>()]
      for (const [what, value] of steps) {
        if (what === 'add') {
          lazy.add(value)
          real.add(value)
        } else if (what === 'delete') expect(lazy.delete(value)).toBe(real.delete(value))
        else if (what === 'has') expect(lazy.has(value)).toBe(real.has(value))
        else {
          lazy.clear()
          real.clear()
        }
        expect([lazy.size, ...lazy]).toEqual([real.size, ...real])
      }
    }),
  )
})
