// Sessions that send too much, too slowly, or what is no message: bounded in memory and in the log, and nobody else notices.
import { connect, type Socket } from 'node:net'
import { expect, onTestFinished, test, vi } from 'vitest'
import { within } from '../support/deadline.ts'
import { PUBLIC } from '../core/gateway/session-scene.ts'
import { hostile, OPEN, SECRET, warningsAbout } from './hostile-scene.ts'

test('A flood of refused calls, void calls and registrations is a few lines of the log, with their number', async () => {
  const scene = await hostile({ decide: () => ({ allow_function_registration: false, allowed_trigger_types: [] }) })
  const { core, session } = scene
  for (let index = 0; index < 500; index++) {
    const function_id = `secret::${index}`
    session.send({ type: 'invokefunction', invocation_id: `${index}`, function_id, data: {} })
    session.send({ type: 'invokefunction', function_id, data: {}, action: { type: 'void' } })
    session.send({ type: 'registerfunction', id: function_id })
    session.send({ type: 'registertriggertype', id: function_id, description: '' })
    session.send({ type: 'registertrigger', id: function_id, trigger_type: 'tick', function_id, config: {} })
    session.send({ type: 'registerfunction', id: `engine::${index}` })
    session.send('{"type":"invokefunction","function_id":5}')
  }
  await session.settled()
  const lines = core.lines.filter((line) => !line.includes('"level":"debug"'))
  // Per second one of each kind; the flood takes less than a few seconds even on a slow machine.
  expect(lines.length).toBeLessThan(60)
  expect(warningsAbout(scene).length).toBeGreaterThan(2)
  expect(core.core.router.warnings.total).toBeGreaterThanOrEqual(2500)
})

test('A session that is told of all functions by a thousand triggers has them listed once, not a thousand times', async () => {
  const { core, session } = await hostile()
  await session.provided('own::f')
  const bind = (index: number): void =>
    session.send({
      type: 'registertrigger',
      id: `t${index}`,
      trigger_type: 'engine::functions-available',
      function_id: 'own::f',
      config: {},
      metadata: { index },
    })
  for (let index = 0; index < 1_000; index++) bind(index)
  await session.until(() => session.calls('own::f').length === 1_000, 'the first events')
  const listed = vi.spyOn(core.core.router.functions, 'all')
  onTestFinished(() => listed.mockRestore())
  await session.provided('own::g')
  await session.until(() => session.calls('own::f').length === 2_000, 'the next events')
  expect(listed.mock.calls.length).toBeLessThan(10)
  const told = session.calls('own::f').slice(1_000)
  expect(new Set(told.map(({ data }) => JSON.stringify((data as { functions: unknown }).functions))).size).toBe(1)
})

test('An id of a megabyte is not written into the log', async () => {
  const scene = await hostile()
  const { core, session } = scene
  const id = 'x'.repeat(1 << 20)
  expect((await session.call(id, {})).error?.code).toBe('FORBIDDEN')
  session.send({ type: 'invokefunction', function_id: id, data: {}, action: { type: 'void' } })
  session.send({ type: 'registerfunction', id: `engine::${id}` })
  await session.settled()
  expect(Math.max(...core.lines.map(({ length }) => length))).toBeLessThan(5000)
  expect(warningsAbout(scene).length).toBeGreaterThan(0)
})

test.each([
  [
    'a giant frame',
    (): string => `{"type":"invokefunction","function_id":"${OPEN}","data":"${'x'.repeat(70_000)}"}`,
    1009,
  ],
  ['a frame with text that is no UTF-8', (): Buffer => Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0xff, 0xfe]), 1007],
])('%s closes the session and nothing else', async (_what, frame, code) => {
  const { trusted, session } = await hostile({ listener: { max_frame_bytes: 65_536 } })
  const { _socket: tcp } = session.socket as unknown as { _socket: Socket }
  const sent = frame()
  if (typeof sent === 'string') session.send(sent)
  else tcp.write(sent)
  expect((await session.closed).code).toBe(code)
  expect((await trusted.call(OPEN, 'still there')).result).toBe('still there')
})

test.each([
  ['nothing', ''],
  ['half a frame', '{"type":"invokefunction","invocation_id":"'],
  ['no object', '[1,2,3]'],
  ['a number', '5'],
  ['a lone surrogate', '"\\ud800"'],
  ['members of the wrong type', '{"type":"registerfunction","id":{}}'],
  ['a trigger without a target', '{"type":"registertrigger","id":"t","trigger_type":"x"}'],
  ['an object of prototypes', '{"__proto__":{"type":"invokefunction"},"constructor":{"prototype":{}}}'],
  [
    'a deep config',
    `{"type":"registertrigger","id":"t","trigger_type":"x","function_id":"y","config":${'['.repeat(9000)}${']'.repeat(9000)}}`,
  ],
  [
    'a deep payload',
    `{"type":"invokefunction","invocation_id":"i","function_id":"${OPEN}","data":${'{"a":'.repeat(9000)}1${'}'.repeat(9000)}}`,
  ],
  [
    'a deep payload without end',
    `{"type":"invokefunction","invocation_id":"i","function_id":"${OPEN}","data":${'['.repeat(60_000)}`,
  ],
  [
    'a deep action',
    `{"type":"invokefunction","invocation_id":"i","function_id":"${OPEN}","data":1,"action":${'['.repeat(9000)}${']'.repeat(9000)}}`,
  ],
  ['a deep frame of no type', `${'['.repeat(30_000)}${']'.repeat(30_000)}`],
])('After %s the session and everybody else go on', async (_what, frame) => {
  const { core, trusted, session } = await hostile()
  session.send(frame)
  expect((await session.call(OPEN, 'well')).result).toBe('well')
  expect((await trusted.call(OPEN, 'well')).result).toBe('well')
  expect([...core.core.triggers.bindings()]).toEqual([])
  expect(core.logged('error')).toEqual([])
})

test('Calls that are malformed, refused or too deep take nothing of what a worker may have in flight', async () => {
  const { core, trusted, session } = await hostile({ listener: { max_depth: 10 } })
  const worker = core.core.router.workers.get(trusted.workerId)
  const deep = `${'['.repeat(50)}${']'.repeat(50)}`
  for (let index = 0; index < 1000; index++) {
    const head = `{"type":"invokefunction","invocation_id":"m${index}","function_id":"${OPEN}"`
    session.send(`${head},"data":${deep}}`)
    session.send(`${head},"data":{"a" "b"}}`)
    session.send(`${head},"data":1,"action":{"type":"other"}}`)
    session.send(`${head},"data":1,"namespace":" "}`)
    session.send(`${head},"data":1,"namespace":5}`)
    session.send({ type: 'invokefunction', invocation_id: `r${index}`, function_id: SECRET, data: {} })
  }
  await session.settled()
  expect([worker?.inFlight, worker?.waiting, worker?.inFlightBytes]).toEqual([0, 0, 0])
  const own = core.core.router.workers.get(session.workerId)
  expect([own?.inFlight, own?.waiting]).toEqual([0, 0])
  expect(session.of('invocationresult')).toHaveLength(6001)
  expect((await session.call(OPEN, 1)).result).toBe(1)
})

test('Answers that are malformed end the calls that they are for, and count no more', async () => {
  const { core, trusted, session } = await hostile({ listener: { max_depth: 10 } })
  await session.provided('mine::f')
  const calls = Array.from({ length: 100 }, () => trusted.call('mine::f', {}))
  await session.until(() => session.calls('mine::f').length === 100, 'the calls')
  for (const [index, { invocation_id: id }] of session.calls('mine::f').entries()) {
    const result = index % 2 === 0 ? '{"a" "b"}' : `${'['.repeat(50)}${']'.repeat(50)}`
    session.send(
      `{"type":"invocationresult","invocation_id":"${String(id)}","function_id":"mine::f","result":${result}}`,
    )
  }
  for (const { error } of await Promise.all(calls)) expect(error?.code).toBe('invalid_message')
  expect(core.core.router.workers.get(session.workerId)?.inFlight).toBe(0)
})

// ── slowly ───────────────────────────────────────────────────────────────────────────────────────────────────────────

test('Who does not finish the handshake is cut off, header by header too', async () => {
  const { core } = await hostile({ listener: { handshake_timeout_ms: 300 } })
  const { port } = core.listener(PUBLIC)
  const sockets = await Promise.all(Array.from({ length: 20 }, () => open(port)))
  const dripping = setInterval(() => {
    for (const socket of sockets) socket.write('X-Slow: a\r\n')
  }, 20)
  onTestFinished(() => clearInterval(dripping))
  for (const socket of sockets) socket.write('GET / HTTP/1.1\r\nHost: x\r\n')
  await within(
    5000,
    'the end of all',
    Promise.all(sockets.map((socket) => new Promise((end) => socket.once('close', end)))),
  )
})

test.each([
  ['a frame byte by byte', [0x81, 0xfe, 0xff, 0xff, 0, 0, 0, 0], [0x20]],
  [
    'fragments without end, and pongs between',
    [0x01, 0x81, 0, 0, 0, 0, 0x20],
    [0x00, 0x81, 0, 0, 0, 0, 0x20, 0x8a, 0x80, 0, 0, 0, 0],
  ],
  ['half a header', [0x81], []],
])('Who sends %s is dropped after idle_timeout_ms', async (_what, first, rest) => {
  const { core, session, trusted } = await hostile({ listener: { idle_timeout_ms: 300, ping_interval_ms: 0 } })
  const { _socket: tcp } = session.socket as unknown as { _socket: Socket }
  tcp.write(Buffer.from(first))
  const dripping = setInterval(() => rest.length > 0 && tcp.write(Buffer.from(rest)), 20)
  onTestFinished(() => clearInterval(dripping))
  await within(5000, 'the end of the session', session.closed)
  expect(core.core.router.workers.has(session.workerId)).toBe(false)
  expect((await trusted.call(OPEN, 1)).result).toBe(1)
})

test('Who sends whole messages, in fragments too, or only pongs, is not dropped', async () => {
  const { core, session } = await hostile({ listener: { idle_timeout_ms: 400, ping_interval_ms: 0 } })
  const { _socket: tcp } = session.socket as unknown as { _socket: Socket }
  const whole = [0x01, 0x81, 0, 0, 0, 0, 0x20, 0x80, 0x81, 0, 0, 0, 0, 0x20]
  const pong = [0x8a, 0x80, 0, 0, 0, 0]
  let turns = 0
  await new Promise<void>((resolve) => {
    const sending = setInterval(() => {
      tcp.write(Buffer.from(turns % 2 === 0 ? whole : pong))
      if (++turns < 60) return
      clearInterval(sending)
      resolve()
    }, 20)
  })
  await session.settled()
  expect(core.core.router.workers.has(session.workerId)).toBe(true)
})

function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  onTestFinished(() => void socket.destroy())
  return new Promise((resolve) => socket.once('connect', () => resolve(socket)))
}
