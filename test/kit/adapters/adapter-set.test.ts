// The schema of `adapter` blocks: one closed branch per adapter, and errors about the branch that was meant (spec 02 §7.1, 04 A.3.1).
import { describe, expect, test } from 'vitest'
import { validateAgainstSchema } from '../../../base/values/schema-validation.ts'
import { AdapterSet } from '../../../kit/adapters/adapter-set.ts'

const adapters = new AdapterSet<string>(
  {
    name: 'kv',
    aliases: ['local'],
    description: '',
    config: { file_path: { type: 'string' } },
    load: async () => 'kv loaded',
  },
  {
    name: 'redis',
    description: '',
    config: { redis_url: { type: 'string' } },
    load: () => expect.unreachable('loaded without need'),
  },
)

const SCHEMA = { type: 'object', properties: { adapter: adapters.schema('Where it is kept.') } }

function messages(adapter: unknown): string[] {
  const outcome = validateAgainstSchema(SCHEMA, { adapter })
  return 'value' in outcome ? [] : outcome.problems.map(({ pointer, message }) => `${pointer} ${message}`)
}

test.each([[{ name: 'kv' }], [{ name: 'local' }], [{ name: 'redis', config: null }], [null]])(
  '%j is fine',
  (adapter) => {
    expect(messages(adapter)).toEqual([])
  },
)

test.each([
  [{ name: 'postgres' }, "/adapter Adapter factory 'postgres' not found. Available: [kv, redis]"],
  [{ name: 5 }, `/adapter 'name' is 5. Available: [kv, redis]`],
  [{}, "/adapter missing 'name'"],
  [
    { name: 'kv', config: { redis_url: '' } },
    "/adapter/config/redis_url unknown key 'redis_url'. Known keys: file_path.",
  ],
  [{ name: 'redis', size: 1 }, "/adapter/size unknown key 'size'. Known keys: name, config."],
  ['kv', '/adapter must be object or null, got "kv"'],
])('%j is one error, about what was written', (adapter, message) => {
  expect(messages(adapter)).toEqual([message])
})

test('only the adapter that is named is loaded; of an unknown one the error names those that there are', async () => {
  expect(await adapters.load({ name: 'kv' })).toBe('kv loaded')
  await expect(adapters.load({ name: 'nosql' })).rejects.toThrow(
    "Adapter factory 'nosql' not found. Available: [kv, redis]",
  )
  await expect(adapters.load({ name: 'constructor' })).rejects.toThrow("'constructor' not found")
})

test('the first is loaded when none is named, and an alias means its adapter', async () => {
  expect(adapters.defaultName).toBe('kv')
  expect(await adapters.load(undefined)).toBe('kv loaded')
  expect(await adapters.load({ name: 'local' })).toBe('kv loaded')
  expect(adapters.chosen({ name: 'local', config: { file_path: 'a' } })).toEqual({
    name: 'kv',
    config: { file_path: 'a' },
  })
  expect(adapters.chosen(null)).toEqual({ name: 'kv', config: {} })
})

describe('the same adapter with the same settings', () => {
  test.each([
    [undefined, { name: 'kv' }, true],
    [null, { name: 'kv', config: {} }, true],
    [{ name: 'kv', config: null }, { name: 'kv' }, true],
    [{ name: 'local' }, undefined, true],
    [{ name: 'redis' }, undefined, false],
    [{ name: 'kv', config: { file_path: 'a' } }, { name: 'kv', config: { file_path: 'b' } }, false],
  ])('%j and %j: %j', (one, other, same) => {
    expect(adapters.isSame(one, other)).toBe(same)
  })
})
