import { expect, test } from 'vitest'
import type { TriggerBinding } from '../../../sdk/handle-types.ts'
import { RawJson } from '../../../sdk/raw-json.ts'
import { Collector } from '../../support/deadline.ts'
import { startCore } from '../../support/test-core.ts'
import { openSocket } from './socket-run.ts'

test('a handle on a socket calls functions of others and serves its own', async () => {
  const core = await startCore()
  const other = await core.connect()
  await other.provided('math::add', ({ a, b }: { a: number; b: number }) => a + b)
  const { iii } = openSocket(core.url())
  iii.registerFunction('own::echo', (data, metadata) => ({ data, metadata }))
  expect(await iii.trigger({ function_id: 'math::add', payload: { a: 2, b: 3 } })).toBe(5)
  const { result } = await other.call('own::echo', [1, 'ü'], { metadata: { m: 1 } })
  expect(result).toEqual({ data: [1, 'ü'], metadata: { m: 1 } })
})

test('a raw handler gets the text that was sent', async () => {
  const core = await startCore()
  const other = await core.connect()
  const { iii } = openSocket(core.url())
  const seen = new Collector<unknown>()
  iii.registerFunction('own::raw', (json) => seen.add(json), { raw: true })
  await iii.trigger({ function_id: 'own::raw', payload: new RawJson('[1.0, 9007199254740993]') })
  await other.call('own::raw', undefined)
  expect(await seen.take(2)).toEqual(['[1.0, 9007199254740993]', 'null'])
})

test('it announces itself by name, runtime and process', async () => {
  const core = await startCore()
  const { iii } = openSocket(core.url(), {}, 'iii-test-bridge')
  const workers = (await iii.listWorkers()) as { name: string; runtime: string; pid: number }[]
  expect(workers).toContainEqual(
    expect.objectContaining({ name: 'iii-test-bridge', runtime: 'node', pid: process.pid }),
  )
})

test('no value, null, errors and unknown functions arrive as what they are', async () => {
  const core = await startCore()
  const { iii } = openSocket(core.url())
  iii.registerFunction('own::nothing', () => undefined)
  iii.registerFunction('own::fails', () => {
    throw new Error('boom')
  })
  expect(await iii.trigger({ function_id: 'own::nothing' })).toBeUndefined()
  await expect(iii.trigger({ function_id: 'own::fails' })).rejects.toMatchObject({
    code: 'invocation_failed',
    message: 'invocation_failed: boom',
  })
  await expect(iii.trigger({ function_id: 'no::such' })).rejects.toMatchObject({ code: 'function_not_found' })
})

test('payloads and results cross as the text that they are', async () => {
  const core = await startCore()
  const other = await core.connect()
  const exact = '{"big":9007199254740993,"small":-0.50e-7,"text":"\\ud800"}'
  await other.provided('other::exact')
  const { iii } = openSocket(core.url())
  const answer = iii.trigger({ function_id: 'other::exact', payload: new RawJson(`[${exact}]`), raw: true })
  const arrived = new Promise<string>((resolve) =>
    other.socket.on('message', (frame: Buffer) => {
      if (frame.includes('other::exact')) resolve(frame.toString())
    }),
  )
  expect(await arrived).toContain(`"data":[${exact}]`)
  const [call] = other.calls('other::exact')
  other.send(
    `{"type":"invocationresult","invocation_id":"${String(call!['invocation_id'])}","function_id":"other::exact","result":${exact}}`,
  )
  expect(await answer).toEqual(new RawJson(exact))
})

test('it provides trigger types and binds to those of others', async () => {
  const core = await startCore()
  const bound = new Collector<unknown>()
  const provider = openSocket(core.url())
  provider.iii.registerTriggerType(
    { id: 'tick' },
    {
      registerTrigger: (binding) => {
        if ((binding.config as { bad?: boolean }).bad) throw new Error('bad config')
        bound.add(binding.config)
      },
      unregisterTrigger: ({ id }) => bound.add(`dropped ${id}`),
    },
  )
  const binder = openSocket(core.url())
  binder.iii.registerFunction('binder::on-tick', () => 1)
  const ref = binder.iii.registerTrigger({ type: 'tick', function_id: 'binder::on-tick', config: { every: 5 } })
  expect(await bound.take(1)).toEqual([{ every: 5 }])
  binder.iii.registerTrigger({ type: 'tick', function_id: 'binder::on-tick', config: { bad: true } })
  expect((await binder.problems.take(1))[0]).toContain('bad config')
  ref.unregister()
  expect((await bound.take(2))[1]).toBe(`dropped ${ref.id}`)
})

test('a provider passes metadata on with every digit, and computes with the numbers of the config', async () => {
  const core = await startCore()
  const [other, bindings] = [await core.connect(), new Collector<TriggerBinding>()]
  const texts = new Collector<string>()
  const { iii } = openSocket(core.url())
  iii.registerTriggerType(
    { id: 'tick' },
    { registerTrigger: (binding) => bindings.add(binding), unregisterTrigger: () => {} },
  )
  await iii.listFunctions()
  await other.provided('other::on-tick', () => 1)
  other.socket.on('message', (frame: Buffer) => texts.add(frame.toString()))
  const metadata = '{"id":9007199254740993,"list":[1e400]}'
  other.send(
    `{"type":"registertrigger","id":"t","trigger_type":"tick","function_id":"other::on-tick","config":{"n":9007199254740993},"metadata":${metadata}}`,
  )
  const [binding] = await bindings.take(1)
  expect(binding!.config).toEqual({ n: 9007199254740992 })
  await iii.trigger({ function_id: binding!.function_id, metadata: binding!.metadata })
  expect((await texts.take(1))[0]).toContain(`"metadata":${metadata}`)
})

test('trace context and metadata travel in both directions', async () => {
  const core = await startCore()
  const other = await core.connect()
  const { iii } = openSocket(core.url())
  await other.provided('other::end', () => 1)
  iii.registerFunction('own::middle', () => iii.trigger({ function_id: 'other::end', metadata: { deep: true } }))
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  await iii.listFunctions()
  const { result } = await other.call('own::middle', {}, { traceparent, baggage: 'user=7' })
  expect(result).toBe(1)
  const [call] = other.calls('other::end')
  expect(call).toMatchObject({ traceparent, metadata: { deep: true } })
  expect(call!['baggage']).toContain('user=7')
})

test('void calls arrive, and nobody is told of their failure', async () => {
  const core = await startCore()
  const other = await core.connect()
  await other.provided('other::log', () => 1)
  const { iii } = openSocket(core.url())
  await iii.trigger({ function_id: 'other::log', payload: 7, action: { type: 'void' } })
  await iii.trigger({ function_id: 'no::such', payload: 7, action: { type: 'void' } })
  await other.until(() => other.calls('other::log').length === 1, 'the void call')
  expect(other.calls('other::log')[0]!['data']).toBe(7)
})

test('10,000 calls at once are all answered, each with its own result', async () => {
  const core = await startCore()
  const server = openSocket(core.url())
  server.iii.registerFunction('server::double', (n: number) => n * 2)
  const { iii } = openSocket(core.url())
  await server.iii.listFunctions()
  const results = await Promise.all(
    Array.from({ length: 10_000 }, (_, n) =>
      iii.trigger<number, number>({ function_id: 'server::double', payload: n }),
    ),
  )
  expect(results).toEqual(Array.from({ length: 10_000 }, (_, n) => n * 2))
})

test('values of 5 MB cross in both directions', async () => {
  const core = await startCore()
  const { iii } = openSocket(core.url())
  iii.registerFunction('own::echo', (text: string) => text)
  const text = 'ü"\\'.repeat(5_000_000 / 4)
  expect((await iii.trigger({ function_id: 'own::echo', payload: text })) === text).toBe(true)
})
