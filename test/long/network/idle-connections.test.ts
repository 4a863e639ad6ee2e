// Ten thousand connections that do nothing: what each costs, and that the engine serves on.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { within } from '../../support/deadline.ts'
import { engineUnderTest, report } from './engine-under-test.ts'
import type { RawWorker } from './raw-worker.ts'
import { residentMiB } from './resident-memory.ts'

const engine = engineUnderTest()
const WANTED = 10_000
/** Files that test and engine need beside the connections. */
const OTHER_FILES = 300
const AT_ONCE = 200
const KIB_EACH = 30

/** This process and the engine hold one file per connection each; Node raises its own limit to the hard one. */
function allowed(): number {
  const limit = /^Max open files\s+\d+\s+(\d+|unlimited)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]
  return limit === undefined || limit === 'unlimited' ? WANTED : Math.min(WANTED, Number(limit) - OTHER_FILES)
}

const ANNOUNCE = Buffer.from(
  '{"type":"invokefunction","function_id":"engine::workers::register","data":{"name":"idle"},"action":{"type":"void"}}',
)
/** RFC 6455 §5.2: a final text frame of 126 bytes or less, masked with zeros. */
const ANNOUNCE_FRAME = Buffer.concat([Buffer.from([0x81, 0x80 | ANNOUNCE.length, 0, 0, 0, 0]), ANNOUNCE])

/** A worker's connection as bare as can be: upgraded, its greeting awaited, announced, then nothing but what the kernel does. */
async function idleSocket(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  socket.write(
    'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  )
  await new Promise<void>((resolve, reject) => {
    let text = ''
    socket.once('close', () => reject(new Error(`closed after: ${text}`)))
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1')
      if (text.includes('workerregistered')) resolve()
    })
  })
  socket.removeAllListeners('data')
  socket.resume()
  socket.write(ANNOUNCE_FRAME)
  socket.on('error', () => {})
  return socket
}

async function workerCount(observer: RawWorker): Promise<number> {
  const { workers } = (await observer.result('engine::workers::list', {})) as { workers: unknown[] }
  return workers.length
}

it('10,000 idle connections cost little each, and others go on', async () => {
  const count = allowed()
  if (count < WANTED) report(`only ${count} connections: the limit of open files does not allow more`)
  const observer = await engine.connect('observer')
  const before = await workerCount(observer)
  const others = await engine.bystanders()
  const beforeMiB = residentMiB(engine.process.pid)
  const sockets: Socket[] = []
  onTestFinished(() => sockets.forEach((socket) => socket.destroy()))
  while (sockets.length < count) {
    const batch = Math.min(AT_ONCE, count - sockets.length)
    sockets.push(
      ...(await within(
        10_000,
        'connections',
        Promise.all(Array.from({ length: batch }, () => idleSocket(engine.folder.port))),
      )),
    )
  }
  // Two of the rows are the bystanders'.
  await expect.poll(() => workerCount(observer), { timeout: 10_000, interval: 500 }).toBe(before + 2 + count)
  const growthMiB = residentMiB(engine.process.pid) - beforeMiB
  report(`${count} idle connections: ${growthMiB} MiB, ${((growthMiB * 1024) / count).toFixed(1)} KiB each`)
  expect((growthMiB * 1024) / count).toBeLessThan(KIB_EACH)
  for (const socket of sockets) socket.destroy()
  await expect.poll(() => workerCount(observer), { timeout: 20_000 }).toBe(before + 2)
  const { calls, worstMs } = await others.stop()
  report(`${calls} calls of bystanders, the slowest ${worstMs} ms`)
}, 60_000)
