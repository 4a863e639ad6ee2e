// The schema of `adapter` blocks: one closed branch per adapter, and errors about the branch that was meant (spec 02 §7.1, 04 A.3.1).
import { describe, expect, test } from 'vitest'
import { validateAgainstSchema } from '../../../base/values/schema-validation.ts'
import { adapterSchema, isSameAdapter, loadAdapter } from '../../../kit/adapters/adapter-set.ts'

const SCHEMA = {
  type: 'object',
  properties: {
    adapter: adapterSchema(
      [
        { name: 'kv', aliases: ['local'], description: '', config: { file_path: { type: 'string' } } },
        { name: 'redis', description: '', config: { redis_url: { type: 'string' } } },
      ],
      'Where it is kept.',
    ),
  },
}

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
  const factories = {
    kv: async () => 'kv loaded',
    redis: (): Promise<string> => expect.unreachable('loaded without need'),
  }
  expect(await loadAdapter(factories, { name: 'kv' })).toBe('kv loaded')
  await expect(loadAdapter(factories, { name: 'nosql' })).rejects.toThrow(
    "Adapter factory 'nosql' not found. Available: [kv, redis]",
  )
  await expect(loadAdapter(factories, { name: 'constructor' })).rejects.toThrow("'constructor' not found")
})

describe('isSameAdapter', () => {
  test.each([
    [undefined, { name: 'kv' }, true],
    [null, { name: 'kv', config: {} }, true],
    [{ name: 'kv', config: null }, { name: 'kv' }, true],
    [{ name: 'redis' }, undefined, false],
    [{ name: 'kv', config: { file_path: 'a' } }, { name: 'kv', config: { file_path: 'b' } }, false],
  ])('%j and %j: %j', (one, other, same) => {
    expect(isSameAdapter(one, other, 'kv')).toBe(same)
  })
})
