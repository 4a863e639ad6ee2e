// Opening, changing and closing the stream listener (spec 02 §7.2, check 49; 04 A.8).
import net, { type AddressInfo } from 'node:net'
import { Ajv } from 'ajv'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { CLIENT_LIMIT_DEFAULTS, CLIENT_LIMITS_SCHEMA } from '../../../plugins/stream/clients/limits.ts'
import * as reasons from '../../../plugins/stream/clients/close-reasons.ts'
import { StreamScene } from '../../support/stream-scene.ts'
import { unusedPort } from '../../support/unused-port.ts'

describe('a port that is taken', () => {
  it('is an error at start that names it', async () => {
    const port = await takenPort()
    await expect(StreamScene.open({ port })).rejects.toThrow(
      `address 127.0.0.1:${port} is already in use: stop the other process, or set another 'port' for iii-stream`,
    )
  })

  it('leaves the running server as it is', async () => {
    const scene = await StreamScene.open()
    const client = await scene.connect()
    await client.joined('s-1', 'board', 'g1')
    const port = await takenPort()
    await expect(scene.server.reconfigure({ port, max_connections: 1 })).rejects.toThrow('already in use')
    scene.feed.set('board', 'g1', 'a', 1)
    await client.take(2)
    await scene.connect()
  })
})

it('a host of another machine is an error that says so', async () => {
  await expect(StreamScene.open({ host: '192.0.2.1' })).rejects.toThrow(
    /^address 192\.0\.2\.1:0 cannot be opened \(.*\): set 'host' of iii-stream to an address of this machine/,
  )
})

describe('a changed port', () => {
  it('serves, and the old one is closed with its connections, which resume at the new one', async () => {
    const scene = await StreamScene.open()
    scene.bind('stream:leave', 'on-leave')
    scene.provide('on-leave', () => null)
    const old = scene.server.address
    const client = await scene.connect()
    await client.joined('s-1', 'board', 'g1')
    await scene.server.reconfigure({ port: await unusedPort() })
    expect(await client.closed).toEqual({
      code: 1012,
      reason: 'service restart: reconnect and join with your last position to miss nothing',
    })
    await scene.called('on-leave')
    scene.feed.set('board', 'g1', 'a', 'meanwhile')
    expect(scene.server.address.port).not.toBe(old.port)
    const back = await scene.connect()
    back.join('s-1', 'board', 'g1', { position: client.lastPosition })
    await back.take(2)
    expect(back.received).toEqual(['meanwhile'])
    await expect(connectionTo(old.port)).rejects.toThrow('ECONNREFUSED')
  })

  it('and a changed host with the same port', async () => {
    const scene = await StreamScene.open()
    const { port } = scene.server.address
    await scene.server.reconfigure({ host: '127.0.0.2', port })
    expect(scene.server.address).toEqual({ host: '127.0.0.2', port })
    await scene.server.reconfigure({ host: '0.0.0.0', port })
    expect(scene.server.address).toEqual({ host: '0.0.0.0', port })
    await (await scene.connect()).joined('s-1', 'board', 'g1')
    await expect(scene.server.reconfigure({ host: '192.0.2.1', port })).rejects.toThrow('cannot be opened')
    await (await scene.connect()).joined('s-1', 'board', 'g1')
  })
})

it('other settings change in place, without a lost connection', async () => {
  const scene = await StreamScene.open()
  const client = await scene.connect()
  await client.joined('s-1', 'board', 'g1')
  scene.provide('auth', () => null)
  await scene.server.reconfigure({ port: 0, auth_function: 'auth', auth_required: true, max_subscriptions: 1 })
  scene.feed.set('board', 'g1', 'a', 1)
  await client.take(2)
  await expect(scene.connect()).rejects.toThrow('HTTP 401')
  client.join('s-2', 'board', 'g1')
  expect((await client.closed).code).toBe(1008)
  await expect(scene.server.reconfigure({ port: 0, auth_required: true })).rejects.toThrow('`auth_function` is not set')
})

describe('close', () => {
  it('sends what was told, then 1012, and runs the leave handlers', async () => {
    const scene = await StreamScene.open()
    scene.bind('stream:leave', 'on-leave', { config: { condition_function_id: 'condition' } })
    scene.provide('condition', async () => true)
    scene.provide('on-leave', () => new Promise(() => {}))
    const clients = await Promise.all(Array.from({ length: 20 }, () => scene.connect('/stream/board/g1')))
    for (const client of clients) await client.take(1)
    scene.feed.set('board', 'g1', 'a', 1)
    await scene.server.close()
    for (const client of clients) {
      expect((await client.closed).code).toBe(1012)
      expect(client.received).toEqual([1])
    }
    expect(scene.payloadsOf('on-leave')).toHaveLength(20)
    expect(scene.feed.listeners.size).toBe(0)
  })

  it('does not wait for peers that do not answer, nor for a join handler that hangs', async () => {
    const scene = await StreamScene.open()
    scene.bind('stream:join', 'slow')
    scene.provide('slow', () => new Promise(() => {}))
    const waiting = await scene.connect()
    waiting.join('s-1', 'board', 'g1')
    await scene.called('slow')
    const stuck = await scene.connect()
    stuck.socket.pause()
    const halfOpen = await connectionTo(scene.server.address.port)
    halfOpen.write('GET / HTTP/1.1\r\n')
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    const closed = scene.server.close()
    await vi.advanceTimersByTimeAsync(4_000)
    await closed
    await expect(connectionTo(scene.server.address.port)).rejects.toThrow()
  })
})

describe('the options', () => {
  it('have the defaults that the schema names', () => {
    const validate = new Ajv({ useDefaults: true }).compile({
      type: 'object',
      properties: CLIENT_LIMITS_SCHEMA,
      additionalProperties: false,
    })
    const config = {}
    expect(validate(config)).toBe(true)
    expect(config).toEqual(CLIENT_LIMIT_DEFAULTS)
    expect(validate({ max_buffered_frames: 0 })).toBe(false)
    expect(validate({ idle_timeout_ms: 2 ** 31 })).toBe(false)
    expect(validate({ idle_timeout_ms: 0 })).toBe(true)
  })

  it('give reasons that fit into a close frame', () => {
    const { tooSlow, tooManySubscriptions, ...fixed } = reasons
    const largest = { ...CLIENT_LIMIT_DEFAULTS, max_buffered_bytes: 2 ** 40, max_buffered_frames: 2 ** 40 }
    const all = [
      ...Object.values(fixed),
      tooSlow(largest),
      tooManySubscriptions('max_subscription_characters', 2 ** 40),
    ]
    for (const { reason } of all) expect(Buffer.byteLength(reason)).toBeLessThanOrEqual(123)
  })
})

async function takenPort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await new Promise((resolve) => server.once('listening', resolve))
  return (server.address() as AddressInfo).port
}

async function connectionTo(port: number): Promise<net.Socket> {
  const socket = net.connect(port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', () => resolve())
    socket.once('error', reject)
  })
  socket.on('error', () => {})
  return socket
}
