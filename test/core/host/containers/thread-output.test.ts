import { EventEmitter } from 'node:events'
import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { MAX_OUTPUT_BYTES, ThreadOutput, type OutputStream } from '../../../../core/host/containers/thread-output.ts'

/** A stream of the engine that nobody reads: what is written to it stays. */
class UnreadStream extends EventEmitter implements OutputStream {
  writableLength = 0

  write(chunk: Buffer): boolean {
    this.writableLength += chunk.length
    return false
  }
}

function printing() {
  const streams = { stdout: new UnreadStream(), stderr: new UnreadStream() }
  const warnings: string[] = []
  const output = new ThreadOutput((message) => warnings.push(message), streams)
  const thread = { stdout: new PassThrough(), stderr: new PassThrough() }
  // As Node does.
  for (const stream of [thread.stdout, thread.stderr]) stream.pipe(new PassThrough())
  output.take(thread)
  return { streams, warnings, output, thread }
}

test('what a thread prints comes to the same stream of the engine', async () => {
  const { streams, thread } = printing()
  thread.stderr.end('uh')
  await expect.poll(() => streams.stderr.writableLength).toBe(2)
  expect(streams.stdout.writableLength).toBe(0)
})

test('nothing stays in the thread, and no more than the bound in the engine, when nobody reads', async () => {
  const { streams, warnings, thread } = printing()
  const chunk = Buffer.alloc(100_000)
  for (let written = 0; written < 10 * MAX_OUTPUT_BYTES; written += chunk.length) thread.stdout.write(chunk)
  await expect.poll(() => thread.stdout.writableLength + thread.stdout.readableLength).toBe(0)
  expect(streams.stdout.writableLength).toBeLessThanOrEqual(MAX_OUTPUT_BYTES)
  expect(warnings).toEqual(['what plugins print is dropped: nobody reads stdout of the engine'])
})

test('a stream that fails ends nothing', () => {
  const { streams, output } = printing()
  expect(() => streams.stdout.emit('error', new Error('ENOSPC'))).not.toThrow()
  output.close()
  expect(streams.stdout.listenerCount('error')).toBe(0)
})
