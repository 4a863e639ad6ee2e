// What every stream adapter must do, as test cases over its interface. Each adapter's test file runs them on itself.
import { describe, expect, test } from 'vitest'
import type { StreamEvent } from '../../../plugins/stream/event.ts'
import type { UpdateOperation } from '../../../kit/update/update-operations.ts'
import { Collector } from '../../support/deadline.ts'
import { feedCases } from './feed-cases.ts'
import { ignore, item, shown, type OpenStream } from './opened-stream.ts'

export { ignore, item, shown, type OpenStream, type OpenedStream } from './opened-stream.ts'

export interface StreamAdapterTraits {
  /** False where the order of a group's values is unspecified (a hash in Redis). */
  readonly ordered: boolean
  /** False where an old value of null cannot be told from none (the bridge). Default true. */
  readonly tellsNullFromNone?: boolean
  /** False where `streams` is always empty (the bridge). Default true. */
  readonly listsStreams?: boolean
  /** False where events have no position. Default true. */
  readonly history?: boolean
}

export function streamAdapterCases(name: string, open: OpenStream, traits: StreamAdapterTraits): void {
  storageCases(name, open, traits)
  eventCases(name, open)
  if (traits.history ?? true) feedCases(name, open)
}

function storageCases(
  name: string,
  open: OpenStream,
  { ordered, tellsNullFromNone = true, listsStreams = true }: StreamAdapterTraits,
): void {
  const inOrder = (values: string[]) => (ordered ? values : values.sort())

  describe(`stream adapter ${name}: items`, () => {
    test('set returns the old value, get the current one', async () => {
      const { store } = await open()
      expect(await store.get(item('i'))).toBeUndefined()
      expect(await store.set(item('i'), '{"a":1}', ignore)).toBeUndefined()
      expect(await store.set(item('i'), 'null', ignore)).toBe('{"a":1}')
      expect(await store.get(item('i'))).toBe('null')
      expect(await store.set(item('i'), '1', ignore)).toBe(tellsNullFromNone ? 'null' : undefined)
      for (const other of [item('j'), item('i', 'h'), item('i', 'g', 't')]) {
        expect(await store.get(other)).toBeUndefined()
      }
    })

    test('delete returns the value once', async () => {
      const { store } = await open()
      await store.set(item('i'), '1', ignore)
      const both = await Promise.all([store.delete(item('i'), ignore), store.delete(item('i'), ignore)])
      expect(both).toEqual(['1', undefined])
      expect(await store.get(item('i'))).toBeUndefined()
    })

    test('update writes what the operations make, and reports their errors', async () => {
      const { store } = await open()
      expect(await store.update(item('i'), [], ignore)).toEqual({ oldValue: undefined, newValue: '{}', errors: [] })
      const failing: UpdateOperation = { type: 'append', path: ['n'], value: 1 }
      expect(await store.update(item('i'), [increment(2), failing], ignore)).toMatchObject({
        oldValue: '{}',
        newValue: '{"n":2}',
        errors: [{ op_index: 1, code: 'append.type_mismatch' }],
      })
      expect(await store.get(item('i'))).toBe('{"n":2}')
    })

    test('500 updates at once lose none', async () => {
      const { store } = await open()
      await Promise.all(Array.from({ length: 500 }, () => store.update(item('n'), [increment(1)], ignore)))
      expect(await store.get(item('n'))).toBe('{"n":500}')
    })

    test('list keeps the order in which items were added', async () => {
      const { store } = await open()
      expect(await store.list('s', 'g')).toEqual([])
      for (const id of ['k2', 'k1', 'k3']) await store.set(item(id), `"${id}"`, ignore)
      await store.set(item('k1'), '"k1 again"', ignore)
      expect(inOrder(await store.list('s', 'g'))).toEqual(inOrder(['"k2"', '"k1 again"', '"k3"']))
      await store.delete(item('k2'), ignore)
      await store.set(item('k2'), '"k2 again"', ignore)
      expect(inOrder(await store.list('s', 'g'))).toEqual(inOrder(['"k1 again"', '"k3"', '"k2 again"']))
    })

    test('groups are those with an item', async () => {
      const { store } = await open()
      expect(await store.groups('s')).toEqual([])
      await store.set(item('i', 'b'), '1', ignore)
      await store.set(item('i', 'a'), '1', ignore)
      await store.set(item('j', 'a'), '1', ignore)
      await store.set(item('i', 'c', 'ss'), '1', ignore)
      expect((await store.groups('s')).sort()).toEqual(['a', 'b'])
      expect(byName(await store.streams())).toEqual(
        listsStreams
          ? [
              { id: 's', groups: ['a', 'b'] },
              { id: 'ss', groups: ['c'] },
            ]
          : [],
      )
      await store.delete(item('i', 'b'), ignore)
      await store.delete(item('i', 'c', 'ss'), ignore)
      expect(await store.groups('s')).toEqual(['a'])
      expect(await store.groups('ss')).toEqual([])
    })

    test('any text is a name, and no two pairs of stream and group are one', async () => {
      const { store } = await open()
      const names = ['', 'a', 'a:', 'a:b', ':', 'b:c', 'c', 'a/b', 'ü', '..', '*', 'a%3Ab', '[x]?', '__proto__', 'a\0b']
      names.push('\ud800', '\ud801', '𝒳', "'; --", '","', 'x'.repeat(300))
      const all = names.flatMap((stream) => names.map((group) => ({ stream, group })))
      await Promise.all(
        all.map(({ stream, group }, index) => store.set(item(group, group, stream), `${index}`, ignore)),
      )
      const sorted = [...names].sort()
      if (listsStreams) {
        expect(byName(await store.streams())).toEqual(sorted.map((id) => ({ id, groups: sorted })))
      }
      for (const stream of names) expect((await store.groups(stream)).sort()).toEqual(sorted)
      for (const [index, { stream, group }] of all.entries()) {
        expect(await store.list(stream, group)).toEqual([`${index}`])
      }
      for (const [index, id] of names.entries()) await store.set(item(id, 'g', 'items'), `${index}`, ignore)
      for (const [index, id] of names.entries()) expect(await store.get(item(id, 'g', 'items'))).toBe(`${index}`)
    })

    test('a value comes back as the text it was', async () => {
      const { store } = await open()
      const texts = [
        '""',
        '"\\ud800"',
        '"ü𝒳\\u0000"',
        `{"b":1,"a":[null,true,-0.5e-7,9007199254740993]}`,
        JSON.stringify('x'.repeat(1_000_000)),
      ]
      for (const [index, text] of texts.entries()) await store.set(item(`${index}`), text, ignore)
      for (const [index, text] of texts.entries()) expect(await store.get(item(`${index}`))).toBe(text)
    })

    test('an update that cannot be written changes nothing and is not reported', async () => {
      const { store } = await open()
      await store.set(item('i'), '{}', ignore)
      const emitted: StreamEvent[] = []
      const unwritable = { type: 'set', path: ['n'], value: 1n as unknown as number } as const
      await expect(store.update(item('i'), [unwritable], (event) => emitted.push(event))).rejects.toThrow()
      expect([emitted, await store.get(item('i'))]).toEqual([[], '{}'])
      await store.set(item('i'), '1', (event) => emitted.push(event))
      expect(emitted).toHaveLength(1)
    })
  })
}

function eventCases(name: string, open: OpenStream): void {
  describe(`stream adapter ${name}: events`, () => {
    test('each write is reported in the order of the writes, before it is answered', async () => {
      const { store } = await open()
      const log: unknown[] = []
      const report = (event: StreamEvent): void => void log.push(shown(event)['event'])
      const answered = (what: string) => (): void => void log.push(what)
      await Promise.all([
        store.set(item('i'), '{}', report).then(answered('set answered')),
        store.update(item('i'), [increment(1)], report).then(answered('update answered')),
        store.emit('s', 'g', 'i', '{"type":"event","event":{"type":"x","data":null}}', report).then(answered('sent')),
        store.delete(item('i'), report).then(answered('delete answered')),
        store.delete(item('i'), report),
        store.set(item('i'), '1', report),
      ])
      const events = [
        { type: 'create', data: {} },
        { type: 'update', data: { n: 1 } },
        { type: 'event', event: { type: 'x', data: null } },
        { type: 'delete', data: { n: 1 } },
        { type: 'create', data: 1 },
      ]
      expect(log.filter((entry) => typeof entry !== 'string')).toEqual(events)
      for (const [index, what] of ['set answered', 'update answered', 'sent', 'delete answered'].entries()) {
        expect(log.findIndex((entry) => JSON.stringify(entry) === JSON.stringify(events[index]))).toBeLessThan(
          log.indexOf(what),
        )
      }
    })

    test('an event says where it belongs; what was sent without an id has none, and nothing is stored', async () => {
      const { store } = await open()
      const emitted: StreamEvent[] = []
      const text = '{"type":"event","event":{"type":"x","data":[1]}}'
      await store.emit('s\ud800', 'g"', null, text, (event) => emitted.push(event))
      await store.emit('s', 'g', 'i\n', text, (event) => emitted.push(event))
      await store.set(item('i'), '"ü"', (event) => emitted.push(event))
      expect(emitted.map(shown)).toEqual([
        {
          type: 'stream',
          timestamp: expect.any(Number),
          streamName: 's\ud800',
          groupId: 'g"',
          id: null,
          event: JSON.parse(text),
        },
        {
          type: 'stream',
          timestamp: expect.any(Number),
          streamName: 's',
          groupId: 'g',
          id: 'i\n',
          event: JSON.parse(text),
        },
        {
          type: 'stream',
          timestamp: expect.any(Number),
          streamName: 's',
          groupId: 'g',
          id: 'i',
          event: { type: 'create', data: 'ü' },
        },
      ])
      expect(await store.list('s', 'g')).toEqual(['"ü"'])
      expect(await store.groups('s\ud800')).toEqual([])
    })

    test('timestamps never decrease, and increase strictly per item', async () => {
      const { store } = await open()
      const emitted: StreamEvent[] = []
      const before = Date.now()
      await Promise.all(
        Array.from({ length: 300 }, (_, i) =>
          i % 3 === 0
            ? store.emit('s', 'g', null, '{"type":"event","event":{}}', (event) => emitted.push(event))
            : store.set(item(`i${i % 2}`), `${i}`, (event) => emitted.push(event)),
        ),
      )
      expect(emitted).toHaveLength(300)
      const latest = new Map<string | null, number>()
      let newest = before - 1
      for (const { item: id, timestamp } of emitted) {
        expect(Number.isInteger(timestamp)).toBe(true)
        expect(timestamp).toBeGreaterThanOrEqual(newest)
        expect(timestamp).toBeGreaterThan(latest.get(id) ?? before - 1)
        latest.set(id, timestamp)
        newest = timestamp
      }
    })

    test('a listener of the feed hears every event once and in order, and no more after it has left', async () => {
      const { store } = await open()
      const [one, other] = [new Collector<StreamEvent>(), new Collector<StreamEvent>()]
      const lost = (): void => expect.unreachable('events were lost')
      store.feed.listen({ event: one.add, lost })
      const leave = store.feed.listen({ event: other.add, lost })
      const emitted: StreamEvent[] = []
      const write = (id: string): Promise<unknown> => store.set(item(id), '1', (event) => emitted.push(event))
      await Promise.all(Array.from({ length: 100 }, (_, i) => write(`i${i % 7}`)))
      await other.take(100)
      leave()
      await write('last')
      expect((await one.take(101)).map(shown)).toEqual(emitted.map(shown))
      expect(other.items.map(shown)).toEqual(emitted.slice(0, 100).map(shown))
    })
  })
}

function increment(by: number): UpdateOperation {
  return { type: 'increment', path: ['n'], by }
}

function byName(streams: readonly { id: string; groups: readonly string[] }[]): { id: string; groups: string[] }[] {
  return streams
    .map(({ id, groups }) => ({ id, groups: [...groups].sort() }))
    .sort((one, other) => (one.id < other.id ? -1 : 1))
}
