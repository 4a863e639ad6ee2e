// Calls, trigger types and listings over either surface (spec 08 §3–§6, §17; checks 2, 5, 6, 10, 11, 33).
import { describe, expect, it } from 'vitest'
import { Collector } from '../../support/deadline.ts'
import { startCore } from '../../support/test-core.ts'
import type { RawJson } from '../../../sdk.ts'
import { connect, failureOf, SURFACES } from './clients.ts'

describe.each(SURFACES)('with $name', ({ sdk }) => {
  it('falsy results stay what they are, and no value is undefined', async () => {
    const core = await startCore()
    const iii = connect(sdk, core.url())
    iii.registerFunction('own::echo', ({ value }) => value)
    for (const value of [0, false, '', []]) {
      expect(await iii.trigger({ function_id: 'own::echo', payload: { value } })).toEqual(value)
    }
    expect(await iii.trigger({ function_id: 'own::echo', payload: {} })).toBeUndefined()
  })

  it('what a handler throws is an error with its code, message, function and stack', async () => {
    const core = await startCore()
    const iii = connect(sdk, core.url())
    iii.registerFunction('own::boom', () => {
      throw new Error('boom')
    })
    const error = await failureOf(iii.trigger({ function_id: 'own::boom' }))
    expect(error).toBeInstanceOf(Error)
    expect(error).toBeInstanceOf(sdk.IIIInvocationError)
    expect(sdk.IIIInvocationError).toBe(sdk.InvocationError)
    expect(error).toMatchObject({
      name: 'InvocationError',
      code: 'invocation_failed',
      message: 'invocation_failed: boom',
      function_id: 'own::boom',
      stacktrace: expect.stringContaining('boom'),
    })
    expect(sdk.isErrorBody({ code: 'a', message: 'b' })).toBe(true)
  })

  it('texts of every kind cross, and numbers stay as they were written', async () => {
    const core = await startCore()
    const other = await core.connect()
    const iii = connect(sdk, core.url())
    const text = '"\\ \u{1F600} { [ ] } \\" \n \u2028 ü'
    iii.registerFunction('own::raw', (json) => new sdk.RawJson(json), { raw: true })
    iii.registerFunction('own::echo', (data) => data)
    await expect
      .poll(async () => (await other.call('own::echo', [{ [text]: [text] }])).result)
      .toEqual([{ [text]: [text] }])
    const json = '[{"big":9007199254740993,"small":[-0.50e-7],"brackets":"]}\\\\\\""}]'
    const { json: answer } = await iii.trigger<RawJson, RawJson>({
      function_id: 'own::raw',
      payload: new sdk.RawJson(json),
      raw: true,
    })
    expect(answer).toBe(json)
  })

  it('each call has a time-out: its own, or that of the worker', async () => {
    const core = await startCore()
    const other = await core.connect()
    await other.provided('silent::f')
    const iii = connect(sdk, core.url(), { invocationTimeoutMs: 20 })
    await expect.poll(() => iii.getConnectionState()).toBe('connected')
    const message = 'TIMEOUT: invocation timed out after 20ms'
    expect(await failureOf(iii.trigger({ function_id: 'silent::f' }))).toMatchObject({ code: 'TIMEOUT', message })
    const own = failureOf(iii.trigger({ function_id: 'silent::f', timeoutMs: 10 }))
    expect(await own).toMatchObject({ function_id: 'silent::f', message: expect.stringContaining('after 10ms') })
  })

  it('a void call is answered at once, also by a function that never ends, and an enqueued one by its receipt', async () => {
    const core = await startCore()
    const other = await core.connect()
    await other.provided('silent::f')
    await other.provided('engine::queue::enqueue', () => ({}))
    const iii = connect(sdk, core.url())
    expect(
      await iii.trigger({ function_id: 'silent::f', payload: { n: 1 }, action: sdk.TriggerAction.Void() }),
    ).toBeUndefined()
    expect(await other.next('invokefunction')).toMatchObject({ function_id: 'silent::f', data: { n: 1 } })
    const action = sdk.TriggerAction.Enqueue({ queue: 'jobs' })
    const receipt = await iii.trigger({ function_id: 'silent::f', payload: {}, action })
    expect(receipt).toEqual({ messageReceiptId: expect.any(String) })
  })

  it('a trigger type gets its bindings, with metadata, and is told of those that go', async () => {
    const core = await startCore()
    const iii = connect(sdk, core.url())
    const [bound, dropped] = [new Collector<any>(), new Collector<any>()]
    const ticks = iii.registerTriggerType<{ every: number }>(
      { id: 'ticks', description: 'Ticks' },
      {
        registerTrigger: (binding) => {
          if (binding.config.every === 0) throw new Error('every must be above 0')
          bound.add(binding)
        },
        unregisterTrigger: ({ id }) => dropped.add(id),
      },
    )
    const binder = connect(sdk, core.url())
    const got = new Collector<unknown>()
    binder.registerFunction('on::tick', (data, metadata) => void got.add([data, metadata]))
    const binding = binder.registerTrigger({
      type: 'ticks',
      function_id: 'on::tick',
      config: { every: 1 },
      metadata: { m: 1 },
    })
    const [seen] = await bound.take(1)
    expect(seen).toMatchObject({ function_id: 'on::tick', config: { every: 1 }, metadata: { m: 1 } })
    await iii.trigger({ function_id: seen.function_id, payload: 'tick', metadata: seen.metadata })
    expect(await got.take(1)).toEqual([['tick', { m: 1 }]])
    binding.unregister()
    expect(await dropped.take(1)).toEqual([seen.id])
    ticks.registerFunction('own::tick', () => null, { every: 2 })
    expect((await bound.take(2))[1]).toMatchObject({ function_id: 'own::tick', config: { every: 2 } })
    ticks.unregister()
    await expect.poll(async () => (await iii.listTriggerTypes()).some(({ id }) => id === 'ticks')).toBe(false)
  })

  it('lists functions, workers, bindings and trigger types, and those of the engine where that is wanted', async () => {
    const core = await startCore()
    const iii = connect(sdk, core.url(), { workerName: 'lister' })
    iii.registerTriggerType({ id: 'ticks', description: 'd' }, { registerTrigger() {}, unregisterTrigger() {} })
    iii.registerFunction('own::f', () => 1, { description: 'Mine' })
    iii.registerTrigger({ type: 'ticks', function_id: 'own::f', config: {} })
    expect(await iii.listFunctions()).toEqual([expect.objectContaining({ function_id: 'own::f', description: 'Mine' })])
    const ids = (await iii.listFunctions(true)).map(({ function_id }) => function_id)
    expect(ids).toContain(sdk.EngineFunctions.LIST_WORKERS)
    expect(await iii.listWorkers({ include_internal: false })).toContainEqual(
      expect.objectContaining({ name: 'lister' }),
    )
    expect(await iii.listTriggers(false)).toEqual([expect.objectContaining({ function_id: 'own::f' })])
    expect(await iii.listTriggerTypes()).toContainEqual(expect.objectContaining({ id: 'ticks' }))
  })

  it('onFunctionsAvailable tells of functions that come, until it is ended', async () => {
    const core = await startCore()
    const iii = connect(sdk, core.url())
    const seen = new Set<string>()
    const end = iii.onFunctionsAvailable((functions) => {
      for (const { function_id } of functions) seen.add(function_id)
    })
    const other = await core.connect()
    await other.provided('fresh::f', () => 1)
    await expect.poll(() => [...seen]).toContain('fresh::f')
    end()
    await expect.poll(() => iii.listTriggers()).toEqual([])
    expect((await iii.listFunctions(true)).map(({ function_id }) => function_id)).not.toContainEqual(
      expect.stringContaining('on_functions_available'),
    )
  })

  it('createStream registers the operations of a stream, with their object', async () => {
    const core = await startCore()
    const iii = connect(sdk, core.url())
    const items = new Map<string, unknown>([['a', 1]])
    const stream = {
      items,
      async get({ item_id }: { item_id: string }) {
        return this.items.get(item_id) ?? null
      },
      async set({ item_id, data }: { item_id: string; data: unknown }) {
        const old_value = this.items.get(item_id)
        this.items.set(item_id, data)
        return { old_value, new_value: data }
      },
      async delete({ item_id }: { item_id: string }) {
        return { old_value: this.items.delete(item_id) }
      },
      async list() {
        return [...this.items.values()]
      },
      async listGroups() {
        return ['g']
      },
      async update() {
        return null
      },
    }
    sdk.createStream(iii, 'mine', stream)
    const call = (operation: string, payload: object): Promise<unknown> =>
      iii.trigger({ function_id: `stream::${operation}(mine)`, payload })
    expect(await call('get', { item_id: 'a' })).toBe(1)
    expect(await call('set', { item_id: 'b', data: 2 })).toEqual({ new_value: 2 })
    expect(await call('list', {})).toEqual([1, 2])
    expect(await call('list_groups', {})).toEqual(['g'])
    expect(await call('delete', { item_id: 'a' })).toEqual({ old_value: true })
    expect(await failureOf(call('update', {}))).toMatchObject({ code: 'function_not_found' })
    expect(() => iii.createStream(' ', stream)).toThrow('the name of a stream is required')
  })
})
