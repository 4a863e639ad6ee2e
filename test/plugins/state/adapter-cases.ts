// What every state adapter must do, as test cases over its interface. Each adapter's test file runs them on itself.
import { describe, expect, test } from 'vitest'
import type { StateStore } from '../../../plugins/state/adapters/store.ts'
import type { UpdateOperation } from '../../../kit/update/update-operations.ts'

export interface AdapterTraits {
  /** False where the order of a scope's values is unspecified (a hash in Redis). */
  readonly ordered: boolean
}

/** `open` gives an empty store and sees to its closing. */
export function stateAdapterCases(name: string, open: () => Promise<StateStore>, { ordered }: AdapterTraits): void {
  const inOrder = (values: string[]) => (ordered ? values : values.sort())
  const ignore = () => {}
  const increment = (by: number): UpdateOperation => ({ type: 'increment', path: ['n'], by })

  describe(`state adapter ${name}`, () => {
    test('set returns the old value, get the current one', async () => {
      const store = await open()
      expect(await store.get('s', 'k')).toBeUndefined()
      expect(await store.set('s', 'k', '{"a":1}', ignore)).toBeUndefined()
      expect(await store.set('s', 'k', 'null', ignore)).toBe('{"a":1}')
      expect(await store.get('s', 'k')).toBe('null')
      expect(await store.get('s', 'other')).toBeUndefined()
      expect(await store.get('other', 'k')).toBeUndefined()
    })

    test('delete returns the value once', async () => {
      const store = await open()
      await store.set('s', 'k', '1', ignore)
      expect(await Promise.all([store.delete('s', 'k', ignore), store.delete('s', 'k', ignore)])).toEqual([
        '1',
        undefined,
      ])
      expect(await store.get('s', 'k')).toBeUndefined()
    })

    test('update writes what the operations make, and reports their errors', async () => {
      const store = await open()
      expect(await store.update('s', 'k', [], ignore)).toEqual({ oldValue: undefined, newValue: '{}', errors: [] })
      const failing: UpdateOperation = { type: 'append', path: ['n'], value: 1 }
      const updated = await store.update('s', 'k', [increment(2), failing], ignore)
      expect(updated).toMatchObject({
        oldValue: '{}',
        newValue: '{"n":2}',
        errors: [{ op_index: 1, code: 'append.type_mismatch' }],
      })
      expect(await store.get('s', 'k')).toBe('{"n":2}')
    })

    test('500 updates at once lose none', async () => {
      const store = await open()
      await Promise.all(Array.from({ length: 500 }, () => store.update('s', 'n', [increment(1)], ignore)))
      expect(await store.get('s', 'n')).toBe('{"n":500}')
    })

    test('list keeps the order in which keys were added', async () => {
      const store = await open()
      expect(await store.list('s')).toEqual([])
      for (const key of ['k2', 'k1', 'k3']) await store.set('s', key, `"${key}"`, ignore)
      await store.set('s', 'k1', '"k1 again"', ignore)
      expect(inOrder(await store.list('s'))).toEqual(inOrder(['"k2"', '"k1 again"', '"k3"']))
      await store.delete('s', 'k2', ignore)
      await store.set('s', 'k2', '"k2 again"', ignore)
      expect(inOrder(await store.list('s'))).toEqual(inOrder(['"k1 again"', '"k3"', '"k2 again"']))
    })

    test('scopes are those with a key', async () => {
      const store = await open()
      expect(await store.scopes()).toEqual([])
      await store.set('b', 'k', '1', ignore)
      await store.set('a', 'k', '1', ignore)
      await store.set('a', 'l', '1', ignore)
      expect((await store.scopes()).sort()).toEqual(['a', 'b'])
      await store.delete('b', 'k', ignore)
      expect(await store.scopes()).toEqual(['a'])
    })

    test('any text is a name', async () => {
      const store = await open()
      const names = [
        '',
        'a/b',
        'ü',
        '..',
        'x'.repeat(300),
        'a:b',
        '__proto__',
        'a\0b',
        '\ud800',
        '\ud801',
        '𝒳',
        "'; --",
      ]
      for (const [index, name] of names.entries()) await store.set(name, name, `${index}`, ignore)
      expect((await store.scopes()).sort()).toEqual([...names].sort())
      for (const [index, name] of names.entries()) {
        expect(await store.get(name, name)).toBe(`${index}`)
        expect(await store.list(name)).toEqual([`${index}`])
      }
    })

    test('a value comes back as the text it was', async () => {
      const store = await open()
      const texts = [
        '""',
        '"\\ud800"',
        '"ü𝒳\\u0000"',
        `{"b":1,"a":[null,true,-0.5e-7,9007199254740993]}`,
        JSON.stringify('x'.repeat(1_000_000)),
      ]
      for (const [index, text] of texts.entries()) await store.set('s', `${index}`, text, ignore)
      for (const [index, text] of texts.entries()) expect(await store.get('s', `${index}`)).toBe(text)
    })

    test('writes are reported in their order, before they are answered', async () => {
      const store = await open()
      const log: string[] = []
      const report = (label: string) => (old: string | undefined, now: string | undefined) =>
        void log.push(`${label} ${old}→${now}`)
      await Promise.all([
        store.set('s', 'k', '{}', report('set')).then(() => log.push('set answered')),
        store.update('s', 'k', [increment(1)], report('update')).then(() => log.push('update answered')),
        store.delete('s', 'k', report('delete')).then(() => log.push('delete answered')),
        store.delete('s', 'k', report('delete again')),
        store.set('s', 'k', '1', report('set again')),
      ])
      expect(log.filter((line) => !line.endsWith('answered'))).toEqual([
        'set undefined→{}',
        'update {}→{"n":1}',
        'delete {"n":1}→undefined',
        'delete again undefined→undefined',
        'set again undefined→1',
      ])
      for (const what of ['set', 'update', 'delete']) {
        expect(log.findIndex((line) => line.startsWith(`${what} `) && !line.endsWith('answered'))).toBeLessThan(
          log.indexOf(`${what} answered`),
        )
      }
    })

    test('an update that cannot be written changes nothing and is not reported', async () => {
      const store = await open()
      await store.set('s', 'k', '{}', ignore)
      const unwritable = 1n as unknown as number
      let reported = false
      const update = store.update('s', 'k', [{ type: 'set', path: ['n'], value: unwritable }], () => (reported = true))
      await expect(update).rejects.toThrow()
      expect([reported, await store.get('s', 'k')]).toEqual([false, '{}'])
    })
  })
}
