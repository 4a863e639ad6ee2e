// Checks 27–31 of spec 02: the functions `stream::*` and the trigger type `stream`, over an abstract connection.
import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { at, barrier, collect, failureOf, freshStream, type StreamEvent, type StreamRun } from './stream-run.ts'

export function functionCases(name: string, open: () => Promise<StreamRun>): void {
  describe(`${name}: functions`, () => {
    test('27. set, get, delete, list, list_groups and list_all answer as specified', async () => {
      const [run, s] = [await open(), freshStream()]
      const events = await collect(run, { stream_name: s })
      expect(await run.call('stream::get', at(s))).toBeUndefined()
      expect(await run.call('stream::delete', at(s))).toEqual({ old_value: null })
      expect(await run.call('stream::list', at(s))).toEqual([])
      expect(await run.call('stream::list_groups', { stream_name: s })).toEqual([])
      expect(await run.call('stream::set', { ...at(s), data: { a: 1 } })).toEqual({
        old_value: null,
        new_value: { a: 1 },
      })
      expect(await run.call('stream::set', { ...at(s), data: null })).toEqual({ old_value: { a: 1 }, new_value: null })
      expect(await run.call('stream::get', at(s))).toBeNull()
      await run.call('stream::set', { ...at(s, 'b', 'z'), data: 2 })
      await run.call('stream::set', { ...at(s, 'a', 'z'), data: 1 })
      expect(await run.call('stream::list', { stream_name: s, group_id: 'z' })).toEqual([2, 1])
      expect(await run.call('stream::list_groups', { stream_name: s })).toEqual(['g', 'z'])
      for (const input of [{}, null, undefined]) {
        const all = await run.call('stream::list_all', input)
        expect(all.stream).toContainEqual({ id: s, groups: ['g', 'z'] })
        expect(all.count).toBe(all.stream.length)
        expect(all.stream.map(({ id }: { id: string }) => id)).toEqual(
          all.stream.map(({ id }: { id: string }) => id).sort(),
        )
      }
      expect(await run.call('stream::delete', at(s))).toEqual({ old_value: null })
      expect(await run.call('stream::get', at(s))).toBeUndefined()
      expect(await run.call('stream::list_groups', { stream_name: s })).toEqual(['z'])
      expect((await events.take(5)).map(({ event }) => event)).toEqual([
        { type: 'create', data: { a: 1 } },
        { type: 'update', data: null },
        { type: 'create', data: 2 },
        { type: 'create', data: 1 },
        { type: 'delete', data: null },
      ])
      await barrier(run)
      expect(events.items).toHaveLength(5)
    })

    test('update applies operations, reports errors, and creates an item whatever they do', async () => {
      const [run, s] = [await open(), freshStream()]
      const events = await collect(run, { stream_name: s })
      const update = (...ops: unknown[]) => run.call('stream::update', { ...at(s), ops })
      expect(await update()).toEqual({ old_value: null, new_value: {} })
      const increment = { type: 'increment', path: 'n', by: 3 }
      expect(await update(increment, { type: 'append', path: 'n', value: 1 })).toEqual({
        old_value: {},
        new_value: { n: 3 },
        errors: [{ op_index: 1, code: 'append.type_mismatch', message: expect.any(String) }],
      })
      expect(await failureOf(update({ type: 'Set', path: '', value: 1 }))).toMatchObject({
        code: 'deserialization_error',
      })
      await Promise.all(Array.from({ length: 100 }, () => update(increment)))
      expect(await run.call('stream::get', at(s))).toEqual({ n: 303 })
      const seen = (await events.take(102)).map(({ event }) => event)
      expect(seen.slice(0, 2)).toEqual([
        { type: 'create', data: {} },
        { type: 'update', data: { n: 3 } },
      ])
      expect(seen.at(-1)).toEqual({ type: 'update', data: { n: 303 } })
    })

    test('28. no two pairs of stream and group are one', async () => {
      const [run, base] = [await open(), freshStream()]
      await run.call('stream::set', { ...at(`${base}:b`, 'i', 'c'), data: 1 })
      await run.call('stream::set', { ...at(base, 'i', 'b:c'), data: 2 })
      expect(await run.call('stream::list', { stream_name: `${base}:b`, group_id: 'c' })).toEqual([1])
      expect(await run.call('stream::list', { stream_name: base, group_id: 'b:c' })).toEqual([2])
      expect(await run.call('stream::list_groups', { stream_name: base })).toEqual(['b:c'])
      const { stream } = await run.call('stream::list_all', {})
      expect(stream).toEqual(
        expect.arrayContaining([
          { id: `${base}:b`, groups: ['c'] },
          { id: base, groups: ['b:c'] },
        ]),
      )
    })

    test('29. send takes type, event_type or neither, stores nothing and answers null', async () => {
      const [run, s] = [await open(), freshStream()]
      const events = await collect(run, { stream_name: s })
      const group = { stream_name: s, group_id: 'g' }
      for (const more of [
        { type: 'x', data: { n: 1 } },
        { event_type: 'x', data: 0 },
        {},
        { type: null, event_type: null, id: null, data: null },
        { type: 'y', event_type: 'x', id: 'i', data: null },
      ]) {
        expect(await run.call('stream::send', { ...group, ...more })).toBeNull()
      }
      const sent = (type: string, data: unknown) => ({ type: 'event', event: { type, data } })
      expect((await events.take(5)).map(({ id, event }) => [id, event])).toEqual([
        [null, sent('x', { n: 1 })],
        [null, sent('x', 0)],
        [null, sent('event', null)],
        [null, sent('event', null)],
        ['i', sent('y', null)],
      ])
      expect(await run.call('stream::list', group)).toEqual([])
    })

    test('input of the wrong shape is a deserialization_error, and unknown members are ignored', async () => {
      const [run, s] = [await open(), freshStream()]
      const wrong: [string, unknown, string][] = [
        ['stream::get', { ...at(s), stream_name: 1 }, 'stream_name'],
        ['stream::get', { stream_name: s, item_id: 'i' }, 'group_id'],
        ['stream::get', { ...at(s), item_id: null }, 'item_id'],
        ['stream::get', null, 'object'],
        ['stream::set', at(s), 'data'],
        ['stream::set', { ...at(s), value: 1 }, 'data'],
        ['stream::delete', { stream_name: s, group_id: 'g' }, 'item_id'],
        ['stream::update', at(s), 'ops'],
        ['stream::list', { stream_name: s }, 'group_id'],
        ['stream::list_groups', {}, 'stream_name'],
        ['stream::list_all', [], 'object'],
        ['stream::send', { stream_name: s, data: 1 }, 'group_id'],
        ['stream::send', { stream_name: s, group_id: 'g', id: 1 }, 'id'],
        ['stream::send', { stream_name: s, group_id: 'g', type: {} }, 'type'],
        ['stream::send', { stream_name: s, group_id: 'g', event_type: 1 }, 'event_type'],
      ]
      for (const [id, input, member] of wrong) {
        const error = await failureOf(run.call(id, input))
        expect(error).toMatchObject({ code: 'deserialization_error', message: expect.stringContaining(id) })
        expect(error.message).toContain(member)
      }
      expect(await run.call('stream::set', { ...at('', '', ''), data: s, more: 1 })).toMatchObject({ new_value: s })
    })

    test('30. the payloads of a trigger, and its filters', async () => {
      const [run, s] = [await open(), freshStream()]
      const group = await collect(run, { stream_name: s, group_id: 'g' })
      const ofItem = await collect(run, { stream_name: s, item_id: 'i' })
      const any = await collect(run, { stream_name: s, group_id: '', item_id: '' })
      const nulls = await collect(run, { stream_name: s, group_id: null, item_id: null })
      const other = await collect(run, { stream_name: `${s}-other` })
      await run.call('stream::set', { ...at(s), data: { title: 'x' } })
      await run.call('stream::set', { ...at(s), data: { title: 'y' } })
      await run.call('stream::delete', at(s))
      await run.call('stream::send', { ...at(s), type: 'n', data: 1 })
      await run.call('stream::send', { ...at(s), id: 'i', type: 'n', data: 2 })
      await run.call('stream::set', { ...at(s, 'j', 'h'), data: 3 })
      const wrapper = { type: 'stream', timestamp: expect.any(Number), streamName: s, groupId: 'g', id: 'i' }
      const events = [
        { ...wrapper, event: { type: 'create', data: { title: 'x' } } },
        { ...wrapper, event: { type: 'update', data: { title: 'y' } } },
        { ...wrapper, event: { type: 'delete', data: { title: 'y' } } },
        { ...wrapper, id: null, event: { type: 'event', event: { type: 'n', data: 1 } } },
        { ...wrapper, event: { type: 'event', event: { type: 'n', data: 2 } } },
        { ...wrapper, groupId: 'h', id: 'j', event: { type: 'create', data: 3 } },
      ]
      expect(await any.take(6)).toEqual(events)
      expect(await nulls.take(6)).toEqual(events)
      expect(await group.take(5)).toEqual(events.slice(0, 5))
      expect(await ofItem.take(4)).toEqual([events[0], events[1], events[2], events[4]])
      await barrier(run)
      expect([group.items.length, ofItem.items.length, other.items.length]).toEqual([5, 4, 0])
      const times = group.items.filter(({ id }) => id === 'i').map(({ timestamp }) => timestamp)
      expect(times).toEqual([...new Set(times)].sort((one, two) => one - two))
    })

    test('30. a condition that returns false skips the handler', async () => {
      const [run, s] = [await open(), freshStream()]
      const condition_function_id = `test::condition-${s}`
      await run.provide(condition_function_id, ({ event }: StreamEvent) => event.data !== 'no')
      const events = await collect(run, { stream_name: s, condition_function_id })
      for (const data of ['yes', 'no', 'again']) await run.call('stream::set', { ...at(s), data })
      expect((await events.take(2)).map(({ event }) => event.data)).toEqual(['yes', 'again'])
    })

    test('31. a binding without a stream is refused', async () => {
      const [run, s] = [await open(), freshStream()]
      for (const config of [
        {},
        null,
        { stream_name: '' },
        { stream_name: null },
        { stream_name: 1 },
        { stream_name: s, group_id: 1 },
        { stream_name: s, item_id: {} },
        { stream_name: s, condition_function_id: 7 },
        'text',
      ]) {
        const error = await run.refusalOf({ id: randomUUID(), function_id: 'test::none', config })
        expect(error.code).toBe('trigger_registration_failed')
      }
      expect(await run.call('stream::set', { ...at(s), data: 1 })).toMatchObject({ new_value: 1 })
    })
  })
}
