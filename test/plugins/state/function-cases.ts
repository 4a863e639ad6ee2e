// Checks 1–8 of spec 02: the functions `state::*` over an abstract connection.
import { describe, expect, test } from 'vitest'
import type { ErrorBody } from '../../../protocol/errors.ts'
import { collect, get, freshScope, set, update, type StateRun, type StateTraits } from './state-run.ts'

export function functionCases(name: string, open: () => Promise<StateRun>, { ordered }: StateTraits): void {
  const inOrder = (values: string[]) => (ordered ? values : values.sort())

  describe(`${name}: functions`, () => {
    test('1. set returns the old and the new value', async () => {
      const [run, scope] = [await open(), freshScope()]
      expect(await set(run, scope, { a: 1 })).toEqual({ old_value: null, new_value: { a: 1 } })
      expect(await set(run, scope, { a: 2 })).toEqual({ old_value: { a: 1 }, new_value: { a: 2 } })
    })

    test('2. data is an alias of value, and value wins', async () => {
      const [run, scope] = [await open(), freshScope()]
      expect(await run.call('state::set', { scope, key: 'k', data: 5 })).toEqual({ old_value: null, new_value: 5 })
      expect(await get(run, scope)).toBe(5)
      expect(await run.call('state::set', { scope, key: 'k', data: 6, value: 7 })).toEqual({
        old_value: 5,
        new_value: 7,
      })
    })

    test('3. a missing value is no result, a stored null is null and counts as existing', async () => {
      const [run, scope] = [await open(), freshScope()]
      const { events } = await collect(run, { scope })
      expect(await get(run, scope)).toBeUndefined()
      expect(await set(run, scope, null)).toEqual({ old_value: null, new_value: null })
      expect(await get(run, scope)).toBeNull()
      expect(await set(run, scope, 1)).toEqual({ old_value: null, new_value: 1 })
      const types = (await events.take(2)).map(({ event_type }) => event_type)
      expect(types).toEqual(['state:created', 'state:updated'])
    })

    test('4. delete returns the bare value, and fires for a missing key too', async () => {
      const [run, scope] = [await open(), freshScope()]
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
      const [run, scope] = [await open(), freshScope()]
      expect(await run.call('state::list', { scope })).toEqual([])
      for (const key of ['k2', 'k1', 'k3']) await run.call('state::set', { scope, key, value: key })
      await run.call('state::set', { scope, key: 'k1', value: 'k1' })
      expect(inOrder(await run.call('state::list', { scope }))).toEqual(inOrder(['k2', 'k1', 'k3']))
      await run.call('state::delete', { scope, key: 'k2' })
      await run.call('state::set', { scope, key: 'k2', value: 'k2' })
      expect(inOrder(await run.call('state::list', { scope }))).toEqual(inOrder(['k1', 'k3', 'k2']))
    })

    test('6. list_groups names the scopes that have a key, sorted', async () => {
      const [run, a, b] = [await open(), `a-${freshScope()}`, `b-${freshScope()}`]
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
      const [run, scope] = [await open(), freshScope()]
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
      const [run, scope] = [await open(), freshScope()]
      const ref = { channel_id: 'c', access_key: 'a', direction: 'read', note: 'mine' }
      expect(await set(run, scope, { ref })).toMatchObject({ new_value: { ref } })
      await update(run, scope, { type: 'append', path: ['refs'], value: ref })
      expect(await run.call('state::list', { scope })).toEqual([{ ref, refs: [ref] }])
    })

    test('8. a value above max_value_bytes is refused, an update is not measured', async () => {
      const [run, scope] = [await open(), freshScope()]
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
}
