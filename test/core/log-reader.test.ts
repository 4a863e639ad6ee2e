// The log of an engine whose stderr nobody reads: lines are dropped, the engine goes on, memory is bounded.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { within } from '../support/deadline.ts'

test.each(['flush', 'exit'])(
  'nobody waits for a reader of the log that does not read, nor does the end of the process (%s)',
  async (how) => {
    const writer = fileURLToPath(new URL('./log-writer.ts', import.meta.url))
    const child = spawn(process.execPath, ['--expose-gc', writer], { stdio: 'pipe' })
    const ended = once(child, 'exit')
    onTestFinished(async () => {
      child.kill('SIGKILL')
      await ended
    })
    child.stderr.pause()
    const [line] = (await within(15_000, 'the report', once(child.stdout, 'data'))) as [Buffer]
    const { bytes, heapUsed, external } = JSON.parse(line.toString()) as Record<
      'bytes' | 'heapUsed' | 'external',
      number
    >
    expect(bytes).toBeGreaterThanOrEqual(40_000_000)
    // 1 MiB of lines, and what a process has anyway.
    expect(heapUsed + external).toBeLessThan(20_000_000)
    child.stdin.write(how)
    expect(await within(5_000, 'the end of the process', ended)).toEqual([0, null])
  },
)

test('a reader that reads gets the lines up to the last one', async () => {
  const writer = fileURLToPath(new URL('./log-writer.ts', import.meta.url))
  const child = spawn(process.execPath, [writer, '300'], { stdio: 'pipe' })
  const ended = once(child, 'close')
  let lines = 0
  child.stderr.on('data', (chunk: Buffer) => (lines += chunk.toString().split('\n').length - 1))
  child.stdout.resume()
  child.stdin.write('exit')
  expect(await within(10_000, 'the end of the process', ended)).toEqual([0, null])
  expect(lines).toBe(300)
})
