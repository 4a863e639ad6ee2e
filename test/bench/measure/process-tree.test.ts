import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import { readFineCpuMicros, readTreeUsage } from '../../../bench/measure/process-tree.ts'
import { lacks } from '../../support/needs.ts'

/** Says that it runs, and ends with its parent: then its input ends. */
const CHILD = `console.log('up'); process.stdin.on('end', () => process.exit()).resume()`
const PARENT = `
  const child = require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(CHILD)}])
  child.stdout.once('data', () => process.send('up'))`

test.skipIf(lacks('Linux'))('a process counts together with its descendants (needs Linux)', async () => {
  const parent = spawn(process.execPath, ['-e', PARENT], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  onTestFinished(() => void parent.kill('SIGKILL'))
  await once(parent, 'message')
  const usage = readTreeUsage(parent.pid!)
  expect(usage?.processes).toBe(2)
  expect(usage?.rssBytes).toBeGreaterThan(20 * 1024 * 1024)
  expect(usage?.cpuMicros).toBeGreaterThan(0)
})

test.skipIf(lacks('Linux'))('the fine CPU time of a process grows as it works (needs Linux)', async () => {
  const child = spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' })
  onTestFinished(() => void child.kill('SIGKILL'))
  await once(child, 'spawn')
  const before = readFineCpuMicros(child.pid!)!
  await expect.poll(() => readFineCpuMicros(child.pid!)! - before).toBeGreaterThan(10_000)
})

test('a process that does not exist has no usage', () => {
  expect(readTreeUsage(2 ** 30)).toBeUndefined()
  expect(readFineCpuMicros(2 ** 30)).toBeUndefined()
})
