// Settings of the reactive workers at run time, set as a user does: `configuration::set` over a socket (spec 02 §7.2, 03 §2.4).
import { createServer, type AddressInfo, type Server } from 'node:net'
import { once } from 'node:events'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { unusedPort } from '../../support/unused-port.ts'
import type { Outcome, RawClient } from '../../support/raw-client.ts'
import { StreamClient } from '../../support/stream-client.ts'
import { EngineFolder, LISTENER } from '../../core/engine/running-engine.ts'

let worker: RawClient
let port: number

beforeEach(async () => {
  const folder = new EngineFolder()
  port = await unusedPort()
  const stream = `{ name: iii-stream, config: { port: ${port} } }`
  folder.configure(LISTENER, stream, ...['state', 'cron', 'pubsub'].map((name) => `{ name: iii-${name} }`))
  await folder.start({ watch: false })
  worker = await folder.connect()
})

const set = (id: string, value: unknown): Promise<Outcome> => worker.call('configuration::set', { id, value })
const write = (data: unknown): Promise<Outcome> =>
  worker.call('stream::set', { stream_name: 's', group_id: 'g', item_id: 'i', data })
const subscribe = (at: number, path = '/stream/s/g'): Promise<StreamClient> =>
  StreamClient.connect(`ws://127.0.0.1:${at}${path}`)

test('49. another port of the stream worker serves, the old one is closed, and a client that resumes misses nothing', async () => {
  const before = await subscribe(port)
  await write(1)
  await before.take(2)
  const other = await unusedPort()
  expect((await set('iii-stream', { port: other })).error).toBeUndefined()
  expect(await before.closed).toMatchObject({ code: 1012 })
  await write(2)
  const after = await subscribe(other, `/stream/s/g?position=${before.lastPosition}`)
  expect((await after.take(2)).map(({ event }) => event)).toEqual([
    { type: 'resume', recovered: true },
    { type: 'update', data: 2 },
  ])
  await expect(subscribe(port)).rejects.toThrow(/ECONNREFUSED/)
})

test('49. a port that is taken is refused with the address, and the old server keeps running', async () => {
  const taken = await listening()
  const client = await subscribe(port)
  await client.take(1)
  const { error } = await set('iii-stream', { port: taken })
  expect(error?.message).toContain(`127.0.0.1:${taken}`)
  await write('still here')
  await client.take(2)
  expect(client.received).toEqual(['still here'])
  await (await subscribe(port)).take(1)
  const { result } = await worker.call('configuration::get', { id: 'stream' })
  expect(result).toMatchObject({ value: { port } })
})

test('Another auth_function of the stream worker counts for new connections only', async () => {
  worker.provide('auth', () => ({ context: 'known' }))
  await worker.provided('on-leave', () => null)
  worker.send({
    type: 'registertrigger',
    id: 'leave',
    trigger_type: 'stream:leave',
    function_id: 'on-leave',
    config: {},
  })
  await worker.settled()
  const before = await subscribe(port)
  await before.take(1)
  expect((await set('iii-stream', { port, auth_function: 'auth' })).error).toBeUndefined()
  const after = await subscribe(port)
  await after.take(1)
  for (const [index, client] of [before, after].entries()) {
    client.socket.terminate()
    await worker.until(() => worker.calls('on-leave').length > index, 'the leave')
  }
  const contexts = worker.calls('on-leave').map(({ data }) => (data as { context: unknown }).context)
  expect(contexts).toEqual([null, 'known'])
})

test('26. triggers_enabled of the state worker is in force with the answer', async () => {
  await worker.provided('on-state', () => null)
  worker.send({ type: 'registertrigger', id: 'state', trigger_type: 'state', function_id: 'on-state', config: {} })
  await worker.settled()
  for (const [index, triggers_enabled] of [true, false, true].entries()) {
    expect((await set('iii-state', { triggers_enabled })).error).toBeUndefined()
    await worker.call('state::set', { scope: 's', key: 'k', value: index })
  }
  await worker.until(() => worker.calls('on-state').length === 2, 'two events')
  const values = worker.calls('on-state').map(({ data }) => (data as { new_value: unknown }).new_value)
  expect(values).toEqual([0, 2])
})

test.each([
  ['iii-state', { adapter: { name: 'postgres' } }, 'postgres'],
  ['iii-stream', { port: 'many' }, '/port'],
  ['iii-stream', { adapter: { name: 'postgres' } }, 'postgres'],
  ['iii-cron', { adapter: { name: 'postgres' } }, 'postgres'],
  ['cron', { dow_numbering: 'julian' }, '/dow_numbering'],
  ['iii-pubsub', { adapter: { name: 'postgres' } }, 'postgres'],
  ['pubsub', { topics: [] }, 'topics'],
])('47. %s refuses %j and goes on', async (id, value, named) => {
  const { error } = await set(id, value)
  expect(error).toMatchObject({ code: 'SCHEMA_INVALID', message: expect.stringContaining(named) })
  await worker.provided('on-tick', () => null)
  for (const [type, config] of [
    ['subscribe', { topic: 't' }],
    ['cron', { expression: '* * * * * *' }],
  ] as const) {
    worker.send({ type: 'registertrigger', id: type, trigger_type: type, function_id: 'on-tick', config })
  }
  await worker.settled()
  expect((await write(1)).result).toMatchObject({ new_value: 1 })
  expect((await worker.call('state::set', { scope: 's', key: 'k', value: 1 })).error).toBeUndefined()
  await worker.call('publish', { topic: 't', data: 'published' })
  const has = (is: (data: unknown) => boolean): boolean => worker.calls('on-tick').some(({ data }) => is(data))
  await worker.until(() => has((data) => data === 'published'), 'what was published')
  await worker.until(() => has((data) => (data as { trigger?: string }).trigger === 'cron'), 'a fire of cron')
})

/** A port that somebody else listens on. */
async function listening(): Promise<number> {
  const server: Server = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}
