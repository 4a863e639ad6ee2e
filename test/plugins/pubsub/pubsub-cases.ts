// Checks 62–69 of spec 03 as cases over an abstract connection: the same for every adapter, over the plugin alone and over a
// whole engine. Every case uses topics of its own.
import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { Collector, within } from '../../support/deadline.ts'
import { barrier, collect, freshTopic, publish, type PubSubRun } from './pubsub-run.ts'

/** `open` gives a running plugin and sees to its end. */
export function pubsubCases(name: string, open: () => Promise<PubSubRun>): void {
  describe(`${name}: publish`, () => {
    test('62. every subscriber gets the data itself, and the publisher no value', async () => {
      const [run, topic] = [await open(), freshTopic()]
      const subscribers = [await collect(run, { topic }), await collect(run, { topic })]
      const published = [{ a: 1, nested: { list: [1, null] } }, [1, 2], 'text', 5, true, null, '']
      for (const data of published) expect(await publish(run, topic, data)).toBeUndefined()
      expect(await publish(run, freshTopic(), 1)).toBeUndefined()
      for (const { events } of subscribers) expect(await events.take(published.length)).toEqual(published)
    })

    test('64. an empty topic, and input of the wrong shape', async () => {
      const run = await open()
      const codeOf = (input: unknown): Promise<string> =>
        run.call('publish', input).then(
          () => 'accepted',
          ({ code }: { code: string }) => code,
        )
      expect(await codeOf({ topic: '', data: 1 })).toBe('topic_not_set')
      for (const input of [
        { data: 1 },
        { topic: 'a' },
        { topic: 5, data: 1 },
        { topic: null, data: 1 },
        'text',
        null,
      ]) {
        expect({ input, code: await codeOf(input) }).toEqual({ input, code: 'deserialization_error' })
      }
      expect(await codeOf({ topic: 'a', data: null, further: 'ignored' })).toBe('accepted')
    })

    test('events of one topic start in the order in which they were published', async () => {
      const [run, topic] = [await open(), freshTopic()]
      const { events } = await collect(run, { topic })
      await Promise.all(Array.from({ length: 300 }, (_, number) => publish(run, topic, number)))
      expect(await events.take(300)).toEqual(Array.from({ length: 300 }, (_, number) => number))
    })
  })

  describe(`${name}: subscribe`, () => {
    test.each([
      ['no topic', {}],
      ['an empty topic', { topic: '' }],
      ['a number', { topic: 5 }],
      ['null', { topic: null }],
      ['no config', null],
    ])('64. %s is no error and is never called', async (_name, config) => {
      const run = await open()
      const { events } = await collect(run, config)
      await publish(run, '5', 1)
      await publish(run, 'null', 1)
      await barrier(run)
      expect(events.items).toEqual([])
    })

    test('64. a condition of the wrong type is refused', async () => {
      const run = await open()
      const config = { topic: freshTopic(), condition_function_id: 5 }
      const error = await run.refusalOf({ id: randomUUID(), function_id: 'test::none', config })
      expect(error).toMatchObject({
        code: 'trigger_registration_failed',
        message: expect.stringContaining('`condition_function_id` must be a string, got 5'),
      })
    })

    test('65. a topic is an exact, case-sensitive name without wildcards', async () => {
      const [run, topic] = [await open(), freshTopic()]
      const wildcards = [`${topic}.*`, `${topic}.#`, `${topic}.>`, '*', topic, `${topic}.Shipped`]
      const others = await Promise.all(wildcards.map((pattern) => collect(run, { topic: pattern })))
      const exact = await collect(run, { topic: `${topic}.shipped` })
      await publish(run, `${topic}.shipped`, 1)
      expect(await exact.events.take(1)).toEqual([1])
      await barrier(run)
      expect(others.map(({ events }) => events.items)).toEqual(wildcards.map(() => []))
    })

    test('any text is a topic', async () => {
      const run = await open()
      for (const topic of ['stream.events', ' ', '*', 'größer ✓ 😀', '__proto__', 'a\u0000b', 'x'.repeat(3_000)]) {
        const { events, id } = await collect(run, { topic })
        await publish(run, topic, { topic })
        expect(await events.take(1)).toEqual([{ topic }])
        await run.unbind(id)
      }
    })

    test('66. the end of one subscription leaves the others', async () => {
      const [run, topic] = [await open(), freshTopic()]
      const [gone, stays] = [await collect(run, { topic }), await collect(run, { topic })]
      await run.unbind(gone.id)
      await publish(run, topic, 1)
      expect(await stays.events.take(1)).toEqual([1])
      await run.unbind(stays.id)
      await publish(run, topic, 2)
      const back = await collect(run, { topic })
      await publish(run, topic, 3)
      expect(await back.events.take(1)).toEqual([3])
      await barrier(run)
      expect([gone.events.items, stays.events.items, back.events.items]).toEqual([[], [1], [3]])
    })

    test('63. two bindings of one function are two invocations, each with its metadata', async () => {
      const [run, topic] = [await open(), freshTopic()]
      const first = await collect(run, { topic }, { metadata: { from: 'first' } })
      await run.bind({ id: randomUUID(), function_id: first.function_id, config: { topic } })
      await publish(run, topic, 'once')
      expect(await first.events.take(2)).toEqual(['once', 'once'])
      await barrier(run)
      expect(first.events.items).toHaveLength(2)
      expect(first.metadata).toEqual(expect.arrayContaining([{ from: 'first' }, undefined]))
    })

    test('the same id again replaces, and takes the binding to another topic, or to none', async () => {
      const [run, before, after] = [await open(), freshTopic(), freshTopic()]
      const first = await collect(run, { topic: before })
      const second = await collect(run, { topic: before }, { id: first.id })
      await publish(run, before, 1)
      expect(await second.events.take(1)).toEqual([1])
      await run.bind({ id: first.id, function_id: second.function_id, config: { topic: after } })
      await publish(run, before, 2)
      await publish(run, after, 3)
      expect(await second.events.take(2)).toEqual([1, 3])
      await run.bind({ id: first.id, function_id: second.function_id, config: { topic: '' } })
      await publish(run, after, 4)
      await barrier(run)
      expect([first.events.items, second.events.items]).toEqual([[], [1, 3]])
    })

    test('67. a handler that throws is not called again, and nobody hears of it', async () => {
      const [run, topic] = [await open(), freshTopic()]
      const thrown = new Collector<unknown>()
      const function_id = `test::throws-${topic}`
      await run.provide(function_id, (data) => {
        thrown.add(data)
        throw new Error('thrown by the handler')
      })
      await run.bind({ id: randomUUID(), function_id, config: { topic } })
      await run.bind({ id: randomUUID(), function_id: `test::missing-${topic}`, config: { topic } })
      const other = await collect(run, { topic })
      expect(await publish(run, topic, 1)).toBeUndefined()
      expect(await publish(run, topic, 2)).toBeUndefined()
      expect(await other.events.take(2)).toEqual([1, 2])
      await thrown.take(2)
      await barrier(run)
      expect(thrown.items).toEqual([1, 2])
    })

    test('a handler that hangs holds up itself alone', async () => {
      const [run, topic] = [await open(), freshTopic()]
      const release = Promise.withResolvers<void>()
      const hanging = new Collector<unknown>()
      await run.provide(`test::hangs-${topic}`, (data) => {
        hanging.add(data)
        return release.promise
      })
      await run.bind({ id: randomUUID(), function_id: `test::hangs-${topic}`, config: { topic } })
      const other = await collect(run, { topic })
      // More than the 512 calls of one binding that may be unanswered.
      const numbers = Array.from({ length: 600 }, (_, number) => number)
      await within(5_000, '600 publishes', Promise.all(numbers.map((number) => publish(run, topic, number))))
      expect(await other.events.take(600)).toEqual(numbers)
      expect(hanging.items).toHaveLength(512)
      release.resolve()
      expect(await hanging.take(600)).toEqual(numbers)
    })
  })

  describe(`${name}: conditions`, () => {
    test.each([
      ['true', true, true],
      ['no value', undefined, true],
      ['null', null, true],
      ['0', 0, true],
      ['empty text', '', true],
      ['an object', {}, true],
      ['false', false, false],
    ])('69. a condition that returns %s', async (_name, answer, runs) => {
      const [run, topic] = [await open(), freshTopic()]
      const asked = new Collector<unknown>()
      const condition_function_id = `test::condition-${topic}`
      await run.provide(condition_function_id, (data, metadata) => {
        asked.add({ data, metadata })
        return answer
      })
      const { events } = await collect(run, { topic, condition_function_id }, { metadata: { m: 1 } })
      await publish(run, topic, { a: 1 })
      expect(await asked.take(1)).toEqual([{ data: { a: 1 }, metadata: undefined }])
      if (runs) expect(await events.take(1)).toEqual([{ a: 1 }])
      await barrier(run)
      expect(events.items).toHaveLength(runs ? 1 : 0)
    })

    test('69. a slow condition does not change the order of the events', async () => {
      const [run, topic] = [await open(), freshTopic()]
      const slow = Promise.withResolvers<boolean>()
      const asked = new Collector<unknown>()
      const condition_function_id = `test::condition-${topic}`
      await run.provide(condition_function_id, (data) => {
        asked.add(data)
        return data === 1 ? slow.promise : true
      })
      const { events } = await collect(run, { topic, condition_function_id })
      const other = await collect(run, { topic })
      for (const number of [1, 2, 3]) await publish(run, topic, number)
      expect(await asked.take(3)).toEqual([1, 2, 3])
      expect(await other.events.take(3)).toEqual([1, 2, 3])
      await barrier(run)
      expect(events.items).toEqual([])
      slow.resolve(true)
      expect(await events.take(3)).toEqual([1, 2, 3])
    })

    test('69. a condition that fails or does not exist skips the handler', async () => {
      const [run, topic] = [await open(), freshTopic()]
      const asked = new Collector<unknown>()
      await run.provide(`test::throws-${topic}`, (data) => {
        asked.add(data)
        throw new Error('thrown by the condition')
      })
      const failing = await collect(run, { topic, condition_function_id: `test::throws-${topic}` })
      const missing = await collect(run, { topic, condition_function_id: `test::missing-${topic}` })
      await publish(run, topic, 1)
      await asked.take(1)
      await barrier(run)
      expect([failing.events.items, missing.events.items]).toEqual([[], []])
    })
  })
}
