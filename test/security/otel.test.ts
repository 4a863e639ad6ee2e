// Hostile sockets beside the connections of workers: `/otel`, which takes telemetry and answers nothing, and the ends of channels.
import type { Socket } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { TelemetryPeers } from '../../core/gateway/telemetry-peers.ts'
import type { Worker } from '../../core/model/worker.ts'
import { within } from '../support/deadline.ts'
import { RawClient } from '../support/raw-client.ts'
import { DRIPS, sendFragments } from './drips.ts'
import { hostile, OPEN, SECRET, type Hostile } from './hostile-scene.ts'

const deep = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`
const LOG = (record: string): string => `LOGS{"resourceLogs":[{"scopeLogs":[{"logRecords":[${record}]}]}]}`

/** A socket on the listener for sessions. */
async function sideSocket({ core }: Hostile, path = '/otel'): Promise<RawClient> {
  const client = new RawClient(`${core.url(1)}${path}`)
  await client.opened()
  return client
}

/** Resolves when all that was sent on a socket has been handled. */
async function handled({ socket }: RawClient): Promise<void> {
  const answered = new Promise<void>((resolve) => socket.once('pong', () => resolve()))
  socket.ping()
  await within(5_000, 'a pong', answered)
}

function tcpOf({ socket }: RawClient): Socket {
  const { _socket: tcp } = socket as unknown as { _socket: Socket }
  return tcp
}

describe('On /otel', () => {
  test.each([
    ['no signal', Buffer.from('XXXX{}')],
    ['less than a signal', Buffer.from('LO')],
    ['nothing', Buffer.alloc(0)],
    ['a signal and no more', Buffer.from('LOGS')],
    ['bytes that are no UTF-8', Buffer.concat([Buffer.from('LOGS'), Buffer.alloc(1_000, 0xff)])],
    ['half of an export', Buffer.from('LOGS{"resourceLogs":[')],
    ['an export that nests deep', Buffer.from(`LOGS{"resourceLogs":${deep(100_000)}}`)],
    ['a record that nests deep', Buffer.from(LOG(`{"body":{"kvlistValue":${deep(100_000)}}}`))],
    ['members of the wrong type', Buffer.from('LOGS{"resourceLogs":{"length":1e9}}')],
    [
      'a record of prototypes',
      Buffer.from(LOG('{"__proto__":{"body":1},"attributes":[{"key":"__proto__","value":{}}]}')),
    ],
    [
      'a record of a megabyte',
      Buffer.from(LOG(`{"severityNumber":9,"body":{"stringValue":"${'x'.repeat(1_000_000)}"}}`)),
    ],
    [
      'control characters',
      Buffer.from(LOG(String.raw`{"severityNumber":9,"body":{"stringValue":"\u001b[2J\u0000\r\nfake line"}}`)),
    ],
    [
      'metrics of nobody',
      Buffer.from('MTRC{"key":"worker.id","value":{"stringValue":"00000000-0000-0000-0000-000000000000"}}'),
    ],
    ['spans that are none', Buffer.from('OTLP\u0000')],
  ])('%s changes nothing, and is a short line of the log at most', async (_what, frame) => {
    const scene = await hostile()
    const client = await sideSocket(scene)
    const before = scene.core.lines.length
    client.socket.send(frame)
    await handled(client)
    expect(client.socket.readyState).toBe(1)
    const lines = scene.core.lines.slice(before).filter((line) => !line.includes('"level":"debug"'))
    expect(lines.length).toBeLessThanOrEqual(1)
    for (const line of lines) expect([line.length < 20_000, line.includes(String.raw`\u001b`)]).toEqual([true, false])
    expect((await scene.trusted.call(OPEN, 1)).result).toBe(1)
  })

  test('Nothing of what a worker could say is heard, as text or in bytes', async () => {
    const scene = await hostile()
    const client = await sideSocket(scene)
    const workers = scene.core.core.router.workers.size
    for (const message of [
      { type: 'registerfunction', id: 'theirs::f' },
      { type: 'invokefunction', invocation_id: 'i', function_id: OPEN, data: 1 },
      { type: 'invokefunction', function_id: SECRET, data: 1, action: { type: 'void' } },
      { type: 'invokefunction', invocation_id: 'w', function_id: 'engine::workers::register', data: { name: 'me' } },
      { type: 'reattach', token: scene.session.token },
      { type: 'ping' },
    ]) {
      client.send(message)
      client.socket.send(Buffer.from(JSON.stringify(message)))
    }
    await handled(client)
    expect(client.frames).toEqual([])
    expect(scene.core.core.router.workers.size).toBe(workers)
    expect((await scene.trusted.call('theirs::f', {})).error?.code).toBe('function_not_found')
    expect(scene.trusted.calls(OPEN)).toEqual([])
  })

  test('A flood of records, of junk and of what cannot be read is some lines of the log, with the number of the rest', async () => {
    const scene = await hostile()
    const { core, trusted } = scene
    const client = await sideSocket(scene)
    for (let index = 0; index < 3_000; index++) {
      client.socket.send(Buffer.from(LOG(`{"severityNumber":17,"body":{"stringValue":"record ${index}"}}`)))
      client.socket.send(Buffer.from(`LOGS{bad ${index}`))
      client.socket.send(Buffer.from(`junk ${index}`))
    }
    await handled(client)
    expect((await trusted.call(OPEN, 1)).result).toBe(1)
    const records = core.lines.filter((line) => line.includes('"record '))
    // A hundred in each second, of which this takes a few on the slowest machine.
    expect(records.length).toBeLessThan(1_500)
    const others = core.lines.filter((line) => !line.includes('"record ') && !line.includes('"level":"debug"'))
    expect(others.length).toBeLessThan(100)
    expect(others.join('\n')).toContain('binary frame without a telemetry prefix on /otel dropped')
  })

  test('Who is refused has nothing of what it sent at once taken', async () => {
    const scene = await hostile({
      decide: ({ query_params: { token } }) => {
        if (token !== undefined) throw new Error('not this one')
        return {}
      },
    })
    const client = new RawClient(`${scene.core.url(1)}/otel?token=x`)
    await client.opened()
    client.socket.send(Buffer.from(LOG('{"severityNumber":17,"body":{"stringValue":"early"}}')))
    expect((await client.closed).code).toBe(1008)
    expect(scene.core.telemetry).toEqual([])
    expect(scene.core.lines.join('')).not.toContain('early')
  })

  test('A thousand sockets, and a thousand metrics of one, that ask whose they are look through the connections a hundred times at most', () => {
    let looks = 0
    const peers = new TelemetryPeers(() => {
      looks++
      return [] as Worker[]
    })
    const open = Array.from({ length: 1_000 }, () => peers.open('127.0.0.1'))
    expect(open.map(({ name }) => name)).toEqual(open.map(() => undefined))
    const metrics = (id: number): string =>
      `MTRC{"key":"worker.id","value":{"stringValue":"00000000-0000-0000-0000-${String(id).padStart(12, '0')}"}}`
    for (let id = 0; id < 1_000; id++) open[0]!.sawMetrics(Buffer.from(metrics(id)))
    expect(looks).toBeGreaterThan(0)
    expect(looks).toBeLessThanOrEqual(100)
  })
})

describe.each(['/otel', 'a channel'])('On %s', (where) => {
  async function socketOn(scene: Hostile): Promise<RawClient> {
    if (where === '/otel') return sideSocket(scene)
    const { result } = await scene.session.call('engine::channels::create', {})
    const { channel_id: id, access_key: key } = (result as { writer: Record<string, string> }).writer
    return sideSocket(scene, `/ws/channels/${id}?key=${key}&dir=write`)
  }

  test.each(DRIPS)('who sends %s is dropped after idle_timeout_ms', async (_what, first, rest) => {
    const scene = await hostile({ listener: { idle_timeout_ms: 300, ping_interval_ms: 100 } })
    const client = await socketOn(scene)
    const tcp = tcpOf(client)
    tcp.write(Buffer.from(first))
    const dripping = setInterval(() => tcp.write(Buffer.from(rest)), 20)
    onTestFinished(() => clearInterval(dripping))
    await within(5_000, 'the end of the connection', client.closed)
    expect((await scene.trusted.call(OPEN, 1)).result).toBe(1)
  })

  test('who sends whole messages in fragments, and then nothing, is not dropped', async () => {
    const scene = await hostile({ listener: { idle_timeout_ms: 200, ping_interval_ms: 100 } })
    const client = await socketOn(scene)
    await sendFragments(tcpOf(client), 300)
    await sendFragments(tcpOf(await socketOn(scene)), 300)
    await handled(client)
    expect(client.socket.readyState).toBe(1)
  })
})
