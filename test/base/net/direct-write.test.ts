// What writes past a socket's stream come to, and that bytes stay in order whichever way they go.
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { randomUUID } from 'node:crypto'
import { expect, onTestFinished, test } from 'vitest'
import { writeDirectly, type DirectWrite } from '../../../base/net/direct-write.ts'
import { within } from '../../support/deadline.ts'

interface Pair {
  readonly near: Socket
  readonly far: Socket
}

async function connected(path?: string): Promise<Pair> {
  const server = createServer().listen(path === undefined ? { port: 0, host: '127.0.0.1' } : { path })
  await once(server, 'listening')
  const accepted = once(server, 'connection') as Promise<[Socket]>
  const far = path === undefined ? connect((server.address() as AddressInfo).port, '127.0.0.1') : connect(path)
  const [near] = await accepted
  onTestFinished(() => {
    far.destroy()
    near.destroy()
    server.close()
  })
  return { near, far: far.pause() }
}

/** Everything that comes until the other end has ended. */
async function received(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of socket) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

const BLOCK = 64 * 1024

/** Writes numbered blocks until one of them waits. */
function fill(near: Socket, written: () => void): number {
  for (let count = 1; ; count++) {
    const outcome = writeDirectly(near, Buffer.alloc(BLOCK, count % 251), { directlyWritten: written })
    if (outcome === 'waiting') return count
    expect(outcome).toBe('done')
  }
}

test('what the kernel takes is done at once, and nobody is called back', async () => {
  const { near, far } = await connected()
  const outcomes: DirectWrite[] = []
  for (const text of ['one ', 'two ', 'three']) {
    outcomes.push(writeDirectly(near, Buffer.from(text), { directlyWritten: () => expect.unreachable() }))
  }
  expect(outcomes).toEqual(['done', 'done', 'done'])
  near.end()
  expect((await within(5_000, 'the end', received(far))).toString()).toBe('one two three')
})

test('what a peer does not read waits, and what is written later comes after it', async () => {
  const { near, far } = await connected()
  const written = Promise.withResolvers<void>()
  let calls = 0
  const count = fill(near, () => {
    calls++
    written.resolve()
  })
  near.write('behind it')
  expect(calls).toBe(0)
  near.end()
  const bytes = await within(5_000, 'the end', received(far))
  await within(5_000, 'the callback', written.promise)
  expect(calls).toBe(1)
  expect(bytes.length).toBe(count * BLOCK + 'behind it'.length)
  for (let block = 0; block < count; block++) {
    const part = bytes.subarray(block * BLOCK, (block + 1) * BLOCK)
    expect(part.equals(Buffer.alloc(BLOCK, (block + 1) % 251))).toBe(true)
  }
  expect(bytes.subarray(count * BLOCK).toString()).toBe('behind it')
})

test('it is refused while the stream has something to write', async () => {
  const { near, far } = await connected()
  near.cork()
  near.write('first ')
  expect(writeDirectly(near, Buffer.from('never'), { directlyWritten: () => expect.unreachable() })).toBe('refused')
  near.uncork()
  near.end('second')
  expect((await within(5_000, 'the end', received(far))).toString()).toBe('first second')
})

test('it is refused after the end, and for what is no TCP socket', async () => {
  const never = { directlyWritten: (): void => expect.unreachable() }
  const { near } = await connected()
  near.end()
  expect(writeDirectly(near, Buffer.from('x'), never)).toBe('refused')
  near.destroy()
  expect(writeDirectly(near, Buffer.from('x'), never)).toBe('refused')
  expect(writeDirectly(new PassThrough(), Buffer.from('x'), never)).toBe('refused')
  const name = randomUUID()
  const pipe = await connected(
    process.platform === 'win32' ? join('\\\\.\\pipe', name) : join(tmpdir(), `${name}.sock`),
  )
  expect(writeDirectly(pipe.near, Buffer.from('x'), never)).toBe('refused')
})

test('the end of the socket ends what waits', async () => {
  const { near } = await connected()
  const written = Promise.withResolvers<void>()
  fill(near, written.resolve)
  near.destroy()
  await within(5_000, 'the callback', written.promise)
})

test('a peer that is gone ends the socket with an error', async () => {
  const { near, far } = await connected()
  const written = Promise.withResolvers<void>()
  fill(near, written.resolve)
  const failed = once(near, 'error')
  far.resetAndDestroy()
  await within(5_000, 'the callback', written.promise)
  expect(((await within(5_000, 'the error', failed)) as [Error])[0]).toBeInstanceOf(Error)
})
