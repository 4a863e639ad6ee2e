// The functions configuration::* on entries of workers (spec 04 A.9.2, A.9.4, check 13).
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, test, vi } from 'vitest'
import { runConfiguration, type RunningConfiguration } from './run-plugin.ts'

const DEMO = { type: 'object', required: ['port'], properties: { port: { type: 'integer' } } }
let run: RunningConfiguration

beforeEach(async () => {
  run = await runConfiguration()
  return () => vi.unstubAllEnvs()
})

test('A registered entry is answered with its value, expanded or raw', async () => {
  const registered = await run.register('demo', { schema: DEMO, initial_value: { port: '${DP:7}' } })
  expect(registered).toEqual({
    id: 'demo',
    name: 'demo',
    description: '',
    schema: DEMO,
    value: { port: '${DP:7}' },
  })
  expect(await run.call('configuration::get', { id: 'demo' })).toEqual({ id: 'demo', value: { port: 7 } })
  expect(await run.get('demo', { raw: true })).toEqual({ port: '${DP:7}' })
  vi.stubEnv('DP', '8')
  expect(await run.get('demo')).toEqual({ port: 8 })
})

test('set answers old and new value, both raw', async () => {
  await run.register('demo', { schema: DEMO })
  expect(await run.get('demo')).toBeNull()
  expect(await run.set('demo', { port: '${DP:7}' })).toEqual({ old_value: null, new_value: { port: '${DP:7}' } })
  expect(await run.set('demo', { port: 9 })).toEqual({ old_value: { port: '${DP:7}' }, new_value: { port: 9 } })
})

test('What does not fit the schema is refused with place and value, and changes nothing', async () => {
  await run.register('demo', { schema: DEMO, initial_value: { port: 1 } })
  await expect(run.set('demo', { port: 'x' })).rejects.toMatchObject({
    code: 'SCHEMA_INVALID',
    message: 'schema validation failed: /port must be integer, got "x"',
  })
  await expect(run.register('demo', { schema: DEMO, initial_value: {} })).rejects.toMatchObject({
    code: 'SCHEMA_INVALID',
    message: "schema validation failed: value must have required property 'port'",
  })
  expect(await run.get('demo')).toEqual({ port: 1 })
})

test('All that does not fit is named at once', async () => {
  const schema = { properties: { a: { type: 'string' }, b: { type: 'boolean' } }, additionalProperties: false }
  await run.register('demo', { schema })
  await expect(run.set('demo', { a: 1, b: 2, c: 3 })).rejects.toThrow(
    "value must not have the member 'c'; known are a, b; /a must be string, got 1; /b must be boolean, got 2",
  )
})

test('What a block of variants may be named is said, with the name that was given', async () => {
  const branch = (...names: string[]) => ({ properties: { name: { enum: names } } })
  const oneOf = [branch('local', 'memory'), branch('redis')]
  const adapter = { type: 'object', discriminator: { propertyName: 'name' }, required: ['name'], oneOf }
  await run.register('demo', { schema: { properties: { adapter } } })
  await expect(run.set('demo', { adapter: { name: 'redi' } })).rejects.toThrow(
    'schema validation failed: /adapter/name must be one of ["local","redis"], got "redi"',
  )
  await expect(run.set('demo', { adapter: {} })).rejects.toThrow(
    '/adapter/name must be one of ["local","redis"], got nothing',
  )
})

test('Of many members that are known some are named', async () => {
  const properties = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`m${index}`, {}]))
  await run.register('demo', { schema: { properties, additionalProperties: false } })
  await expect(run.set('demo', { x: 1 })).rejects.toThrow(/'x'; known are m0, .*, m29, …$/)
})

test('The settings of this worker itself are changed in the file, and whoever tries it otherwise is told so', async () => {
  const message = expect.stringContaining("edit its block in the engine's configuration file")
  await expect(run.set('configuration', {})).rejects.toMatchObject({ code: 'NOT_REGISTERED', message })
  await expect(run.register('configuration', {})).rejects.toMatchObject({ code: 'FORBIDDEN', message })
})

test('A value that may be a secret is not repeated', async () => {
  await run.register('demo', { schema: { properties: { password: { type: 'integer' } } } })
  await expect(run.set('demo', { password: 'hunter2' })).rejects.toThrow(
    '/password must be integer, got a string that is not shown',
  )
})

test.each(['Bad Id', '', 'x'.repeat(65), '../up', 'Ü'])('The id %j is refused', async (id) => {
  const refusal = { code: 'INVALID_ID', message: `invalid configuration id '${id}': must match [a-z0-9_-]{1,64}` }
  await expect(run.register(id)).rejects.toMatchObject(refusal)
  await expect(run.set(id, 1)).rejects.toMatchObject(refusal)
})

test('An id that nobody registered', async () => {
  await expect(run.set('nobody', 1)).rejects.toMatchObject({
    code: 'NOT_REGISTERED',
    message: "configuration 'nobody' is not registered; call configuration::register first",
  })
  for (const functionId of ['configuration::get', 'configuration::schema']) {
    await expect(run.call(functionId, { id: 'nobody' })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: "configuration 'nobody' not found",
    })
  }
  expect(await run.call('configuration::delete', { id: 'nobody' })).toEqual({ deleted: false })
})

test('A variable that is not set is let through by set and fails get, with all names', async () => {
  await run.register('demo', { schema: DEMO })
  await run.set('demo', { port: '${NOPE_A}', more: ['${NOPE_B}', '${NOPE_A}'] })
  await expect(run.get('demo')).rejects.toMatchObject({
    code: 'EXPAND_FAILED',
    message: "configuration 'demo' references unset environment variable(s) with no default: NOPE_A, NOPE_B",
  })
  expect(await run.get('demo', { raw: true })).toMatchObject({ port: '${NOPE_A}' })
  vi.stubEnv('NOPE_A', 'text')
  vi.stubEnv('NOPE_B', '')
  await expect(run.get('demo')).rejects.toMatchObject({ code: 'SCHEMA_INVALID' })
  vi.stubEnv('NOPE_A', '5')
  expect(await run.get('demo')).toEqual({ port: 5, more: ['', 5] })
})

test('Registering again keeps the value unless an initial one is given, and replaces everything else', async () => {
  await run.register('demo', { name: 'One', description: 'first', initial_value: { a: 1 }, metadata: { team: 'x' } })
  const again = await run.register('demo', { name: 'Two', schema: DEMO })
  expect(again).toEqual({ id: 'demo', name: 'Two', description: '', schema: DEMO, value: { a: 1 } })
  await expect(run.get('demo')).rejects.toMatchObject({ code: 'SCHEMA_INVALID' })
  expect(await run.register('demo', { schema: DEMO, initial_value: { port: 2 } })).toMatchObject({ value: { port: 2 } })
})

test('A schema that is none is refused', async () => {
  await expect(run.register('demo', { schema: { type: 'nonsense' } })).rejects.toMatchObject({
    code: 'SCHEMA_INVALID',
    message: expect.stringContaining('the schema itself is invalid'),
  })
  await expect(run.register('demo', { schema: { $ref: 'http://127.0.0.1/x' } })).rejects.toMatchObject({
    code: 'SCHEMA_INVALID',
  })
  await expect(run.register('demo', { schema: 5 })).rejects.toMatchObject({ code: 'deserialization_error' })
})

test.each([
  'http://json-schema.org/draft-07/schema#',
  'http://json-schema.org/draft-04/schema#',
  'https://json-schema.org/draft/2019-09/schema',
  'https://json-schema.org/draft/2020-12/schema',
])('The dialect %s is understood', async ($schema) => {
  await run.register('demo', { schema: { $schema, ...DEMO } })
  await expect(run.set('demo', {})).rejects.toMatchObject({ code: 'SCHEMA_INVALID' })
  await run.set('demo', { port: 1 })
})

test('Two entries may have schemas with the same $id, and true and false are schemas', async () => {
  const schema = { $id: 'same', type: 'string', format: 'unheard-of' }
  await run.register('one', { schema })
  await run.register('two', { schema: { ...schema, type: 'number' } })
  await run.set('two', 5)
  await run.register('all', { schema: true, initial_value: [1] })
  await run.register('none', { schema: false })
  await expect(run.set('none', 1)).rejects.toMatchObject({ code: 'SCHEMA_INVALID' })
})

test('list shows all entries by id, without values', async () => {
  await run.register('b', { metadata: { hidden: false }, initial_value: 'secret' })
  await run.register('a', { name: 'A', description: 'the first' })
  const list = await run.call('configuration::list')
  expect(list).toEqual({
    configurations: [
      { id: 'a', name: 'A', description: 'the first', schema: {} },
      { id: 'b', name: 'b', description: '', schema: {}, metadata: { hidden: false } },
    ],
  })
  expect(await run.call('configuration::schema', { id: 'b' })).toEqual(list.configurations[1])
})

test('Each entry is a file that only the owner can read, and it outlives the plugin', async () => {
  await run.register('demo', { name: 'Demo', description: 'd', metadata: { a: 1 }, initial_value: { port: '${DP:7}' } })
  expect(readFileSync(join(run.folder, 'config/demo.yaml'), 'utf8')).toBe(
    'id: demo\nname: Demo\ndescription: d\nvalue:\n  port: ${DP:7}\nmetadata:\n  a: 1\n',
  )
  await run.stop()
  const next = await runConfiguration({}, run.folder)
  expect(await next.get('demo')).toEqual({ port: 7 })
  expect((await next.call('configuration::list')).configurations).toEqual([
    { id: 'demo', name: 'Demo', description: 'd', schema: {}, metadata: { a: 1 } },
  ])
})

test('A schema outlives a reload of the plugin, but not the process', async () => {
  await run.register('demo', { schema: DEMO, initial_value: { port: 1 } })
  await run.stop()
  const reloaded = await runConfiguration({}, run.folder)
  await expect(reloaded.set('demo', { port: 'x' })).rejects.toMatchObject({ code: 'SCHEMA_INVALID' })
  await reloaded.set('demo', { port: 2 })
  await reloaded.stop()
  // As left behind by a process that has ended.
  const kept = join(run.folder, 'data/demo.schema.json')
  const { process: writer, schema } = JSON.parse(readFileSync(kept, 'utf8'))
  writeFileSync(kept, JSON.stringify({ process: { ...writer, startedAt: writer.startedAt - 60_000 }, schema }))
  const restarted = await runConfiguration({}, run.folder)
  expect((await restarted.call('configuration::schema', { id: 'demo' })).schema).toBeNull()
  await expect(restarted.set('demo', { port: 3 })).rejects.toMatchObject({
    code: 'SCHEMA_UNAVAILABLE',
    message: expect.stringContaining('its owner has not registered since the engine started'),
  })
  expect(await restarted.get('demo')).toEqual({ port: 2 })
  await restarted.register('demo', { schema: DEMO })
  await restarted.set('demo', { port: 3 })
  await restarted.call('configuration::delete', { id: 'demo' })
  expect(existsSync(kept)).toBe(false)
})

test('A schema outlives a reload also where the clock of the system is set meanwhile', async () => {
  await run.register('demo', { schema: DEMO, initial_value: { port: 1 } })
  await run.stop()
  const now = Date.now.bind(Date)
  vi.spyOn(Date, 'now').mockImplementation(() => now() - 3_600_000)
  const reloaded = await runConfiguration({}, run.folder)
  await reloaded.set('demo', { port: 2 })
  expect(await reloaded.get('demo')).toEqual({ port: 2 })
})

test('delete removes the entry and its file', async () => {
  await run.register('demo', { initial_value: 1 })
  expect(await run.call('configuration::delete', { id: 'demo' })).toEqual({ deleted: true })
  expect(readdirSync(join(run.folder, 'config'))).toEqual([])
  await expect(run.get('demo')).rejects.toMatchObject({ code: 'NOT_FOUND' })
})

test('An entry that cannot be stored is not changed', async () => {
  await run.register('demo', { initial_value: 1 })
  await run.stop()
  const blocked = await runConfiguration({}, run.folder)
  await blocked.register('demo')
  // A file where the folder was: writing into it fails for every user.
  const { renameSync } = await import('node:fs')
  renameSync(join(run.folder, 'config'), join(run.folder, 'away'))
  writeFileSync(join(run.folder, 'config'), '')
  const refusal = {
    code: 'ADAPTER_ERROR',
    message: expect.stringContaining("configuration 'demo' could not be stored"),
  }
  await expect(blocked.set('demo', 2)).rejects.toMatchObject(refusal)
  await expect(blocked.register('demo', { initial_value: 3 })).rejects.toMatchObject(refusal)
  await expect(blocked.register('new')).rejects.toMatchObject({ code: 'ADAPTER_ERROR' })
  expect(await blocked.get('demo')).toBe(1)
  await expect(blocked.get('new')).rejects.toMatchObject({ code: 'NOT_FOUND' })
})

test('Values have a size and a depth that are enough', async () => {
  await run.register('demo')
  await expect(run.set('demo', 'x'.repeat(1024 * 1024))).rejects.toMatchObject({
    code: 'VALUE_TOO_LARGE',
    message: 'The value has 1048578 bytes, a configuration may have 1048576.',
  })
  await run.set('demo', 'x'.repeat(1024 * 1024 - 2))
  const nested = (depth: number): unknown => JSON.parse('['.repeat(depth) + ']'.repeat(depth))
  await run.set('demo', nested(64))
  await expect(run.set('demo', nested(65))).rejects.toThrow('the value is nested 65 levels deep, at most 64')
})

test('Sets of one id run one after the other, and each sees what the one before it wrote', async () => {
  await run.register('demo', { initial_value: 0 })
  const answers = await Promise.all([1, 2, 3, 4].map((value) => run.set('demo', value)))
  expect(answers.map(({ old_value }) => old_value)).toEqual([0, 1, 2, 3])
})

test.each([
  ['configuration::register', {}, 'member `id` is missing'],
  ['configuration::register', { id: 'demo' }, 'member `schema` is missing'],
  ['configuration::register', { id: 'demo', schema: {}, name: 5 }, 'member `name` must be a string, got number 5'],
  ['configuration::set', { id: 'demo' }, 'member `value` is missing'],
  ['configuration::get', { id: 'demo', raw: 'yes' }, 'member `raw` must be a boolean'],
  ['configuration::get', undefined, 'the input must be an object'],
])('%s of %j says what is wrong', async (functionId, input, message) => {
  await expect(run.call(functionId, input)).rejects.toMatchObject({
    code: 'deserialization_error',
    message: expect.stringContaining(message),
  })
})
