// Checks 41–44 of spec 02: streams that a worker serves itself, over an abstract connection.
import { describe, expect, test } from 'vitest'
import { CodedError } from '../../../protocol/errors.ts'
import type { TestHandler } from '../../support/worker-run.ts'
import { at, collect, failureOf, freshStream, type StreamRun } from './stream-run.ts'

type Input = { stream_name: string; group_id: string; item_id: string; data?: unknown; ops?: unknown }

export function customCases(name: string, open: () => Promise<StreamRun>): void {
  describe(`${name}: custom streams`, () => {
    test('41. each operation reaches the worker with its input, and events carry what it returns', async () => {
      const [run, s] = [await open(), freshStream()]
      const seen: unknown[] = []
      const answers: Record<string, unknown> = {
        get: { from: 'worker' },
        set: { old_value: null, new_value: 'stored' },
        delete: { old_value: 'removed', more: 1 },
        list: [1, 2],
        list_groups: ['b', 'a'],
        update: { old_value: 1, new_value: 2, errors: [{ op_index: 0, code: 'own', message: 'm' }] },
      }
      for (const operation of Object.keys(answers)) {
        await run.provide(`stream::${operation}(${s})`, (input: object) => {
          const { _caller_worker_id: _, ...own } = input as Record<string, unknown>
          seen.push([operation, own])
          return answers[operation]
        })
      }
      const events = await collect(run, { stream_name: s })
      const ops = [{ type: 'set', path: '', value: 1, extra: true }]
      expect(await run.call('stream::set', { ...at(s), data: 'given' })).toEqual(answers['set'])
      answers['set'] = { old_value: 'before', new_value: 'stored' }
      expect(await run.call('stream::set', { ...at(s), data: null })).toEqual(answers['set'])
      expect(await run.call('stream::get', at(s))).toEqual(answers['get'])
      expect(await run.call('stream::update', { ...at(s), ops })).toEqual(answers['update'])
      expect(await run.call('stream::delete', at(s))).toEqual({ old_value: 'removed' })
      expect(await run.call('stream::list', { stream_name: s, group_id: 'g' })).toEqual([1, 2])
      expect(await run.call('stream::list_groups', { stream_name: s })).toEqual(['b', 'a'])
      await run.call('stream::send', { stream_name: s, group_id: 'g' })
      expect(seen).toEqual([
        ['set', { ...at(s), data: 'given' }],
        ['set', { ...at(s), data: null }],
        ['get', at(s)],
        ['update', { ...at(s), ops }],
        ['delete', at(s)],
        ['list', { stream_name: s, group_id: 'g' }],
        ['list_groups', { stream_name: s }],
      ])
      expect((await events.take(5)).map(({ id, event }) => [id, event])).toEqual([
        ['i', { type: 'create', data: 'stored' }],
        ['i', { type: 'update', data: 'stored' }],
        ['i', { type: 'update', data: 2 }],
        ['i', { type: 'delete', data: 'removed' }],
        [null, { type: 'event', event: { type: 'event', data: null } }],
      ])
      const { stream } = await run.call('stream::list_all', {})
      expect(stream.map(({ id }: { id: string }) => id)).not.toContain(s)
    })

    test('41. no value and null are no value', async () => {
      const [run, s] = [await open(), freshStream()]
      for (const operation of ['get', 'list', 'list_groups']) {
        await run.provide(`stream::${operation}(${s})`, ({ group_id }: Input) => (group_id === 'n' ? null : undefined))
      }
      for (const group of ['n', 'u']) {
        expect(await run.call('stream::get', at(s, 'i', group))).toBeUndefined()
        expect(await run.call('stream::list', at(s, 'i', group))).toBeUndefined()
      }
      expect(await run.call('stream::list_groups', { stream_name: s })).toBeUndefined()
    })

    test('42. errors of reads pass unchanged, those of writes get the code of the operation', async () => {
      const [run, s] = [await open(), freshStream()]
      const events = await collect(run, { stream_name: s })
      const fail = (): never => {
        throw new CodedError('OWN_CODE', 'no such thing')
      }
      const thrown = { code: 'OWN_CODE', message: 'no such thing' }
      for (const operation of ['get', 'list', 'list_groups', 'set', 'delete', 'update']) {
        await run.provide(`stream::${operation}(${s})`, fail)
      }
      const ops: unknown[] = []
      const failures: [string, object, object][] = [
        ['stream::get', at(s), thrown],
        ['stream::list', at(s), thrown],
        ['stream::list_groups', at(s), thrown],
        ['stream::set', { ...at(s), data: 1 }, { code: 'STREAM_SET_ERROR' }],
        ['stream::delete', at(s), { code: 'STREAM_DELETE_ERROR' }],
        ['stream::update', { ...at(s), ops }, { code: 'STREAM_UPDATE_ERROR' }],
      ]
      for (const [id, input, expected] of failures) {
        const error = await failureOf(run.call(id, input))
        expect(error).toMatchObject(expected)
        expect(error.message).toContain('no such thing')
      }
      await run.call('stream::send', { stream_name: s, group_id: 'g' })
      expect((await events.take(1))[0]!.event.type).toBe('event')
    })

    test.each([
      ['set', { foo: 1 }],
      ['set', 5],
      ['set', [1]],
      ['set', 'text'],
      ['delete', 'text'],
      ['delete', [1]],
      ['delete', true],
      ['update', { old_value: 1 }],
      ['update', { new_value: 1, errors: {} }],
    ])('42. %s that returns %j is a JSON_ERROR', async (operation, answer) => {
      const [run, s] = [await open(), freshStream()]
      await run.provide(`stream::${operation}(${s})`, () => answer)
      const error = await failureOf(run.call(`stream::${operation}`, { ...at(s), data: 1, ops: [] }))
      expect(error).toMatchObject({
        code: 'JSON_ERROR',
        message: expect.stringContaining(`stream::${operation}(${s})`),
      })
    })

    test('42. set and delete that return nothing succeed, update fails', async () => {
      const [run, s] = [await open(), freshStream()]
      const events = await collect(run, { stream_name: s })
      const answer = (input: Input): unknown => (input.group_id === 'null' ? null : undefined)
      for (const operation of ['set', 'delete', 'update']) await run.provide(`stream::${operation}(${s})`, answer)
      for (const group of ['null', 'nothing']) {
        const address = at(s, 'i', group)
        expect(await run.call('stream::set', { ...address, data: { n: 1 } })).toEqual({
          old_value: null,
          new_value: { n: 1 },
        })
        expect(await run.call('stream::delete', address)).toEqual({ old_value: null })
        expect(await failureOf(run.call('stream::update', { ...address, ops: [] }))).toMatchObject({
          code: 'STREAM_UPDATE_ERROR',
        })
      }
      expect((await events.take(2)).map(({ event }) => event)).toEqual([
        { type: 'create', data: { n: 1 } },
        { type: 'create', data: { n: 1 } },
      ])
    })

    test('43. when the worker takes its functions back, the built-in storage answers', async () => {
      const [run, s] = [await open(), freshStream()]
      await run.call('stream::set', { ...at(s), data: 'built in' })
      await run.provide(`stream::get(${s})`, () => 'custom')
      expect(await run.call('stream::get', at(s))).toBe('custom')
      expect(await run.call('stream::list', at(s))).toEqual(['built in'])
      await run.withdraw(`stream::get(${s})`)
      expect(await run.call('stream::get', at(s))).toBe('built in')
    })

    test('44. update without one of the worker is made of its get and set, one after the other per item', async () => {
      const [run, s] = [await open(), freshStream()]
      const events = await collect(run, { stream_name: s })
      const { items, handlers } = ownItems()
      for (const [operation, handler] of Object.entries(handlers)) {
        await run.provide(`stream::${operation}(${s})`, handler)
      }
      const update = (...ops: unknown[]) => run.call('stream::update', { ...at(s), ops })
      expect(await update({ type: 'set', path: 'n', value: 1 })).toEqual({ old_value: null, new_value: { n: 1 } })
      expect(await update({ type: 'append', path: 'n', value: 1 })).toMatchObject({
        old_value: { n: 1 },
        new_value: { n: 1 },
        errors: [{ op_index: 0, code: 'append.type_mismatch' }],
      })
      expect(await run.call('stream::get', at(s))).toEqual({ n: 1 })
      const increment = { type: 'increment', path: 'n', by: 1 }
      const writes: Promise<unknown>[] = []
      for (let i = 0; i < 50; i++) {
        writes.push(update(increment))
        if (i === 20) writes.push(run.call('stream::set', { ...at(s), data: { n: 1_000 } }))
      }
      await Promise.all(writes)
      // 29 updates came after the set, and none of them started from a value before it.
      expect(items.get('i')).toEqual({ n: 1_029 })
      expect((await events.take(53)).at(-1)!.event).toEqual({ type: 'update', data: { n: 1_029 } })
    })

    test('44. an item that was there is updated, also where set returns nothing', async () => {
      const [run, s] = [await open(), freshStream()]
      const events = await collect(run, { stream_name: s })
      const { items, handlers } = ownItems()
      await run.provide(`stream::get(${s})`, handlers['get']!)
      await run.provide(`stream::set(${s})`, ({ item_id, data }: Input) => void items.set(item_id, data))
      const ops = [{ type: 'increment', path: 'n', by: 1 }]
      expect(await run.call('stream::update', { ...at(s), ops })).toEqual({ old_value: null, new_value: { n: 1 } })
      expect(await run.call('stream::update', { ...at(s), ops })).toEqual({ old_value: { n: 1 }, new_value: { n: 2 } })
      expect((await events.take(2)).map(({ event }) => event)).toEqual([
        { type: 'create', data: { n: 1 } },
        { type: 'update', data: { n: 2 } },
      ])
    })
  })
}

function ownItems(): { items: Map<string, unknown>; handlers: Record<string, TestHandler> } {
  const items = new Map<string, unknown>()
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
  const handlers: Record<string, TestHandler> = {
    get: async ({ item_id }: Input) => {
      await turn()
      return items.get(item_id)
    },
    set: async ({ item_id, data }: Input) => {
      await turn()
      const old_value = items.get(item_id) ?? null
      items.set(item_id, data)
      return { old_value, new_value: data }
    },
  }
  return { items, handlers }
}
