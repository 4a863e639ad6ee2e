// The log of an engine whose stderr nobody reads: lines are dropped, the engine goes on, memory is bounded.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { within } from '../support/deadline.ts'

test('a reader of the log that does not read holds nobody up, and costs no more than the bound', async () => {
  const writer = fileURLToPath(new URL('./log-writer.ts', import.meta.url))
  const child = spawn(process.execPath, ['--expose-gc', writer], { stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(async () => {
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  })
  child.stderr.pause()
  const [line] = (await within(15_000, 'the report', once(child.stdout, 'data'))) as [Buffer]
  const { bytes, heapUsed, external } = JSON.parse(line.toString()) as Record<'bytes' | 'heapUsed' | 'external', number>
  expect(bytes).toBeGreaterThanOrEqual(40_000_000)
  // 1 MiB of lines, and what a process has anyway.
  expect(heapUsed + external).toBeLessThan(20_000_000)
})
