// The trigger type configuration (spec 04 A.9.5, check 14), and entries that expire (A.9.6, check 15).
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { within } from '../../support/deadline.ts'
import { runConfiguration } from './run-plugin.ts'

const ONLY_UPDATES = { configuration_id: 'demo', event_types: ['configuration:updated'] }

test('Each change fires once, with values expanded', async () => {
  const run = await runConfiguration()
  const events = await run.collect()
  const more = { name: 'Demo', description: 'd', schema: { type: 'object' }, metadata: { a: 1 } }
  await run.register('demo', { ...more, initial_value: { port: '${DP:7}' } })
  await run.set('demo', { port: '${DP:8}' })
  await run.register('demo', more)
  await run.call('configuration::delete', { id: 'demo' })
  const entry = { type: 'configuration', id: 'demo', ...more }
  expect(await events.take(4)).toEqual([
    { ...entry, event_type: 'configuration:registered', old_value: null, new_value: { port: 7 } },
    { ...entry, event_type: 'configuration:updated', old_value: { port: 7 }, new_value: { port: 8 } },
    { ...entry, event_type: 'configuration:updated', old_value: { port: 8 }, new_value: { port: 8 } },
    { ...entry, event_type: 'configuration:deleted', old_value: { port: 8 }, new_value: null },
  ])
})

test('Only the entry and the events that a binding names', async () => {
  const run = await runConfiguration()
  const all = await run.collect()
  const events = await run.collect(ONLY_UPDATES)
  await run.register('demo', { initial_value: 1 })
  await run.register('other', { initial_value: 1 })
  await run.set('other', 2)
  await run.set('demo', 2)
  await run.set('other', 3)
  await all.take(5)
  expect(events.items.map(({ id, new_value }) => [id, new_value])).toEqual([['demo', 2]])
})

test('A condition that says exactly false skips, one that fails skips, anything else runs', async () => {
  const run = await runConfiguration()
  run.provide('test::decide', ({ new_value }) => {
    if (new_value === 'fail') throw new Error('no decision')
    return new_value === 'skip' ? false : undefined
  })
  await run.register('demo', { initial_value: 'start' })
  const events = await run.collect({ condition_function_id: 'test::decide' })
  for (const value of ['skip', 'fail', 'run']) await run.set('demo', value)
  expect((await events.take(1))[0]).toMatchObject({ new_value: 'run' })
})

test('Metadata of the binding comes along; a handler sees changes one at a time and in order', async () => {
  const run = await runConfiguration()
  await run.register('demo', { initial_value: 0 })
  const first = Promise.withResolvers<void>()
  const seen: unknown[] = []
  const done = Promise.withResolvers<void>()
  run.provide('test::slow', async ({ new_value }, metadata) => {
    seen.push([new_value, metadata])
    if (new_value === 1) await first.promise
    if (new_value === 3) done.resolve()
  })
  await run.bind({}, 'test::slow', { metadata: { who: 'me' } })
  for (const value of [1, 2, 3]) await run.set('demo', value)
  expect(seen).toEqual([[1, { who: 'me' }]])
  first.resolve()
  await within(2_000, 'the third event', done.promise)
  expect(seen).toEqual([1, 2, 3].map((value) => [value, { who: 'me' }]))
})

test('A variable that is not set stays a placeholder in an event', async () => {
  const run = await runConfiguration()
  const events = await run.collect()
  await run.register('demo', { initial_value: '${NOPE_C}' })
  expect((await events.take(1))[0]).toMatchObject({ new_value: '${NOPE_C}' })
})

test.each([
  [{ event_types: ['configuration:changed'] }, '`event_types` has "configuration:changed"; known are'],
  [{ event_types: 'configuration:updated' }, '`event_types` must be an array'],
  [{ configuration_id: 5 }, '`configuration_id` must be a string'],
  ['text', 'the config must be an object'],
])('A binding with %j is refused', async (config, message) => {
  const run = await runConfiguration()
  await expect(run.bind(config, 'test::none')).rejects.toMatchObject({
    code: 'trigger_registration_failed',
    message: expect.stringContaining(message),
  })
})

test('An entry goes some time after the last trigger bound to it, and its file too', async () => {
  const run = await runConfiguration({ ttl_seconds: 1 })
  await run.register('demo', { initial_value: 1 })
  const events = await run.collect()
  const one = await run.bind({ configuration_id: 'demo' }, 'test::none')
  const other = await run.bind({ configuration_id: 'demo' }, 'test::none')
  run.unbind(one)
  run.unbind(other)
  const [event] = await events.take(1)
  expect(event).toMatchObject({ event_type: 'configuration:deleted', id: 'demo', old_value: 1, new_value: null })
  await expect(run.get('demo')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  expect(existsSync(join(run.folder, 'config/demo.yaml'))).toBe(false)
})

test('A new trigger stops the clock; triggers for all entries do not count; without ttl_seconds nothing goes', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const run = await runConfiguration({ ttl_seconds: 10 })
  await run.register('demo', { initial_value: 1 })
  await run.register('kept', { initial_value: 1 })
  for (const id of ['demo', 'kept']) await run.bind({ configuration_id: id }, 'test::none', { id })
  await run.bind({}, 'test::none')
  for (const id of ['demo', 'kept']) run.unbind(id)
  await run.get('demo')
  vi.advanceTimersByTime(9_999)
  await run.bind({ configuration_id: 'kept' }, 'test::none', { id: 'again' })
  vi.advanceTimersByTime(1)
  await vi.waitFor(() => expect(run.get('demo')).rejects.toMatchObject({ code: 'NOT_FOUND' }), 10_000)
  expect(await run.reconfigure({ ttl_seconds: 0 })).toBe(true)
  run.unbind('again')
  await run.get('kept')
  vi.advanceTimersByTime(1_000_000)
  expect(await run.get('kept')).toBe(1)
  vi.useRealTimers()
})

test('The entry of a plugin does not expire', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const run = await runConfiguration({ ttl_seconds: 1 })
  await run.plugin('iii-state')
  run.unbind(await run.bind({ configuration_id: 'iii-state' }, 'test::none'))
  await run.get('iii-state')
  vi.advanceTimersByTime(5_000)
  expect(await run.get('iii-state')).toEqual({ triggers_enabled: true })
  vi.useRealTimers()
})
