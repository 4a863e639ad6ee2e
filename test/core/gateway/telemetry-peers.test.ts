// Whose records come on `/otel`: what is shown of it in the engine's log.
import { expect, test } from 'vitest'
import { TelemetryPeers } from '../../../core/gateway/telemetry-peers.ts'
import type { Worker } from '../../../core/model/worker.ts'
import { RawClient } from '../../support/raw-client.ts'
import { startCore, type TestCore } from '../../support/test-core.ts'

async function otel(core: TestCore): Promise<RawClient> {
  const client = new RawClient(`${core.url()}/otel`)
  await client.opened()
  return client
}

function logs(body: string, severityNumber = 9): Buffer {
  const logRecords = [{ severityNumber, body: { stringValue: body } }]
  const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'iii-node' } }] }
  return Buffer.from(`LOGS${JSON.stringify({ resourceLogs: [{ resource, scopeLogs: [{ logRecords }] }] })}`)
}

const metrics = (workerId: string): Buffer =>
  Buffer.from(
    `MTRC${JSON.stringify({ resourceMetrics: [{ attributes: [{ key: 'worker.id', value: { stringValue: workerId } }] }] })}`,
  )

async function line(core: TestCore, body: string): Promise<Record<string, unknown>> {
  const find = () =>
    core.lines.map((json) => JSON.parse(json) as Record<string, unknown>).find(({ msg }) => msg === body)
  await expect.poll(find, { timeout: 5_000 }).toBeDefined()
  return find()!
}

test('records of the only worker that came with the socket have its name', async () => {
  const core = await startCore()
  const socket = await otel(core)
  await core.connect({ name: 'images' })
  socket.socket.send(logs('hello'))
  expect(await line(core, 'hello')).toMatchObject({ level: 'info', worker: 'images', service: 'iii-node' })
})

test('of several workers the one that the metrics name has the records', async () => {
  const core = await startCore()
  const [first] = await Promise.all([core.connect({ name: 'first' }), core.connect({ name: 'second' })])
  const socket = await otel(core)
  socket.socket.send(metrics(first.workerId))
  socket.socket.send(logs('mine'))
  expect(await line(core, 'mine')).toMatchObject({ worker: 'first' })
})

test('records on the connection of a worker itself are its own', async () => {
  const core = await startCore()
  const client = await core.connect({ name: 'images' })
  client.socket.send(logs('uh', 17))
  expect(await line(core, 'uh')).toMatchObject({ level: 'error', worker: 'images' })
})

test('while a plugin holds the seat `telemetry` it gets the records, and the log does not', async () => {
  const core = await startCore()
  const client = await core.connect({ name: 'images' })
  const { slot } = core.plugin('observer', { 'engine::seat::telemetry': () => null })
  client.socket.send(logs('for the plugin'))
  await client.settled()
  core.core.router.removeSlot(slot)
  client.socket.send(logs('for the log'))
  await line(core, 'for the log')
  expect(core.lines.join('')).not.toContain('for the plugin')
})

test('an export that is no JSON is one warning, and the connection stays', async () => {
  const core = await startCore()
  const client = await core.connect({ name: 'images' })
  for (let n = 0; n < 3; n++) client.socket.send(Buffer.from('LOGS{bad'))
  client.socket.send(logs('still here'))
  await line(core, 'still here')
  expect(core.logged('warn').map(({ msg }) => msg)).toEqual(['log records of a worker could not be read'])
})

/** Sockets that are opened while workers are there that connected so many milliseconds after the first of them. */
function peersBeside(connected: Readonly<Record<string, number>>, sockets: readonly string[]): (string | undefined)[] {
  let workers: Worker[] = []
  const peers = new TelemetryPeers(() => workers)
  const opened = sockets.map((ip) => peers.open(ip))
  workers = Object.entries(connected).map(
    ([id, ms]) =>
      ({
        id,
        name: id,
        phase: 'open',
        ipAddress: '127.0.0.1',
        announcement: {},
        connectedMs: opened[0]!.openedMs + ms,
      }) as Worker,
  )
  return opened.map(({ name }) => name)
}

test('where several came with a socket none is named', () => {
  expect(peersBeside({ first: -40, second: 50 }, ['127.0.0.1'])).toEqual([undefined])
})

test('of several that came with a socket the one that is much nearer in time has it', () => {
  expect(peersBeside({ earlier: -400, later: 600 }, ['127.0.0.1', '127.0.0.1'])).toEqual(['earlier', 'later'])
})

test('a worker of another address does not have the socket', () => {
  expect(peersBeside({ only: 0 }, ['10.0.0.1'])).toEqual([undefined])
})
