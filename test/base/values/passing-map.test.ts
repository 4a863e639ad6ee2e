import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PassingMap } from '../../../base/values/passing-map.ts'

interface Thing {
  readonly of: number
}

/** Few enough to meet again, at both ends, and some of any kind. */
const KEYS = fc.oneof(
  fc.nat(30),
  fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  fc.constantFrom(-1, 2 ** 31 - 1, -(2 ** 31)),
)

test('what is in it is what a map of the same changes holds, oldest first', () => {
  const change = fc.record({ key: KEYS, isTaken: fc.boolean(), place: fc.nat(200) })
  fc.assert(
    fc.property(fc.array(change, { maxLength: 400 }), (changes) => {
      const things = new PassingMap<Thing>()
      const model = new Map<number, Thing>()
      for (const { key, isTaken, place } of changes) {
        const known = isTaken ? [...model.keys()][place % (model.size + 1)] : undefined
        if (known !== undefined) {
          expect(things.take(known)).toBe(model.get(known))
          model.delete(known)
          expect([things.take(known), things.get(known)]).toEqual([undefined, undefined])
        } else if (!model.has(key)) {
          const value = { of: key }
          things.add(key, value)
          model.set(key, value)
        }
        expect(things.get(key)).toBe(model.get(key))
        expect(things.size).toBe(model.size)
        expect(things.first).toBe(model.values().next().value)
      }
      expect([...things]).toEqual([...model.values()])
    }),
  )
})

test('one that stays is found and remains the first, however many pass it', () => {
  const things = new PassingMap<Thing>()
  things.add(-7, { of: -7 })
  for (let key = 1; key <= 10_000; key++) {
    things.add(key, { of: key })
    if (key > 3) expect(things.take(key - 3)).toEqual({ of: key - 3 })
  }
  expect([...things].map(({ of }) => of)).toEqual([-7, 9998, 9999, 10_000])
  expect([things.first, things.get(-7), things.size]).toEqual([{ of: -7 }, { of: -7 }, 4])
})

test('those that are told may go and others come meanwhile', () => {
  const things = new PassingMap<Thing>()
  for (let key = 0; key < 5; key++) things.add(key, { of: key })
  const told: number[] = []
  for (const { of } of things) {
    told.push(of)
    things.take(of)
    for (let more = 0; more < 10; more++) things.add(100 + of * 10 + more, { of: -1 })
  }
  expect(told).toEqual([0, 1, 2, 3, 4])
  expect(things.size).toBe(50)
})

test('a hundred thousand at once are found, and nothing of them is left once they are gone or forgotten', () => {
  const things = new PassingMap<Thing>()
  for (const ending of ['taken', 'forgotten']) {
    for (let key = 0; key < 100_000; key++) things.add(Math.imul(key, 2_654_435_761), { of: key })
    expect(things.get(Math.imul(77_777, 2_654_435_761))).toEqual({ of: 77_777 })
    if (ending === 'forgotten') things.clear()
    for (let key = 0; key < 100_000; key++) {
      const taken = things.take(Math.imul(key, 2_654_435_761))
      if (taken?.of !== (ending === 'taken' ? key : undefined)) throw new Error(`${ending}: ${key} is ${taken?.of}`)
    }
    expect([things.size, things.first, [...things]]).toEqual([0, undefined, []])
  }
})

test('what has passed through it is gone with the collection of the young', () => {
  const module = new URL('../../../base/values/passing-map.ts', import.meta.url).href
  // Those that are there when the young are collected twice become old, and with them the tables that they stand in.
  const script = `import { setImmediate as turn } from 'node:timers/promises'
    const { PassingMap } = await import(${JSON.stringify(module)})
    const things = new PassingMap()
    let last = 0
    const pass = () => { things.add(++last, { of: last }); if (last > 64) things.take(last - 64) }
    for (let times = 0; times < 100; times++) pass()
    for (let times = 0; times < 4; times++) gc({ type: 'minor' })
    for (let times = 0; times < 1000; times++) pass()
    const held = new WeakRef(things.get(last))
    for (let times = 0; times < 1000; times++) pass()
    await turn()
    gc({ type: 'minor' })
    console.log(held.deref())`
  const options = ['--expose-gc', '--input-type=module', '-e', script]
  const { stdout, stderr } = spawnSync(process.execPath, options, { encoding: 'utf8' })
  expect([stdout.trim(), stderr]).toEqual(['undefined', ''])
})
