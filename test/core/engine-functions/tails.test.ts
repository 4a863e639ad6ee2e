// `engine::logs::tail` and `engine::events::tail`.
import { expect, test } from 'vitest'
import type { RawClient } from '../../support/raw-client.ts'
import { startCore } from '../../support/test-core.ts'

interface Logs {
  readonly logs: readonly { readonly body: string }[]
  readonly next: number
  readonly missed: number
}

async function tail(client: RawClient, input: object): Promise<Logs> {
  const { result, error } = await client.call('engine::logs::tail', input)
  expect(error).toBeUndefined()
  return result as Logs
}

const bodies = ({ logs }: Logs): string[] => logs.map(({ body }) => body)

test('the newest lines of the log have the shape of stored records', async () => {
  const core = await startCore()
  const client = await core.connect({ name: 'images' })
  const data = { message: 'paper is low', data: { sheets: 3 }, trace_id: 't1', span_id: 's1', service_name: 'printer' }
  await client.call('engine::log::warn', data)
  const { logs } = await tail(client, { limit: 1 })
  expect(logs).toEqual([
    {
      timestamp_unix_nano: expect.any(Number) as number,
      observed_timestamp_unix_nano: expect.any(Number) as number,
      severity_number: 13,
      severity_text: 'WARN',
      body: 'paper is low',
      trace_id: 't1',
      span_id: 's1',
      resource: {},
      service_name: 'printer',
      attributes: { worker: 'images', data: { sheets: 3 } },
    },
  ])
})

test('lines are chosen by level, worker, trace and time', async () => {
  const core = await startCore()
  const [a, b] = [await core.connect({ name: 'a' }), await core.connect({ name: 'b' })]
  await a.call('engine::log::info', { message: 'one' })
  await a.call('engine::log::error', { message: 'two', trace_id: 't' })
  await b.call('engine::log::warn', { message: 'three' })
  expect(bodies(await tail(a, { severity_min: 13 }))).toEqual(['two', 'three'])
  expect(bodies(await tail(a, { worker: 'a', severity_min: 17 }))).toEqual(['two'])
  expect(bodies(await tail(a, { trace_id: 't' }))).toEqual(['two'])
  expect(bodies(await tail(a, { start_time: Date.now() + 60_000 }))).toEqual([])
  expect((await a.call('engine::logs::tail', { after: 'x' })).error?.code).toBe('deserialization_error')
})

test('a reader waits for what comes', async () => {
  const core = await startCore()
  const [reader, writer] = [await core.connect({ name: 'reader' }), await core.connect({ name: 'writer' })]
  const { next } = await tail(reader, { limit: 0 })
  const waiting = tail(reader, { after: next, wait_ms: 20_000, worker: 'writer', severity_min: 17 })
  await writer.call('engine::log::info', { message: 'not this one' })
  await writer.call('engine::log::error', { message: 'this one' })
  expect(bodies(await waiting)).toEqual(['this one'])
})

test('events tell of workers, calls and plugins', async () => {
  const core = await startCore()
  const client = await core.connect({ name: 'images' })
  await client.call('nobody::provides::this')
  core.core.pluginsChanged({ event: 'failed', name: 'p', generation: 2, error: { code: 'CRASH', message: 'bang' } })
  const { result } = await client.call('engine::events::tail', {})
  const { events } = result as { events: object[] }
  expect(events).toMatchObject([
    { event: 'worker_connected', worker: 'images' },
    { event: 'invocation_failed', function_id: 'nobody::provides::this', code: 'function_not_found', caller: 'images' },
    { event: 'plugin_failed', plugin: 'p', generation: 2, error: { code: 'CRASH' } },
  ])
})
