// `engine::plugins::*` as functions of their input, and what is told of changes.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { expect, onTestFinished, test } from 'vitest'
import type { JsonSchema } from '../../../base/values/json-schema.ts'
import { validateAgainstSchema } from '../../../base/values/schema-validation.ts'
import { pluginFunctions } from '../../../core/host/plugin-functions.ts'
import { greeter, testHost, type TestHost } from './test-host.ts'

const call = (host: TestHost, id: string, input: unknown): Promise<unknown> => {
  const found = pluginFunctions(host.host).get(`engine::plugins::${id}`)
  if (found === undefined) throw new Error(`no function ${id}`)
  return found.handler(input)
}

test('list is sorted by name and can be narrowed to a state', async () => {
  const host = testHost()
  host.write('plugins/b.ts', greeter('b', 'b', `description: 'Second.', version: '1.2.3',`))
  host.write('plugins/a.ts', greeter('a', 'a'))
  await host.start({ name: 'b' })
  await host.call('b::greet')
  const all = (await call(host, 'list', null)) as { plugins: { event_loop_utilization: number }[] }
  expect(all).toMatchObject({
    plugins: [
      { name: 'a', state: 'available' },
      { name: 'b', state: 'running' },
    ],
  })
  expect(all.plugins[1]?.event_loop_utilization).toBeGreaterThan(0)
  const { plugins } = (await call(host, 'list', { state: 'running' })) as { plugins: Record<string, unknown>[] }
  expect(plugins).toHaveLength(1)
  expect(plugins[0]).toMatchObject({
    name: 'b',
    description: 'Second.',
    version: '1.2.3',
    origin: 'plugins/b.ts',
    isolation: 'thread',
    replicas: 1,
    functions: 1,
    in_flight: 0,
    calls: 1,
    errors: 0,
    restarts: 0,
    latency_ms: { p50: expect.any(Number), p99: expect.any(Number) },
    started_at: expect.stringMatching(/^\d{4}-.*Z$/),
  })
  expect(plugins[0]?.['memory_bytes']).toBeGreaterThan(1_000_000)
})

test('listings of workers show what a plugin says it is for', async () => {
  const host = testHost()
  host.write('plugins/a.ts', greeter('a', 'a', `description: 'First.',`))
  await host.start({ name: 'a' })
  expect(await host.call('engine::workers::info', { name: 'a' })).toMatchObject({
    worker: { name: 'a', description: 'First.' },
  })
})

test('answers are what their schemas say, and no member is missing in those', async () => {
  const host = testHost()
  host.write('plugins/a.ts', greeter('a', 'a', `description: 'First.', version: '1.2.3', repeatable: true,`))
  host.write('plugins/broken.ts', 'no TypeScript')
  const instance = (name: string) => ({ name: 'a', instanceId: name })
  await host.start(instance('a'), { ...instance('a#1'), enabled: false }, { name: 'broken' })
  const answers = new Map<string, unknown>([
    ['list', await call(host, 'list', {})],
    ['info', await call(host, 'info', { name: 'a' })],
    ['reload', await call(host, 'reload', { name: 'a' })],
    ['stop', await call(host, 'stop', { name: 'a' })],
    ['start', await call(host, 'start', { name: 'a' })],
  ])
  for (const [id, answer] of answers) {
    const schema = pluginFunctions(host.host).get(`engine::plugins::${id}`)?.response_format
    expect(validateAgainstSchema(closed(schema), answer), id).toEqual({ value: answer })
  }
})

/** The schema with no members but those that it names. */
function closed(schema: unknown): JsonSchema {
  return JSON.parse(JSON.stringify(schema), (_key, value: unknown) => {
    const isObject = typeof value === 'object' && value !== null && 'properties' in value
    return isObject ? { ...value, additionalProperties: false } : value
  }) as JsonSchema
}

test('info masks secrets', async () => {
  const host = testHost()
  host.write(
    'plugins/a.ts',
    greeter(
      'a',
      'a',
      `config: { type: 'object', properties: { api_key: { type: 'string' }, size: { type: 'number' } } },`,
    ),
  )
  await host.start({ name: 'a', config: { api_key: 'abc', size: 1 } })
  expect(await call(host, 'info', { name: 'a' })).toMatchObject({
    config: { api_key: '********', size: 1 },
    config_schema: { type: 'object' },
    functions: ['a::greet'],
    trigger_types: [],
    history: [{ from: 'starting', to: 'running', cause: 'boot' }],
  })
})

test('reload, stop and start answer as the specification says', async () => {
  const host = testHost()
  host.write('plugins/a.ts', greeter('a', 'a'))
  await host.start({ name: 'a' })
  expect(await call(host, 'reload', { name: 'a' })).toEqual({ name: 'a', generation: 2, ms: expect.any(Number) })
  expect(await call(host, 'stop', { name: 'a', force: true })).toEqual({ name: 'a', state: 'stopped' })
  expect(await call(host, 'start', { name: 'a' })).toEqual({ name: 'a', state: 'running' })
})

test.each([
  ['reload', {}, 'deserialization_error'],
  ['reload', { name: 7 }, 'deserialization_error'],
  ['stop', { name: 'a', force: 'yes' }, 'deserialization_error'],
  ['list', { state: 'asleep' }, 'deserialization_error'],
  ['list', [1], 'deserialization_error'],
  ['info', { name: 'ghost' }, 'PLUGIN_NOT_FOUND'],
  ['start', { name: 'a' }, 'PLUGIN_START_FAILED'],
])('%s of %j is %s', async (id, input, code) => {
  const host = testHost()
  host.write('plugins/a.ts', greeter('a', 'a'))
  await host.start()
  await expect(call(host, id, input)).rejects.toMatchObject({ code })
})

test('every change is told to listeners and on the diagnostics channel', async () => {
  const heard: unknown[] = []
  const listener = (message: unknown): void => void heard.push(message)
  subscribe('iii:plugin', listener)
  onTestFinished(() => void unsubscribe('iii:plugin', listener))
  const host = testHost()
  host.write('plugins/a.ts', greeter('a', 'a'))
  await host.start({ name: 'a' })
  await host.host.reload('a')
  await host.host.stopPlugin('a')
  expect(await host.event('stopped')).toEqual({ event: 'stopped', name: 'a', generation: 2 })
  expect(heard).toMatchObject([
    { event: 'started', name: 'a', generation: 1, ms: expect.any(Number) },
    { event: 'reloaded', name: 'a', generation: 2 },
    { event: 'stopped', name: 'a', generation: 2 },
  ])
})
