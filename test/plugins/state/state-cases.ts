// Checks 1–26 of spec 02 as cases over an abstract connection: the same cases run over a plugin alone and over a whole engine.
// Every case uses scopes of its own, so a store may be shared; what must be empty at the start is asked for as a name.
import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { ErrorBody } from '../../../protocol/errors.ts'
import { Collector, within } from '../../support/deadline.ts'

export type TestHandler = (data: never, metadata?: unknown) => unknown

export interface TestBinding {
  readonly id: string
  readonly function_id: string
  readonly config: unknown
  readonly metadata?: unknown
}

/** One worker's view of an engine with `iii-state`. What it sends arrives in the order sent. */
export interface StateRun {
  /** Resolves with `undefined` when the answer has no result; rejects with an error that has `code` and `message`. */
  call(functionId: string, input: unknown): Promise<any>
  /** Registers a function of this worker. */
  provide(functionId: string, handler: TestHandler): void | Promise<void>
  /** Binds type `state`; the same id again replaces. Need not wait: later calls arrive later. */
  bind(binding: TestBinding): void | Promise<void>
  unbind(id: string): void | Promise<void>
  /** Binds and waits for the refusal. */
  refusalOf(binding: TestBinding): Promise<ErrorBody>
  /** Applies these members of the configuration to the running plugin; absent ones get their default. */
  configure(config: { triggers_enabled?: boolean; max_value_bytes?: number }): Promise<void>
}

interface StateEvent {
  type: string
  event_type: string
  scope: string
  key: string
  old_value: unknown
  new_value: unknown
}

/** `open` gives a running plugin with default settings and sees to its end. */
export function stateCases(name: string, open: () => Promise<StateRun>): void {
  const s = () => `scope-${randomUUID()}`

  /** Binds a function that collects its events. */
  async function collect(run: StateRun, config: unknown, more: { metadata?: unknown } = {}) {
    const events = new Collector<StateEvent>()
    const metadata: unknown[] = []
    const id = randomUUID()
    const function_id = `test::collect-${id}`
    await run.provide(function_id, (event, sidecar) => {
      metadata.push(sidecar)
      events.add(event)
    })
    await run.bind({ id, function_id, config, ...more })
    return { id, function_id, events, metadata }
  }

  /** After this, everything that earlier calls of this worker have caused and that does not wait has been sent to it. */
  const barrier = async (run: StateRun, rounds = 3) => {
    for (let round = 0; round < rounds; round++) await run.call('state::get', { scope: 'barrier', key: 'k' })
  }

  const update = (run: StateRun, scope: string, ...ops: unknown[]) =>
    run.call('state::update', { scope, key: 'k', ops })
  const set = (run: StateRun, scope: string, value: unknown) => run.call('state::set', { scope, key: 'k', value })
  const get = (run: StateRun, scope: string) => run.call('state::get', { scope, key: 'k' })
  const codes = (result: { errors?: { code: string }[] }) => result.errors?.map(({ code }) => code)

  describe(`${name}: functions`, () => {
    test('1. set returns the old and the new value', async () => {
      const [run, scope] = [await open(), s()]
      expect(await set(run, scope, { a: 1 })).toEqual({ old_value: null, new_value: { a: 1 } })
      expect(await set(run, scope, { a: 2 })).toEqual({ old_value: { a: 1 }, new_value: { a: 2 } })
    })

    test('2. data is an alias of value, and value wins', async () => {
      const [run, scope] = [await open(), s()]
      expect(await run.call('state::set', { scope, key: 'k', data: 5 })).toEqual({ old_value: null, new_value: 5 })
      expect(await get(run, scope)).toBe(5)
      expect(await run.call('state::set', { scope, key: 'k', data: 6, value: 7 })).toEqual({
        old_value: 5,
        new_value: 7,
      })
    })

    test('3. a missing value is no result, a stored null is null and counts as existing', async () => {
      const [run, scope] = [await open(), s()]
      const { events } = await collect(run, { scope })
      expect(await get(run, scope)).toBeUndefined()
      expect(await set(run, scope, null)).toEqual({ old_value: null, new_value: null })
      expect(await get(run, scope)).toBeNull()
      expect(await set(run, scope, 1)).toEqual({ old_value: null, new_value: 1 })
      const types = (await events.take(2)).map(({ event_type }) => event_type)
      expect(types).toEqual(['state:created', 'state:updated'])
    })

    test('4. delete returns the bare value, and fires for a missing key too', async () => {
      const [run, scope] = [await open(), s()]
      const { events } = await collect(run, { scope })
      await set(run, scope, { t: true })
      expect(await run.call('state::delete', { scope, key: 'k' })).toEqual({ t: true })
      expect(await get(run, scope)).toBeUndefined()
      expect(await run.call('state::delete', { scope, key: 'k' })).toBeUndefined()
      expect((await events.take(3)).slice(1)).toEqual([
        { type: 'state', event_type: 'state:deleted', scope, key: 'k', old_value: { t: true }, new_value: null },
        { type: 'state', event_type: 'state:deleted', scope, key: 'k', old_value: null, new_value: null },
      ])
    })

    test('5. list keeps the order of keys', async () => {
      const [run, scope] = [await open(), s()]
      expect(await run.call('state::list', { scope })).toEqual([])
      for (const key of ['k2', 'k1', 'k3']) await run.call('state::set', { scope, key, value: key })
      await run.call('state::set', { scope, key: 'k1', value: 'k1' })
      expect(await run.call('state::list', { scope })).toEqual(['k2', 'k1', 'k3'])
      await run.call('state::delete', { scope, key: 'k2' })
      await run.call('state::set', { scope, key: 'k2', value: 'k2' })
      expect(await run.call('state::list', { scope })).toEqual(['k1', 'k3', 'k2'])
    })

    test('6. list_groups names the scopes that have a key, sorted', async () => {
      const [run, a, b] = [await open(), `a-${s()}`, `b-${s()}`]
      await set(run, b, 1)
      await set(run, a, 1)
      const { groups } = await run.call('state::list_groups', {})
      expect(groups).toEqual([...groups].sort())
      expect(groups).toEqual(expect.arrayContaining([a, b]))
      await run.call('state::delete', { scope: b, key: 'k' })
      for (const input of [null, undefined]) {
        const after = await run.call('state::list_groups', input)
        expect(after.groups).toContain(a)
        expect(after.groups).not.toContain(b)
      }
    })

    test('7. input of the wrong shape is a deserialization_error', async () => {
      const [run, scope] = [await open(), s()]
      const wrong: [string, unknown, string][] = [
        ['state::get', { scope: 1, key: 'k' }, 'scope'],
        ['state::get', { scope }, 'key'],
        ['state::get', { scope, key: null }, 'key'],
        ['state::get', null, 'object'],
        ['state::set', { scope, key: 'k' }, 'value'],
        ['state::delete', { key: 'k' }, 'scope'],
        ['state::update', { scope, key: 'k' }, 'ops'],
        ['state::list', {}, 'scope'],
        ['state::list_groups', [], 'object'],
      ]
      for (const [id, input, member] of wrong) {
        const error = await run.call(id, input).then(
          () => ({ code: 'none', message: 'none' }),
          (reason: ErrorBody) => reason,
        )
        expect(error).toMatchObject({ code: 'deserialization_error', message: expect.stringContaining(id) })
        expect(error.message).toContain(member)
      }
      expect(await run.call('state::get', { scope, key: 'k', more: 1 })).toBeUndefined()
      expect(await run.call('state::set', { scope: '', key: '', value: scope })).toMatchObject({ new_value: scope })
    })

    test('a stored channel ref stays what it is, with all its members', async () => {
      const [run, scope] = [await open(), s()]
      const ref = { channel_id: 'c', access_key: 'a', direction: 'read', note: 'mine' }
      expect(await set(run, scope, { ref })).toMatchObject({ new_value: { ref } })
      await update(run, scope, { type: 'append', path: ['refs'], value: ref })
      expect(await run.call('state::list', { scope })).toEqual([{ ref, refs: [ref] }])
    })

    test('8. a value above max_value_bytes is refused, an update is not measured', async () => {
      const [run, scope] = [await open(), s()]
      await run.configure({ max_value_bytes: 8 })
      const { events } = await collect(run, { scope })
      const error = await set(run, scope, 'way more than eight').catch((reason: ErrorBody) => reason)
      expect(error).toMatchObject({ code: 'VALUE_TOO_LARGE' })
      expect(error.message).toMatch(/21.*8/)
      expect(await get(run, scope)).toBeUndefined()
      expect(await set(run, scope, 1)).toMatchObject({ new_value: 1 })
      expect(await set(run, scope, 'äöü')).toMatchObject({ new_value: 'äöü' })
      await expect(set(run, scope, 'äöü1')).rejects.toMatchObject({ code: 'VALUE_TOO_LARGE' })
      const long = await update(run, scope, { type: 'append', path: '', value: ' and then far beyond eight' })
      expect(long.new_value).toBe('äöü and then far beyond eight')
      expect((await events.take(3)).map(({ new_value }) => new_value)).toEqual([1, 'äöü', long.new_value])
    })
  })

  describe(`${name}: update`, () => {
    test('9. no operations make a missing item an empty object', async () => {
      const [run, scope] = [await open(), s()]
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
      const [run, scope] = [await open(), s()]
      if (start !== undefined) await set(run, scope, start)
      const result = await update(run, scope, ...ops)
      expect(result).toMatchObject({ old_value: start ?? null, new_value: value })
      expect(codes(result)).toEqual(errors)
      expect(await get(run, scope)).toEqual(value)
    })

    test('17. limits of a merged value', async () => {
      const [run, scope] = [await open(), s()]
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
      const [run, scope] = [await open(), s()]
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
      const [run, scope] = [await open(), s()]
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
      const [run, scope] = [await open(), s()]
      await Promise.all(Array.from({ length: 500 }, () => update(run, scope, { type: 'increment', path: 'n', by: 1 })))
      expect(await get(run, scope)).toEqual({ n: 500 })
      const append = (from: string) => (_: unknown, i: number) =>
        update(run, scope, { type: 'append', path: ['list'], value: [from, i] })
      await set(run, scope, { list: [] })
      await Promise.all([...Array.from({ length: 250 }, append('a')), ...Array.from({ length: 250 }, append('b'))])
      expect((await get(run, scope)).list).toHaveLength(500)
    })
  })

  describe(`${name}: triggers`, () => {
    test('23. scope and key filter, and the event has all six members', async () => {
      const [run, scope, other] = [await open(), s(), s()]
      const both = await collect(run, { scope, key: 'k' })
      const scopeOnly = await collect(run, { scope, key: null, event_types: ['ignored'] })
      const keyOnly = await collect(run, { key: scope })
      const none = await collect(run, null)
      await set(run, scope, 1)
      await run.call('state::set', { scope, key: scope, value: 2 })
      await set(run, other, 3)
      await update(run, scope, { type: 'increment', path: '', by: 1 })
      const mine = (await none.events.take(4)).filter((event) => event.scope === scope || event.scope === other)
      expect(mine).toHaveLength(4)
      expect(await scopeOnly.events.take(3)).toEqual([
        { type: 'state', event_type: 'state:created', scope, key: 'k', old_value: null, new_value: 1 },
        { type: 'state', event_type: 'state:created', scope, key: scope, old_value: null, new_value: 2 },
        { type: 'state', event_type: 'state:updated', scope, key: 'k', old_value: 1, new_value: 2 },
      ])
      await barrier(run)
      expect(both.events.items.map(({ new_value }) => new_value)).toEqual([1, 2])
      expect(keyOnly.events.items.map(({ new_value }) => new_value)).toEqual([2])
      expect(scopeOnly.events.items).toHaveLength(3)
      await run.unbind(none.id)
    })

    test('23. a config of the wrong type is refused', async () => {
      const run = await open()
      for (const config of [{ scope: 1 }, { key: {} }, { condition_function_id: false }, 'text']) {
        const error = await run.refusalOf({ id: randomUUID(), function_id: 'test::none', config })
        expect(error.code).toBe('trigger_registration_failed')
      }
    })

    test('24. the same trigger id again fires once, at the new target', async () => {
      const [run, scope] = [await open(), s()]
      const first = await collect(run, { scope })
      const second = new Collector<StateEvent>()
      await run.provide(`${first.function_id}-2`, second.add)
      await run.bind({ id: first.id, function_id: `${first.function_id}-2`, config: { scope } })
      await set(run, scope, 1)
      await set(run, scope, 2)
      expect((await second.take(2)).map(({ new_value }) => new_value)).toEqual([1, 2])
      await barrier(run)
      expect([first.events.items.length, second.items.length]).toEqual([0, 2])
      await run.unbind(first.id)
      await set(run, scope, 3)
      await barrier(run)
      expect(second.items).toHaveLength(2)
    })

    test('24. nobody waits for a slow handler, and one that throws harms nobody', async () => {
      const [run, scope] = [await open(), s()]
      const release = Promise.withResolvers<void>()
      const started = new Collector<string>()
      const bind = async (label: string, handler: TestHandler) => {
        await run.provide(`test::${label}-${scope}`, handler)
        await run.bind({ id: randomUUID(), function_id: `test::${label}-${scope}`, config: { scope } })
      }
      await bind('slow', () => {
        started.add('slow')
        return release.promise
      })
      await bind('throws', () => {
        throw new Error('thrown by the handler')
      })
      const third = await collect(run, { scope }, { metadata: { label: 'third' } })
      expect(await within(2_000, 'set while a handler hangs', set(run, scope, 1))).toMatchObject({ new_value: 1 })
      await set(run, scope, 2)
      expect((await third.events.take(2)).map(({ new_value }) => new_value)).toEqual([1, 2])
      expect(third.metadata).toEqual([{ label: 'third' }, { label: 'third' }])
      expect(await started.take(2)).toEqual(['slow', 'slow'])
      release.resolve()
    })

    test('24. handlers of one binding start in the order of the writes', async () => {
      const [run, scope] = [await open(), s()]
      const { events } = await collect(run, { scope })
      const writes = Array.from({ length: 300 }, (_, i) =>
        i % 3 === 2 ? run.call('state::delete', { scope, key: 'k' }) : set(run, scope, i),
      )
      await Promise.all(writes)
      const seen = (await events.take(300)).map(({ event_type, new_value }) =>
        event_type === 'state:deleted' ? 'deleted' : new_value,
      )
      expect(seen).toEqual(Array.from({ length: 300 }, (_, i) => (i % 3 === 2 ? 'deleted' : i)))
    })

    test.each([
      ['true', true, true],
      ['no value', undefined, true],
      ['null', null, true],
      ['0', 0, true],
      ['empty text', '', true],
      ['an object', {}, true],
      ['false', false, false],
    ])('25. a condition that returns %s', async (_name, answer, runs) => {
      const [run, scope] = [await open(), s()]
      const asked = new Collector<{ event: StateEvent; metadata: unknown }>()
      const condition_function_id = `test::condition-${scope}`
      await run.provide(condition_function_id, (event, metadata) => {
        asked.add({ event, metadata })
        return answer
      })
      const { events } = await collect(run, { scope, condition_function_id }, { metadata: { m: 1 } })
      await set(run, scope, 1)
      const event = { type: 'state', event_type: 'state:created', scope, key: 'k', old_value: null, new_value: 1 }
      expect(await asked.take(1)).toEqual([{ event, metadata: undefined }])
      if (runs) expect(await events.take(1)).toEqual([event])
      await barrier(run)
      expect(events.items).toHaveLength(runs ? 1 : 0)
    })

    test('25. a condition that fails or does not exist skips the handler', async () => {
      const [run, scope] = [await open(), s()]
      const asked = new Collector<unknown>()
      await run.provide(`test::throws-${scope}`, (event) => {
        asked.add(event)
        throw new Error('thrown by the condition')
      })
      const throwing = await collect(run, { scope, condition_function_id: `test::throws-${scope}` })
      const unknown = await collect(run, { scope, condition_function_id: `test::unknown-${scope}` })
      await set(run, scope, 1)
      await asked.take(1)
      await barrier(run)
      expect([throwing.events.items, unknown.events.items]).toEqual([[], []])
    })

    test('26. triggers_enabled is applied to the next write', async () => {
      const [run, scope] = [await open(), s()]
      const { events } = await collect(run, { scope })
      await run.configure({ triggers_enabled: false })
      await set(run, scope, 'silent')
      await run.configure({ triggers_enabled: true })
      await set(run, scope, 'heard')
      expect(await events.take(1)).toMatchObject([{ old_value: 'silent', new_value: 'heard' }])
    })
  })
}
