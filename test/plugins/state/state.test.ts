import { describe, expect, onTestFinished, test } from 'vitest'
import type { StateConfig } from '../../../plugins/state/config.ts'
import { RawJson } from '../../../sdk/raw-json.ts'
import { Collector, within } from '../../support/deadline.ts'
import { tempFolder } from '../../support/temp-folder.ts'
import { sidecarOf } from '../../support/plugin-run.ts'
import { runStatePlugin } from './run-plugin.ts'
import { stateCases } from './state-cases.ts'

async function open(config?: StateConfig) {
  const run = await runStatePlugin(tempFolder(), config)
  onTestFinished(() => run.stop())
  return run
}

stateCases('state on disk', () => open())
stateCases('state in memory', () => open({ adapter: { name: 'kv', config: { store_method: 'in_memory' } } }))

describe('what the plugin publishes', () => {
  test('seven functions with descriptions and schemas, and one trigger type', async () => {
    const { engine, host } = await open()
    expect([...host.functions].sort()).toEqual([
      'state::backup',
      'state::delete',
      'state::get',
      'state::list',
      'state::list_groups',
      'state::set',
      'state::update',
    ])
    for (const function_id of host.functions) {
      expect(await engine.call('engine::functions::info', { function_id })).toMatchObject({
        description: expect.stringMatching(/\.$/),
        request_schema: { type: 'object' },
        response_schema: expect.any(Object),
      })
    }
    expect(host.triggerTypes).toEqual(['state'])
  })
})

describe('a value', () => {
  const exact = '{ "big": 9007199254740993, "small": -0.50e-7, "text": "\\ud800", "twice": 1, "twice": 2 }'

  test.each([[undefined], [{ store_method: 'in_memory' }]])(
    'is kept and told as the text that was sent, in the store %j',
    async (config) => {
      const run = await open(config === undefined ? {} : { adapter: { name: 'kv', config } })
      const seen = new Collector<string>()
      run.worker.registerFunction('test::seen', (json: string) => seen.add(json), { raw: true })
      await run.bind({ id: 'b', function_id: 'test::seen', config: {} })
      const call = (function_id: string, input: string): Promise<RawJson | undefined> =>
        run.worker.trigger({ function_id, payload: new RawJson(input), raw: true })
      await call('state::set', '{"scope":"s","key":"k","value":1}')
      const written = await call('state::set', `{"scope":"s","value": ${exact} ,"key":"k"}`)
      expect(written?.json).toBe(`{"old_value":1,"new_value":${exact}}`)
      expect((await call('state::get', '{"scope":"s","key":"k"}'))?.json).toBe(exact)
      expect((await call('state::list', '{"scope":"s"}'))?.json).toBe(`[${exact}]`)
      const [, told] = await seen.take(2)
      expect(told).toContain(`"old_value":1,"new_value":${exact}`)
    },
  )

  test('is measured without the blanks that it was sent with', async () => {
    const run = await open({ max_value_bytes: 9 })
    const set = (value: string): Promise<unknown> =>
      run.worker.trigger({
        function_id: 'state::set',
        payload: new RawJson(`{"scope":"s","key":"k","value":${value}}`),
      })
    await set('[ 1,   2,   3 ]')
    await expect(set('[ 1, 2, 3, 4, 5 ]')).rejects.toMatchObject({ code: 'VALUE_TOO_LARGE' })
  })
})

describe('events', () => {
  test('are called for their binding, in the trace of the write that caused them', async () => {
    const run = await open()
    const seen = new Collector<unknown>()
    await run.provide('test::seen', seen.add)
    await run.bind({ id: 'binding-1', function_id: 'test::seen', config: {} })
    const caller = run.engine.connect()
    const write = (key: string, more: object) =>
      caller.trigger({ function_id: 'state::set', payload: { scope: 's', key, value: 1 }, ...more })
    // All in one batch: each event must carry the context of its own write, or none.
    await Promise.all([
      write('a', { traceparent: '00-aa-1', baggage: 'x=1' }),
      write('b', {}),
      write('c', { traceparent: '00-cc-1' }),
    ])
    await seen.take(3)
    const fired = run.engine.calls.filter(({ function_id }) => function_id === 'test::seen')
    expect(fired.map(sidecarOf)).toEqual([
      { binding: 'binding-1', traceparent: '00-aa-1', baggage: 'x=1' },
      { binding: 'binding-1' },
      { binding: 'binding-1', traceparent: '00-cc-1' },
    ])
  })

  test('of a write that failed do not fire, and the error names what failed', async () => {
    const run = await open({ adapter: { name: 'kv', config: { max_file_bytes: 64 * 1024 } } })
    const seen = new Collector<{ new_value: unknown }>()
    await run.provide('test::seen', seen.add)
    await run.bind({ id: 'b', function_id: 'test::seen', config: {} })
    const set = (key: string, value: unknown) => run.call('state::set', { scope: 's', key, value })
    const outcomes = await Promise.allSettled([
      set('small', 1),
      set('big', 'x'.repeat(200_000)),
      run.call('state::get', { scope: 's', key: 'small' }),
      run.call('state::update', { scope: 's', key: 'n', ops: [] }),
      run.call('state::delete', { scope: 's', key: 'n' }),
      run.call('state::list', { scope: 's' }),
      run.call('state::list_groups', {}),
    ])
    expect(outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason.code)).toEqual([
      'SET_ERROR',
      'SET_ERROR',
      'GET_ERROR',
      'UPDATE_ERROR',
      'DELETE_ERROR',
      'LIST_ERROR',
      'LIST_GROUPS_ERROR',
    ])
    expect(outcomes[0]).toMatchObject({
      reason: {
        message: expect.stringMatching(
          /^Failed to set key "small" in scope "s": The store file .*state\.db cannot grow/,
        ),
      },
    })
    expect(await set('small', 2)).toEqual({ old_value: null, new_value: 2 })
    expect((await seen.take(1)).map(({ new_value }) => new_value)).toEqual([2])
  })
})

describe('the end of a generation', () => {
  test('stop answers the writes that were queued and hands out their events where no generation follows', async () => {
    const run = await open()
    const seen = new Collector<{ new_value: unknown }>()
    await run.provide('test::seen', seen.add)
    await run.provide('test::condition', () => true)
    await run.bind({ id: 'b', function_id: 'test::seen', config: { condition_function_id: 'test::condition' } })
    const writes = [1, 2, 3].map((value) => run.call('state::set', { scope: 's', key: 'k', value }))
    // The calls reach the plugin in the microtasks of this turn; it is stopped before its batch would run.
    for (let microtask = 0; microtask < 5; microtask++) await Promise.resolve()
    const stopped = run.stop('shutdown')
    await within(5_000, 'stop', stopped)
    await Promise.all(writes)
    expect((await seen.take(3)).map(({ new_value }) => new_value)).toEqual([1, 2, 3])
  })

  test('the next generation opens the same data', async () => {
    const folder = tempFolder()
    const first = await runStatePlugin(folder)
    await first.call('state::set', { scope: 's', key: 'k', value: 1 })
    await first.stop()
    const second = await runStatePlugin(folder)
    onTestFinished(() => second.stop())
    expect(await second.call('state::get', { scope: 's', key: 'k' })).toBe(1)
  })
})

describe('reconfigure', () => {
  test('declines when the adapter changes, and accepts the rest', async () => {
    const { plugin } = await open({ adapter: { name: 'kv' } })
    expect(await plugin.reconfigure!({ adapter: { name: 'kv' }, max_value_bytes: 5, save_interval_ms: 1_000 })).toBe(
      true,
    )
    for (const same of [
      {},
      { adapter: null },
      { adapter: { name: 'kv', config: {} } },
      { adapter: { name: 'kv', config: null } },
    ]) {
      expect(await plugin.reconfigure!(same)).toBe(true)
    }
    expect(await plugin.reconfigure!({ adapter: { name: 'kv', config: { store_method: 'in_memory' } } })).toBe(false)
  })
})
