// Who may connect (spec 02 §6.3 and §6.6, 09 §4, checks 36, 38), and what becomes of those who may not or never finish.
import http from 'node:http'
import net from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { within } from '../../support/deadline.ts'
import { StreamScene } from '../../support/stream-scene.ts'

describe('the auth function', () => {
  it('gets headers, path, query and address before the upgrade; its context goes to joins and leaves', async () => {
    const scene = await StreamScene.open({ auth_function: 'auth' })
    scene.bind('stream:join', 'on-join')
    scene.bind('stream:leave', 'on-leave')
    scene.provide('auth', () => ({ context: { userId: 'u7' }, more: 1 }))
    scene.provide('on-join', () => ({}))
    scene.provide('on-leave', () => null)
    const client = await scene.connect('/?a=1&a=2&b=&c&=x&%64=%C3%BC+&e=%zz', {
      headers: { Authorization: 'Bearer t', 'X-Odd': 'a\u00e9b' },
    })
    await client.joined('s-1', 'board', 'g1')
    client.leave('s-1', 'board', 'g1')
    await scene.called('on-leave')
    const [{ timeoutMs, payload }] = scene.calls.items as any[]
    expect(timeoutMs).toBe(30_000)
    expect(payload).toEqual({
      headers: expect.objectContaining({ authorization: 'Bearer t', upgrade: 'websocket' }),
      path: '/',
      query_params: { a: ['1', '2'], b: [''], c: [''], d: ['ü+'], e: ['%zz'] },
      addr: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
    })
    expect(payload.headers).not.toHaveProperty('x-odd')
    expect(scene.payloadsOf('on-join')).toMatchObject([{ context: { userId: 'u7' } }])
    expect(scene.payloadsOf('on-leave')).toMatchObject([{ context: { userId: 'u7' } }])
  })

  it('gets the real path of the URL form, and the last of repeated headers', async () => {
    const scene = await StreamScene.open({ auth_function: 'auth' })
    scene.provide('auth', () => ({}))
    await scene.connect('/stream/bo%61rd/g1/', { headers: { 'X-Twice': ['one', 'two'] as never } })
    expect(scene.payloadsOf('auth')).toMatchObject([{ path: '/stream/bo%61rd/g1/', headers: { 'x-twice': 'two' } }])
  })

  const failures: [string, () => unknown][] = [
    [
      'an error',
      () => {
        throw new Error('broken')
      },
    ],
    ['nothing', () => undefined],
    ['null', () => null],
    ['text', () => 'yes'],
    ['an array', () => [1]],
    ['no answer in time', () => new Promise(() => {})],
  ]
  it.each(failures)('%s lets the client in without context', async (_what, auth) => {
    const scene = await StreamScene.open({ auth_function: 'auth', auth_timeout_ms: 50 })
    scene.bind('stream:join', 'on-join')
    scene.provide('auth', auth)
    scene.provide('on-join', () => ({}))
    const client = await scene.connect()
    await client.joined('s-1', 'board', 'g1')
    expect(scene.payloadsOf('on-join')).toMatchObject([{ context: null }])
  })

  it.each([...failures, ['{unauthorized: true}', () => ({ unauthorized: true, context: {} })] as const])(
    'with auth_required %s refuses with 401',
    async (_what, auth) => {
      const scene = await StreamScene.open({ auth_function: 'auth', auth_required: true, auth_timeout_ms: 50 })
      scene.provide('auth', auth)
      await expect(scene.connect()).rejects.toThrow('HTTP 401')
    },
  )

  it('that is missing refuses with auth_required, and {unauthorized: true} counts only then', async () => {
    const strict = await StreamScene.open({ auth_function: 'nobody', auth_required: true })
    await expect(strict.connect()).rejects.toThrow('HTTP 401')
    const open = await StreamScene.open({ auth_function: 'auth' })
    open.provide('auth', () => ({ unauthorized: true }))
    await open.connect()
  })

  it('with auth_required an object lets in', async () => {
    const scene = await StreamScene.open({ auth_function: 'auth', auth_required: true })
    scene.provide('auth', () => ({}))
    await (await scene.connect()).joined('s-1', 'board', 'g1')
  })

  it('auth_required without auth_function is an error at start', async () => {
    await expect(StreamScene.open({ auth_required: true })).rejects.toThrow(
      '`auth_required` is true, but `auth_function` is not set',
    )
  })

  it('a client that goes while it is asked about leaves nothing behind', async () => {
    const scene = await StreamScene.open({ auth_function: 'auth', max_connections: 1 })
    const { promise: gate, resolve: open } = Promise.withResolvers<object>()
    scene.provide('auth', () => gate)
    const socket = rawUpgrade(scene)
    await scene.called('auth')
    socket.destroy()
    open({})
    // The place is free again as soon as the server has seen the end.
    await within(5_000, 'room', connectsAtLast(scene))
  })

  it('messages sent before it has decided are handled afterwards', async () => {
    const scene = await StreamScene.open({ auth_function: 'auth' })
    const { promise: gate, resolve: open } = Promise.withResolvers<object>()
    scene.provide('auth', () => gate)
    const socket = rawUpgrade(scene)
    await scene.called('auth')
    const join = '{"type":"join","data":{"subscriptionId":"s","streamName":"board","groupId":"g1"}}'
    socket.write(Buffer.concat([Buffer.from([0x81, 0x80 | join.length, 0, 0, 0, 0]), Buffer.from(join)]))
    open({})
    await within(5_000, 'the sync', untilText(socket, '"type":"sync"'))
  })
})

it('an IPv6 address is told in brackets', async () => {
  const scene = await StreamScene.open({ auth_function: 'auth', host: '::1' })
  scene.provide('auth', () => ({}))
  await scene.connect()
  expect(scene.payloadsOf('auth')[0].addr).toMatch(/^\[::1\]:\d+$/)
})

describe('sub-protocols', () => {
  it('the first one offered is chosen, and the auth function sees all', async () => {
    const scene = await StreamScene.open({ auth_function: 'auth' })
    scene.provide('auth', () => ({}))
    const client = await scene.connect('/', { protocols: ['Authorization', 'tok'] })
    expect(client.socket.protocol).toBe('Authorization')
    expect(scene.payloadsOf('auth')[0].headers['sec-websocket-protocol']).toBe('Authorization,tok')
  })

  it('none offered, none chosen', async () => {
    const scene = await StreamScene.open()
    expect((await scene.connect()).socket.protocol).toBe('')
  })
})

describe('the origin of a web page', () => {
  const origin = 'https://app.example.com'

  it.each([
    ['none', undefined, {}, true],
    ['loopback', 'http://localhost:8080', {}, true],
    ['another', origin, {}, false],
    ['an opaque one', 'null', {}, false],
    ['one that only looks like loopback', 'http://localhost.example.com', {}, false],
    ['one of allowed_origins', origin, { allowed_origins: ['HTTPS://app.example.com'] }, true],
    ['one of allowed_origins, with the usual port', origin, { allowed_origins: ['https://app.example.com:443'] }, true],
    ['any, allowed', origin, { allowed_origins: ['*'] }, true],
    ['another than the allowed', 'https://evil.example.com', { allowed_origins: [origin] }, false],
    ['another, with an auth function', origin, { auth_function: 'auth' }, true],
    [
      'not allowed, with an auth function',
      origin,
      { auth_function: 'auth', allowed_origins: ['https://x.test'] },
      false,
    ],
    ['another, on all interfaces', origin, { host: '0.0.0.0' }, true],
  ])('%s', async (_what, header, settings, accepted) => {
    const scene = await StreamScene.open(settings)
    scene.provide('auth', () => ({}))
    const connecting = scene.connect('/', header === undefined ? {} : { headers: { Origin: header } })
    if (accepted) await connecting
    else {
      await expect(connecting).rejects.toThrow('HTTP 403')
      expect(scene.warnings()).toEqual([expect.stringContaining(`'${header}' was refused`)])
    }
  })
})

describe('HTTP', () => {
  it.each([
    ['/', 426],
    ['/stream/board/g1', 426],
    ['/nope', 404],
  ])('a plain GET of %s gets %i', async (path, status) => {
    const scene = await StreamScene.open()
    expect((await fetch(`${scene.url.replace('ws', 'http')}${path}`)).status).toBe(status)
  })

  it('a connection above max_connections gets 503 with Retry-After, until there is room', async () => {
    const scene = await StreamScene.open({ max_connections: 2 })
    await scene.connect()
    const second = await scene.connect()
    const response = await upgradeResponse(scene)
    expect([response.statusCode, response.headers['retry-after']]).toEqual([503, '5'])
    expect(scene.warnings()).toEqual([expect.stringContaining('max_connections')])
    await second.close()
    await scene.untilClients(1)
    await connectsAtLast(scene)
  })

  it('a connection above max_connections_per_address gets 429, until one of that address has gone', async () => {
    const scene = await StreamScene.open({ max_connections_per_address: 2 })
    await scene.connect()
    const second = await scene.connect()
    expect((await upgradeResponse(scene)).statusCode).toBe(429)
    expect(scene.warnings()).toEqual([expect.stringContaining('127.0.0.1 has 2 clients')])
    await second.close()
    await scene.untilClients(1)
    await connectsAtLast(scene)
  })

  it.each(['', 'GET / HTTP/1.1\r\nHost: x\r\nUpgr'])(
    'a peer that says %j and no more is dropped',
    async (beginning) => {
      const scene = await StreamScene.open({ handshake_timeout_ms: 100 })
      const socket = connectRaw(scene)
      socket.write(beginning)
      await within(5_000, 'the end', new Promise((resolve) => socket.once('close', resolve)))
    },
  )

  it('a changed handshake_timeout_ms counts for the running listener', async () => {
    const scene = await StreamScene.open()
    await scene.server.reconfigure({ port: 0, handshake_timeout_ms: 100 })
    const socket = connectRaw(scene)
    await within(5_000, 'the end', new Promise((resolve) => socket.once('close', resolve)))
  })

  it('a broken handshake is refused and nobody else notices', async () => {
    const scene = await StreamScene.open()
    const client = await scene.connect()
    const socket = connectRaw(scene)
    socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
    await untilText(socket, '400 Bad Request')
    await client.joined('s-1', 'board', 'g1')
  })
})

function connectRaw(scene: StreamScene): net.Socket {
  const { host, port } = scene.server.address
  const socket = net.connect(port, host)
  socket.on('error', () => {})
  socket.resume()
  onTestFinished(() => void socket.destroy())
  return socket
}

const UPGRADE_HEADERS = {
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==',
}

function rawUpgrade(scene: StreamScene): net.Socket {
  const socket = connectRaw(scene)
  const headers = Object.entries(UPGRADE_HEADERS).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.write(`GET / HTTP/1.1\r\nHost: x\r\n${headers.join('')}\r\n`)
  return socket
}

function upgradeResponse(scene: StreamScene): Promise<http.IncomingMessage> {
  const { host, port } = scene.server.address
  return new Promise((resolve, reject) => {
    const request = http.get({ host, port, headers: UPGRADE_HEADERS })
    request.once('response', (response) => {
      response.resume()
      resolve(response)
    })
    request.once('error', reject)
  })
}

async function connectsAtLast(scene: StreamScene): Promise<void> {
  for (;;) {
    try {
      await scene.connect()
      return
    } catch (error) {
      if (!(error as Error).message.includes('503')) throw error
    }
  }
}

async function untilText(socket: net.Socket, text: string): Promise<void> {
  let read = ''
  await new Promise<void>((resolve) => {
    socket.on('data', (chunk) => {
      read += chunk.toString('latin1')
      if (read.includes(text)) resolve()
    })
  })
}
