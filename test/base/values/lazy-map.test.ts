import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LazyMap } from '../../../base/values/lazy-map.ts'

test('It is a map, whatever is done to it', () => {
  const step = fc.tuple(
    fc.constantFrom('set', 'delete', 'has', 'get', 'clear'),
    fc.integer({ min: 0, max: 4 }),
    fc.string(),
  )
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const [lazy, real] = [new LazyMap<number, string>(), new Map<number, string>()]
      for (const [what, key, value] of steps) {
        if (what === 'set') {
          lazy.set(key, value)
          real.set(key, value)
        } else if (what === 'delete') expect(lazy.delete(key)).toBe(real.delete(key))
        else if (what === 'has') expect(lazy.has(key)).toBe(real.has(key))
        else if (what === 'get') expect(lazy.get(key)).toBe(real.get(key))
        else {
          lazy.clear()
          real.clear()
        }
        expect([lazy.size, [...lazy], [...lazy.keys()], [...lazy.values()]]).toEqual([
          real.size,
          [...real],
          [...real.keys()],
          [...real.values()],
        ])
      }
    }),
  )
})
