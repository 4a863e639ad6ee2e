// What every store of configuration entries must do, as test cases over its interface. Each adapter's test file runs them on itself.
import { describe, expect, test } from 'vitest'
import type { JsonValue } from '../../../base/values/json-value.ts'
import type { ConfigurationStore, StoredEntry } from '../../../plugins/configuration/adapters/store.ts'

export interface OpenedStore {
  readonly store: ConfigurationStore
  /** Another one on the same place, as after a restart. */
  again(): Promise<ConfigurationStore>
}

export const storedEntry = (id: string, value: JsonValue, more: Partial<StoredEntry> = {}): StoredEntry => ({
  id,
  name: `Name of ${id}`,
  description: '',
  value,
  ...more,
})

export const ignoring = { changed() {}, removed() {} }

/** `open` gives an empty place and sees to its removal. */
export function configurationStoreCases(name: string, open: () => Promise<OpenedStore>): void {
  const VALUES: JsonValue[] = [
    null,
    '',
    'yes',
    '1.0',
    '2026-11-20',
    ' spaced ',
    'two\nlines\n',
    '${P:1}',
    '#',
    'ü𝒳',
    '\ud800',
    -0.5e-7,
    12345678901234,
    [],
    {},
    [[], { a: [null, true] }],
    JSON.parse('{"__proto__":{"x":1},"constructor":1}') as JsonValue,
    { 'a: b': 1, '- c': 2, '': 3, '? d': 4, 'e #f': 5, '1': 6, null: 7 },
    'x'.repeat(300),
  ]

  describe(`configuration store ${name}`, () => {
    test('what was saved is there after a restart, value for value', async () => {
      const { store, again } = await open()
      await store.load(ignoring)
      const entries = VALUES.map((value, index) => storedEntry(`entry-${index}`, value))
      for (const entry of entries) await store.save(entry, 'entry')
      const loaded = await (await again()).load(ignoring)
      expect(new Map(loaded.map(({ id, value }) => [id, value]))).toEqual(
        new Map(entries.map(({ id, value }) => [id, value])),
      )
    })

    test('a later save replaces an earlier one', async () => {
      const { store, again } = await open()
      await store.load(ignoring)
      await store.save(storedEntry('demo', 1, { metadata: { a: 1 } }), 'entry')
      await store.save(storedEntry('demo', 2, { metadata: { a: 1 } }), 'value')
      expect(await (await again()).load(ignoring)).toMatchObject([
        { id: 'demo', name: 'Name of demo', value: 2, metadata: { a: 1 } },
      ])
    })

    test('delete says whether there was one', async () => {
      const { store, again } = await open()
      await store.load(ignoring)
      await store.save(storedEntry('demo', 1), 'entry')
      expect(await Promise.all([store.delete('demo'), store.delete('demo')])).toEqual([true, false])
      expect(await (await again()).load(ignoring)).toEqual([])
    })
  })
}
