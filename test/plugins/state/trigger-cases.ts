// Checks 23–26 of spec 02: the trigger type `state` over an abstract connection.
import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { Collector, within } from '../../support/deadline.ts'
import type { TestHandler } from '../../support/worker-run.ts'
import { barrier, collect, freshScope, set, update, type StateEvent, type StateRun } from './state-run.ts'

export function triggerCases(name: string, open: () => Promise<StateRun>): void {
  describe(`${name}: triggers`, () => {
    test('23. scope and key filter, and the event has all six members', async () => {
      const [run, scope, other] = [await open(), freshScope(), freshScope()]
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
      const [run, scope] = [await open(), freshScope()]
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
      const [run, scope] = [await open(), freshScope()]
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
      const [run, scope] = [await open(), freshScope()]
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
      const [run, scope] = [await open(), freshScope()]
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
      const [run, scope] = [await open(), freshScope()]
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

    test('25. behind a condition, the handlers of one key start in the order of the writes, and other keys go on', async () => {
      const [run, scope] = [await open(), freshScope()]
      const release = Promise.withResolvers<void>()
      const condition_function_id = `test::condition-${scope}`
      await run.provide(condition_function_id, async ({ key, new_value }: StateEvent) => {
        if (key === 'k' && new_value === 0) await release.promise
        return new_value !== 2
      })
      const { events } = await collect(run, { scope, condition_function_id })
      const writes = Array.from({ length: 5 }, (_, value) => set(run, scope, value))
      await Promise.all([...writes, run.call('state::set', { scope, key: 'other', value: 'free' })])
      expect((await events.take(1)).map(({ new_value }) => new_value)).toEqual(['free'])
      await barrier(run)
      expect(events.items).toHaveLength(1)
      release.resolve()
      expect((await events.take(5)).map(({ new_value }) => new_value)).toEqual(['free', 0, 1, 3, 4])
    })

    test('26. triggers_enabled is applied to the next write', async () => {
      const [run, scope] = [await open(), freshScope()]
      const { events } = await collect(run, { scope })
      await run.configure({ triggers_enabled: false })
      await set(run, scope, 'silent')
      await run.configure({ triggers_enabled: true })
      await set(run, scope, 'heard')
      expect(await events.take(1)).toMatchObject([{ old_value: 'silent', new_value: 'heard' }])
    })
  })
}
