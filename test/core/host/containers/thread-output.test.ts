import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { LineWriter, type FileWrites } from '../../../../base/files/line-writer.ts'
import { MAX_OUTPUT_BYTES, ThreadOutput } from '../../../../core/host/containers/thread-output.ts'

/** A stream of the engine. A `reader` takes what is written; without one the write does not come back. */
function stream(reader?: (bytes: Buffer) => void) {
  const file: FileWrites = {
    write(_fd, bytes, done) {
      if (reader === undefined) return
      reader(bytes)
      done(null, bytes.length)
    },
    writeSync: (_fd, bytes) => bytes.length,
  }
  return new LineWriter({ fd: 1, maxBytes: MAX_OUTPUT_BYTES, tellDropped: () => '', file })
}

function printing(reader?: (bytes: Buffer) => void) {
  const warnings: string[] = []
  const output = new ThreadOutput((message) => warnings.push(message), { stdout: stream(), stderr: stream(reader) })
  const thread = { stdout: new PassThrough(), stderr: new PassThrough() }
  // As Node does.
  for (const from of [thread.stdout, thread.stderr]) from.pipe(new PassThrough())
  output.take(thread)
  return { warnings, output, thread }
}

test('what a thread prints comes to the same stream of the engine, also a character that is cut in two', async () => {
  const read: Buffer[] = []
  const { thread, output } = printing((bytes) => read.push(bytes))
  const bytes = Buffer.from('uh é')
  thread.stderr.write(bytes.subarray(0, -1))
  thread.stderr.end(bytes.subarray(-1))
  await expect.poll(() => thread.stderr.readableEnded).toBe(true)
  expect(await output.close()).toEqual([])
  expect(Buffer.concat(read).toString()).toBe('uh é')
})

test('nothing stays in the thread, what is beyond the bound is dropped when nobody reads, and the end tells of it', async () => {
  const { warnings, thread, output } = printing()
  const chunk = Buffer.alloc(100_000)
  for (let written = 0; written < 10 * MAX_OUTPUT_BYTES; written += chunk.length) thread.stdout.write(chunk)
  await expect.poll(() => thread.stdout.writableLength + thread.stdout.readableLength).toBe(0)
  expect(warnings).toEqual(['what plugins print is dropped: nobody reads stdout of the engine'])
  const listeners = process.listenerCount('exit')
  expect(await output.close()).toEqual(['stdout'])
  expect(process.listenerCount('exit')).toBe(listeners - 1)
})
