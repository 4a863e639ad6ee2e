// Opening, closing and replacing listeners (spec 01 §3.5, 04 A.8), and which origins may connect (09 §4, check 11).
import net from 'node:net'
import { expect, onTestFinished, test, vi } from 'vitest'
import { endpointOf } from '../../../core/gateway/upgrade-path.ts'
import { within } from '../../support/deadline.ts'
import { listenerEntry, startCore } from '../../support/test-core.ts'
import { RawClient } from '../../support/raw-client.ts'
import { unusedPort } from '../../support/unused-port.ts'

test('Closing sends 1012 to workers, those that never announced themselves included, and 1001 to the rest', async () => {
  const core = await startCore()
  const [worker, silent] = [await core.connect(), await core.connect({ name: null })]
  const otel = new RawClient(`${core.url()}/otel`)
  const { reader } = core.core.channels.create()
  const channel = new RawClient(`${core.url()}/ws/channels/${reader.channel_id}?key=${reader.access_key}&dir=read`)
  await Promise.all([otel.opened(), channel.opened()])
  await within(1500, 'a closed listener', core.listeners.close())
  expect(await worker.closed).toEqual({ code: 1012, reason: 'service restart' })
  expect((await silent.closed).code).toBe(1012)
  expect([(await otel.closed).code, (await channel.closed).code]).toEqual([1001, 1001])
  expect([...core.core.router.workers.values()].filter(({ link }) => link.kind === 'socket')).toEqual([])
})

test('A connection whose session is being decided is closed with 1012, too', async () => {
  const asked = Promise.withResolvers<void>()
  const core = await startCore({
    listeners: [{ rbac: {} }],
    prepare: (host) =>
      host.seat('session-policy', () => {
        asked.resolve()
        return new Promise(() => {})
      }),
  })
  const client = new RawClient(core.url())
  await client.opened()
  await asked.promise
  await within(1500, 'a closed listener', core.listeners.close())
  expect((await client.closed).code).toBe(1012)
})

test('Closing does not wait for peers that do not answer', async () => {
  const core = await startCore({ listeners: [{ handshake_timeout_ms: 60_000 }] })
  const port = core.listener().port
  const deaf = await core.connect()
  deaf.socket.pause()
  const silent = net.connect(port, '127.0.0.1')
  const half = net.connect(port, '127.0.0.1')
  for (const socket of [silent, half]) socket.on('error', () => {})
  half.write('GET / HTTP/1.1\r\n')
  await Promise.all([silent, half].map((socket) => new Promise((resolve) => socket.once('connect', resolve))))
  const plain = await core.connect()
  await plain.settled()
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  const closed = core.listeners.close()
  await vi.advanceTimersByTimeAsync(4_000)
  await closed
  silent.destroy()
  half.destroy()
  expect(core.listeners.all).toEqual([])
})

test('While a listener is closed for a restart, the calls of its functions wait for the worker to come back', async () => {
  const port = await unusedPort()
  const core = await startCore({ listeners: [{ port }, {}] })
  const [worker, caller] = [await core.connect(), await core.connect({ listener: 1 })]
  await worker.provided('again::f', () => 'before')
  await core.listen([listenerEntry({ port, max_unanswered: 7 }), listenerEntry({}, 1)])
  expect((await worker.closed).code).toBe(1012)
  const held = caller.call('again::f', {})
  const back = await core.connect()
  await back.provided('again::f', () => 'after')
  expect((await held).result).toBe('after')
})

test('A changed listener is opened anew and leaves the others, their connections and their calls alone', async () => {
  const port = await unusedPort()
  const core = await startCore({ listeners: [{}, { port }] })
  const [stays, goes] = [await core.connect(), await core.connect({ listener: 1 })]
  await stays.provided('stays::f')
  const answered = stays.call('stays::f', {})
  const kept = core.listener(0)
  await core.listen([listenerEntry({}), listenerEntry({ port, ping_interval_ms: 1000 }, 1)])
  expect((await goes.closed).code).toBe(1012)
  expect(core.listener(0)).toBe(kept)
  expect(core.listener(1).port).toBe(port)
  stays.answer(await stays.next('invokefunction'), { result: 1 })
  expect((await answered).result).toBe(1)
  expect((await core.connect({ listener: 1 })).workerId).not.toBe('')
})

test('A listener that only moves within the file keeps its connections and takes its new place', async () => {
  const ports = [await unusedPort(), await unusedPort()]
  const core = await startCore({ listeners: ports.map((port) => ({ port })) })
  const worker = await core.connect({ listener: 1 })
  const kept = core.listener(1)
  await core.listen([listenerEntry({ port: ports[1] })])
  expect(core.listeners.all).toEqual([kept])
  expect(kept.instanceId).toBe('iii-worker-manager')
  await worker.settled()
})

test('When a new listener cannot be opened those from before serve on', async () => {
  const taken = net.createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => taken.once('listening', resolve))
  const { port } = taken.address() as net.AddressInfo
  const core = await startCore({ listeners: [{}, {}] })
  const worker = await core.connect()
  const change = core.listen([listenerEntry({}), listenerEntry({ max_depth: 9 }, 1), listenerEntry({ port }, 2)])
  await expect(change).rejects.toThrow(
    `address 127.0.0.1:${port} is already in use: stop the other process, or set another 'port' for iii-worker-manager`,
  )
  await worker.settled()
  expect(core.listeners.all).toHaveLength(2)
  expect((await core.connect({ listener: 1 })).workerId).not.toBe('')
  taken.close()
})

test('Workers of all listeners share functions and channels', async () => {
  const core = await startCore({ listeners: [{}, {}] })
  const [worker, caller] = [await core.connect(), await core.connect({ listener: 1 })]
  await worker.provided('shared::f', () => 'ok')
  expect((await caller.call('shared::f', {})).result).toBe('ok')
})

// ── origins ──────────────────────────────────────────────────────────────────────────────────────────────────────────

const FOREIGN = 'http://evil.test'

test.each(['/', '/otel', '/ws/channels/x?key=k&dir=read'])(
  'A page of a foreign origin gets 403 on %s, one from loopback does not',
  async (path) => {
    const core = await startCore()
    await expect(new RawClient(`${core.url()}${path}`, { origin: FOREIGN }).opened()).rejects.toThrow('HTTP 403')
    const local = new RawClient(`${core.url()}${path}`, { origin: 'http://localhost:5173' }).opened()
    if (path.startsWith('/ws')) await expect(local).rejects.toThrow('HTTP 404')
    else await local
    expect(core.logged('warn').map(({ msg }) => msg)).toEqual([expect.stringContaining('allowed_origins')])
  },
)

// ── paths ────────────────────────────────────────────────────────────────────────────────────────────────────────────

const ID = '6f0a9b1e-7c1d-4b1a-9a57-0c8f7f0f4a11'

test.each([
  ['/', { kind: 'worker' }],
  ['/?token=x', { kind: 'worker' }],
  ['/otel?token=x', { kind: 'telemetry' }],
  [`/ws/channels/${ID}?key=k%2B1&dir=write`, { kind: 'channel', id: ID, key: 'k+1', direction: 'write' }],
  [`/ws/channels/${ID}/?key=k&dir=read`, { kind: 'channel', id: ID, key: 'k', direction: 'read' }],
  [`/ws/channels/${ID}?dir=READ`, { kind: 'channel', id: ID, key: undefined, direction: undefined }],
  [`/?token=x/ws/channels/${ID}?key=k&dir=read`, { kind: 'channel', id: ID, key: 'k', direction: 'read' }],
  ['/?next=/ws/channels/', { kind: 'worker' }],
  [`/?token=x/otel`, { kind: 'worker' }],
  ['/OTEL', undefined],
  ['/ws/channels', undefined],
  [`/ws/channels/${ID}/x`, undefined],
])('The request target %s is for %j', (target, endpoint) => {
  expect(endpointOf(target)).toEqual(endpoint)
})
