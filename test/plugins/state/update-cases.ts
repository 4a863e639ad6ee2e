// Checks 9–22 of spec 02: `state::update` over an abstract connection. The language itself is tested in test/kit.
import { describe, expect, test } from 'vitest'
import { codes, collect, get, freshScope, set, update, type StateRun } from './state-run.ts'

export function updateCases(name: string, open: () => Promise<StateRun>): void {
  describe(`${name}: update`, () => {
    test('9. no operations make a missing item an empty object', async () => {
      const [run, scope] = [await open(), freshScope()]
      const { events } = await collect(run, { scope })
      expect(await update(run, scope)).toEqual({ old_value: null, new_value: {} })
      expect(await events.take(1)).toMatchObject([{ event_type: 'state:created', new_value: {} }])
    })

    const steps: [name: string, start: unknown, ops: unknown[], value: unknown, codes?: string[]][] = [
      ['10. increment of a missing item', undefined, [{ type: 'increment', path: 'n', by: 3 }], { n: 3 }],
      ['10. decrement of a missing item', undefined, [{ type: 'decrement', path: 'n', by: 3 }], { n: -3 }],
      ['10. root increment of a missing item', undefined, [{ type: 'increment', path: '', by: 2 }], 2],
      ['10. root decrement', 5, [{ type: 'decrement', path: '', by: 3 }], 2],
      [
        '11. increment of text',
        { n: 'x' },
        [{ type: 'increment', path: 'n', by: 1 }],
        { n: 'x' },
        ['increment.not_number'],
      ],
      [
        '11. increment of null',
        { n: null },
        [{ type: 'increment', path: 'n', by: 1 }],
        { n: null },
        ['increment.not_number'],
      ],
      ['11. increment of a fraction', { n: 1.5 }, [{ type: 'increment', path: 'n', by: 1 }], { n: 2.5 }],
      [
        '§4.3 a sum beyond 64 bits is a double',
        { n: 2 ** 64 },
        [{ type: 'increment', path: 'n', by: 2 ** 62 }],
        { n: 1.25 * 2 ** 64 },
      ],
      [
        '§4.3 a sum below 64 bits too',
        { n: -(2 ** 63) },
        [{ type: 'decrement', path: 'n', by: 2 ** 62 }],
        { n: -1.5 * 2 ** 63 },
      ],
      [
        '12. members of a root that is no object',
        'leaf',
        [
          { type: 'set', path: 'f', value: 1 },
          { type: 'increment', path: 'f', by: 1 },
          { type: 'decrement', path: 'f', by: 1 },
          { type: 'remove', path: 'f' },
          { type: 'append', path: 'f', value: 1 },
        ],
        'leaf',
        ['set', 'increment', 'decrement', 'remove', 'append'].map((type) => `${type}.target_not_object`),
      ],
      ['13. set of the root to null', { a: 1 }, [{ type: 'set', path: '', value: null }], null],
      ['13. remove of the root', { a: 1 }, [{ type: 'remove', path: '' }], null],
      ['13. remove of a missing member', { a: 1 }, [{ type: 'remove', path: 'b' }], { a: 1 }],
      [
        '14. dots are part of names',
        { 'user.name': ['A'], user: { name: ['B'] } },
        [{ type: 'append', path: 'user.name', value: 'C' }],
        { 'user.name': ['A', 'C'], user: { name: ['B'] } },
      ],
      ...[{}, { path: null }, { path: '' }, { path: [] }].map((path): [string, unknown, unknown[], unknown] => [
        `15. merge at the root as ${JSON.stringify(path)}`,
        { a: 1 },
        [{ type: 'merge', value: { b: 2 }, ...path }],
        { a: 1, b: 2 },
      ]),
      ['15. merge at a root that is no object', 'leaf', [{ type: 'merge', value: { b: 2 } }], 'leaf'],
      [
        '16. merge through null',
        { s: null },
        [{ type: 'merge', path: ['s', 'x'], value: { t: 1 } }],
        { s: { x: { t: 1 } } },
      ],
      ['16. merge into a leaf', 'leaf', [{ type: 'merge', path: 'f', value: { t: 1 } }], { f: { t: 1 } }],
      ['17. merge of an array', {}, [{ type: 'merge', value: [1] }], {}, ['merge.value.not_an_object']],
      [
        '20. an error in the middle',
        { buffer: [] },
        [
          { type: 'append', path: 'buffer', value: '1' },
          { type: 'append', path: ['__proto__', 'p'], value: true },
          { type: 'append', path: 'buffer', value: '3' },
        ],
        { buffer: ['1', '3'] },
        ['append.path.proto_polluted'],
      ],
      ['19. append of text to a missing root', undefined, [{ type: 'append', value: 'h' }], 'h'],
      ['19. append of an object to a missing root', undefined, [{ type: 'append', value: { k: 1 } }], [{ k: 1 }]],
      ['19. append of text to a missing member', {}, [{ type: 'append', path: 'm', value: 'x' }], { m: 'x' }],
      [
        '19. append at a longer path',
        undefined,
        [{ type: 'append', path: ['a', 'b'], value: 'x' }],
        { a: { b: ['x'] } },
      ],
      ['19. append of an array', { e: [] }, [{ type: 'append', path: 'e', value: [1, 2] }], { e: [[1, 2]] }],
      ['19. append of text to text', { t: 'a' }, [{ type: 'append', path: 't', value: 'b' }], { t: 'ab' }],
      [
        '19. append of a number to text',
        { t: 'a' },
        [{ type: 'append', path: 't', value: 1 }],
        { t: 'a' },
        ['append.type_mismatch'],
      ],
      [
        '19. append to an object',
        { e: {} },
        [{ type: 'append', path: 'e', value: 1 }],
        { e: {} },
        ['append.type_mismatch'],
      ],
      [
        '19. append below an array root',
        [1, 2],
        [{ type: 'append', path: ['a', 'b'], value: 1 }],
        [1, 2],
        ['append.target_not_object'],
      ],
      ['19. append through an array', { a: [1] }, [{ type: 'append', path: ['a', 'b'], value: 4 }], { a: { b: [4] } }],
    ]
    test.each(steps)('%s', async (_name, start, ops, value, errors) => {
      const [run, scope] = [await open(), freshScope()]
      if (start !== undefined) await set(run, scope, start)
      const result = await update(run, scope, ...ops)
      expect(result).toMatchObject({ old_value: start ?? null, new_value: value })
      expect(codes(result)).toEqual(errors)
      expect(await get(run, scope)).toEqual(value)
    })

    test('17. limits of a merged value', async () => {
      const [run, scope] = [await open(), freshScope()]
      const nested = (depth: number): unknown => (depth === 0 ? 1 : { a: nested(depth - 1) })
      const many = Object.fromEntries(Array.from({ length: 1025 }, (_, i) => [`k${i}`, i]))
      const merges = [many, JSON.parse('{"__proto__":1}'), nested(17), nested(16)].map((value) => ({
        type: 'merge',
        value,
      }))
      const result = await update(run, scope, ...merges)
      expect(codes(result)).toEqual(['merge.value.too_many_keys', 'merge.value.proto_polluted', 'merge.value.too_deep'])
      expect(result.new_value).toEqual(nested(16))
    })

    test('18. limits of paths', async () => {
      const [run, scope] = [await open(), freshScope()]
      const deep = Array.from({ length: 33 }, () => 'a')
      const rest = {
        set: {},
        merge: { value: {} },
        increment: { by: 1 },
        decrement: { by: 1 },
        append: { value: 1 },
        remove: {},
      }
      const each = (path: string) => Object.entries(rest).map(([type, members]) => ({ type, path, ...members }))
      const result = await update(
        run,
        scope,
        ...['merge', 'append'].map((type) => ({ type, path: deep, value: {} })),
        ...['merge', 'append'].map((type) => ({ type, path: ['a', ''], value: {} })),
        ...each('x'.repeat(257)),
        ...each('constructor'),
      )
      const all = (problem: string) => Object.keys(rest).map((type) => `${type}.path.${problem}`)
      expect(codes(result)).toEqual([
        'merge.path.too_deep',
        'append.path.too_deep',
        'merge.path.empty_segment',
        'append.path.empty_segment',
        ...all('segment_too_long'),
        ...all('proto_polluted'),
      ])
      expect(result.new_value).toEqual({})
    })

    test('21. malformed operations fail the call before any effect', async () => {
      const [run, scope] = [await open(), freshScope()]
      await set(run, scope, { n: 1 })
      const { events } = await collect(run, { scope })
      const good = { type: 'increment', path: 'n', by: 1 }
      const malformed = [
        { type: 'increment', path: 'n', by: 1.5 },
        { type: 'increment', path: 'n', by: '1' },
        { type: 'set', path: ['a'], value: 1 },
        { type: 'Set', path: 'a', value: 1 },
        { set: 1 },
      ]
      for (const operation of malformed) {
        await expect(update(run, scope, good, operation)).rejects.toMatchObject({ code: 'deserialization_error' })
      }
      expect(await get(run, scope)).toEqual({ n: 1 })
      await set(run, scope, 'last')
      expect(await events.take(1)).toMatchObject([{ new_value: 'last' }])
    })

    test('22. updates at once lose nothing', async () => {
      const [run, scope] = [await open(), freshScope()]
      await Promise.all(Array.from({ length: 500 }, () => update(run, scope, { type: 'increment', path: 'n', by: 1 })))
      expect(await get(run, scope)).toEqual({ n: 500 })
      const append = (from: string) => (_: unknown, i: number) =>
        update(run, scope, { type: 'append', path: ['list'], value: [from, i] })
      await set(run, scope, { list: [] })
      await Promise.all([...Array.from({ length: 250 }, append('a')), ...Array.from({ length: 250 }, append('b'))])
      expect((await get(run, scope)).list).toHaveLength(500)
    })
  })
}
