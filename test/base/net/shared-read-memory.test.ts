// That what is read into shared memory is all of it, in order, its receiver's to keep, and that all else of the socket is as before.
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { randomBytes } from 'node:crypto'
import { PassThrough } from 'node:stream'
import { expect, onTestFinished, test } from 'vitest'
import { shareReadMemory } from '../../../base/net/shared-read-memory.ts'
import { within } from '../../support/deadline.ts'

interface Reading {
  readonly near: Socket
  readonly far: Socket
  readonly chunks: Buffer[]
  /** Resolves when so many bytes have come. */
  come(bytes: number): Promise<Buffer>
}

async function connected(): Promise<{ near: Socket; far: Socket }> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const accepted = once(server, 'connection') as Promise<[Socket]>
  const far = connect((server.address() as AddressInfo).port, '127.0.0.1').setNoDelay(true)
  const [near] = await accepted
  onTestFinished(() => {
    far.destroy()
    near.destroy()
    server.close()
  })
  return { near, far }
}

/** A socket that is read into the shared memory. */
async function reading(): Promise<Reading> {
  const { near, far } = await connected()
  const chunks: Buffer[] = []
  let total = 0
  let wanted = Infinity
  let reached = Promise.withResolvers<void>()
  const take = (chunk: Buffer): void => {
    chunks.push(chunk)
    total += chunk.length
    if (total >= wanted) reached.resolve()
  }
  near.on('data', take)
  const isDirect = shareReadMemory(near)
  expect(isDirect).toBe(true)
  return {
    near,
    far,
    chunks,
    async come(bytes) {
      wanted = bytes
      if (total >= wanted) reached.resolve()
      await within(5_000, `${bytes} bytes`, reached.promise)
      reached = Promise.withResolvers()
      return Buffer.concat(chunks)
    },
  }
}

test('small reads come in order and stay as they were when others follow', async () => {
  const { near, far, chunks, come } = await reading()
  const [memory] = memoryOf(near)
  let sent = ''
  for (let count = 0; count < 50; count++) {
    const text = `${count},`
    sent += text
    far.write(text)
    await come(sent.length)
  }
  expect(chunks.length).toBe(50)
  expect(Buffer.concat(chunks).toString()).toBe(sent)
  // It is still read into the same memory, which is none of theirs.
  expect(memoryOf(near)[0]).toBe(memory)
  for (const { buffer } of chunks) expect(buffer).not.toBe(memory!.buffer)
})

/** Into which the socket is read. */
function memoryOf(socket: Socket): Buffer[] {
  return Object.getOwnPropertySymbols(socket)
    .filter(({ description }) => description === 'kBuffer')
    .map((symbol) => (socket as unknown as Record<symbol, Buffer>)[symbol]!)
}

test('sockets that share the memory do not see each other’s bytes', async () => {
  const [one, other] = await Promise.all([reading(), reading()])
  for (let count = 1; count <= 20; count++) {
    one.far.write('a'.repeat(count))
    other.far.write('b'.repeat(count))
    const bytes = (count * (count + 1)) / 2
    expect((await one.come(bytes)).toString()).toBe('a'.repeat(bytes))
    expect((await other.come(bytes)).toString()).toBe('b'.repeat(bytes))
  }
})

test('a bulk comes whole, and small reads after it', async () => {
  const { far, come } = await reading()
  const bulk = randomBytes(3_000_000)
  far.write(bulk)
  expect((await come(bulk.length)).equals(bulk)).toBe(true)
  far.write('behind it')
  expect((await come(bulk.length + 9)).subarray(bulk.length).toString()).toBe('behind it')
  far.write(bulk)
  expect((await come(2 * bulk.length + 9)).subarray(bulk.length + 9).equals(bulk)).toBe(true)
})

test('nothing comes while the socket is paused, and all of it afterwards', async () => {
  const { near, far, chunks, come } = await reading()
  near.pause()
  await new Promise<unknown>((resolve) => far.write('waits', resolve))
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
  expect(chunks).toEqual([])
  near.resume()
  expect((await come(5)).toString()).toBe('waits')
})

test('a peer that resets the connection is heard of while the socket is paused', async () => {
  const { near, far } = await reading()
  const failed = once(near, 'error')
  near.pause()
  far.resetAndDestroy()
  await within(5_000, 'the failure', failed)
})

test('a paused socket takes no more than its stream does, and hands all of it on in order', async () => {
  const { near, far, come } = await reading()
  near.pause()
  const bytes = randomBytes(20_000_000)
  far.write(bytes)
  await expect.poll(() => near.readableLength, { interval: 1 }).toBeGreaterThanOrEqual(near.readableHighWaterMark)
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
  expect(near.readableLength).toBeLessThan(near.readableHighWaterMark + 64 * 1024)
  near.resume()
  expect((await come(bytes.length)).equals(bytes)).toBe(true)
})

test('the end and the close of the socket are told of as before', async () => {
  const { near, far, come } = await reading()
  const ended = once(near, 'end')
  const closed = once(near, 'close')
  far.end('last')
  expect((await come(4)).toString()).toBe('last')
  await within(5_000, 'the end', ended)
  near.end()
  await within(5_000, 'the close', closed)
})

test('a peer that resets the connection fails the socket as before', async () => {
  const { near, far, come } = await reading()
  far.write('x')
  await come(1)
  const failed = once(near, 'error')
  far.resetAndDestroy()
  expect(await within(5_000, 'the error', failed)).toMatchObject([{ code: 'ECONNRESET' }])
})

test('a socket that the receiver destroys is not read on', async () => {
  const { near, far } = await connected()
  const closed = once(near, 'close')
  let calls = 0
  near.on('data', () => {
    calls++
    near.destroy()
  })
  expect(shareReadMemory(near)).toBe(true)
  far.write('x')
  await within(5_000, 'the close', closed)
  expect(calls).toBe(1)
})

test('what nobody has read yet comes first, whenever the memory is shared from', async () => {
  const { near, far } = await connected()
  near.pause()
  near.unshift(Buffer.from('unread, '))
  expect(shareReadMemory(near)).toBe(true)
  far.end('behind it')
  await expect.poll(() => near.readableLength, { interval: 1 }).toBe(17)
  const chunks: Buffer[] = []
  near.on('data', (chunk: Buffer) => chunks.push(chunk))
  const ended = once(near, 'end')
  near.resume()
  await within(5_000, 'the end', ended)
  expect(Buffer.concat(chunks).toString()).toBe('unread, behind it')
})

test('refused are closed sockets, and what is no socket', async () => {
  const { near } = await connected()
  near.destroy()
  expect(shareReadMemory(near)).toBe(false)
  expect(shareReadMemory(new PassThrough())).toBe(false)
})
