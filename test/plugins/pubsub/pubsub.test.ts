import { describe, expect, onTestFinished, test } from 'vitest'
import type { PubSubConfig } from '../../../plugins/pubsub/config.ts'
import { RawJson } from '../../../sdk/raw-json.ts'
import { Collector, within } from '../../support/deadline.ts'
import { pubsubCases } from './pubsub-cases.ts'
import { collect, publish } from './pubsub-run.ts'
import { sidecarOf } from '../../support/plugin-run.ts'
import { runPubSubPlugin } from './run-plugin.ts'

async function open(config?: PubSubConfig) {
  const run = await runPubSubPlugin(config)
  onTestFinished(() => run.stop())
  return run
}

pubsubCases('local pub/sub', () => open())
pubsubCases('the alias memory', () => open({ adapter: { name: 'memory', config: null } }))

describe('what the plugin publishes', () => {
  test('one function with description and schemas, and one trigger type', async () => {
    const { engine, host } = await open()
    expect(host.functions).toEqual(['publish'])
    expect(await engine.call('engine::functions::info', { function_id: 'publish' })).toMatchObject({
      description: expect.stringMatching(/\.$/),
      request_schema: { required: ['topic', 'data'] },
    })
    expect(host.triggerTypes).toEqual(['subscribe'])
  })
})

describe('events', () => {
  test('are the text that was published', async () => {
    const run = await open()
    const seen = new Collector<string>()
    run.worker.registerFunction('test::seen', (json: string) => seen.add(json), { raw: true })
    await run.bind({ id: 'b', function_id: 'test::seen', config: { topic: 't' } })
    const exact = '[ 9007199254740993, 1.0 ]'
    await run.worker.trigger({ function_id: 'publish', payload: new RawJson(`{"topic":"t","data":${exact}}`) })
    expect(await seen.take(1)).toEqual([exact])
  })

  test('are called for their binding, in the trace of their publisher', async () => {
    const run = await open()
    const { events, function_id } = await collect(run, { topic: 't' }, { id: 'binding-1' })
    const publisher = run.engine.connect()
    const send = (data: unknown, more: object) =>
      publisher.trigger({ function_id: 'publish', payload: { topic: 't', data }, ...more })
    await Promise.all([send(1, { traceparent: '00-aa-1', baggage: 'x=1' }), send(2, {})])
    expect(await events.take(2)).toEqual([1, 2])
    const fired = run.engine.calls.filter((call) => call.function_id === function_id)
    expect(fired.map(sidecarOf)).toEqual([
      { binding: 'binding-1', traceparent: '00-aa-1', baggage: 'x=1' },
      { binding: 'binding-1' },
    ])
  })

  test('of a worker that has just subscribed reach it without waiting for the confirmation', async () => {
    const run = await open()
    const seen = new Collector<unknown>()
    await run.provide('test::seen', seen.add)
    void run.bind({ id: 'b', function_id: 'test::seen', config: { topic: 't' } })
    void publish(run, 't', 'at once')
    expect(await seen.take(1)).toEqual(['at once'])
  })

  test('a subscription without a topic is named in a warning, with what to do', async () => {
    const run = await open()
    await run.bind({ id: 'b', function_id: 'test::lost', config: { topic: '' } })
    expect(run.log.lines).toEqual([
      {
        level: 'warn',
        message: 'A subscription of test::lost names no topic and is never called.',
        data: { binding: 'b', config: { topic: '' }, hint: expect.stringContaining('`topic`') },
      },
    ])
  })
})

describe('load', () => {
  test('1,000 subscribers on 100 topics get each of 10,000 events, in order', async () => {
    const run = await open()
    const received = new Map<string, number[]>()
    const all = Promise.withResolvers<void>()
    let count = 0
    await run.provide('test::count', (event: { topic: number; number: number }, metadata) => {
      const key = `${event.topic}/${String(metadata)}`
      const numbers = received.get(key)
      if (numbers === undefined) received.set(key, [event.number])
      else numbers.push(event.number)
      if (++count === 100_000) all.resolve()
    })
    for (let subscriber = 0; subscriber < 1_000; subscriber++) {
      const config = { topic: `topic-${subscriber % 100}` }
      await run.bind({ id: `b${subscriber}`, function_id: 'test::count', config, metadata: subscriber })
    }
    for (let number = 0; number < 100; number++) {
      const round = Array.from({ length: 100 }, (_, topic) => publish(run, `topic-${topic}`, { topic, number }))
      await Promise.all(round)
    }
    await within(15_000, '100,000 invocations', all.promise)
    expect(received.size).toBe(1_000)
    const inOrder = Array.from({ length: 100 }, (_, number) => number)
    for (const numbers of received.values()) expect(numbers).toEqual(inOrder)
  })
})

describe('the end of a generation', () => {
  test('stop hands out the events whose condition has not decided', async () => {
    const run = await open()
    const asked = new Collector<unknown>()
    const decide = Promise.withResolvers<boolean>()
    await run.provide('test::condition', (data) => {
      asked.add(data)
      return decide.promise
    })
    const { events } = await collect(run, { topic: 't', condition_function_id: 'test::condition' })
    await publish(run, 't', 1)
    await asked.take(1)
    const stopped = run.stop()
    decide.resolve(true)
    await within(5_000, 'stop', stopped)
    expect(await events.take(1)).toEqual([1])
  })
})
