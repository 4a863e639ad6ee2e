import { spawnSync } from 'node:child_process'
import { setTimeout as elapse } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { collectGarbage, collectWhenIdle } from '../../../base/process/collect-when-idle.ts'
import { ManualClock } from '../../../testing/index.ts'

function scene(oneCore = false) {
  const clock = new ManualClock()
  let active = 0
  let idle = 0
  let collections = 0
  const cancel = collectWhenIdle({
    clock,
    oneCore,
    loop: () => ({ active, idle, utilization: 0 }),
    collect: () => collections++,
  })
  const second = (busyMs: number): number => {
    active += busyMs
    idle += 1_000 - busyMs
    clock.move(1_000)
    return collections
  }
  return { cancel, second }
}

test('it is collected once, in the first second with next to nothing to do', () => {
  const { second } = scene()
  expect([second(900), second(60), second(40), second(0), second(0)]).toEqual([0, 0, 1, 1, 1])
})

test('who is busy for long is left alone', () => {
  const { second } = scene()
  for (let seconds = 0; seconds < 10; seconds++) second(500)
  expect(second(0)).toBe(0)
})

test('on one core it waits longer for a second that others leave it', () => {
  const { second } = scene(true)
  for (let seconds = 0; seconds < 59; seconds++) expect(second(500)).toBe(0)
  expect([second(0), second(0)]).toEqual([1, 1])
})

test('on one core what other threads do counts as well', async () => {
  const clock = new ManualClock()
  let collections = 0
  collectWhenIdle({ clock, oneCore: true, collect: () => collections++ })
  const other = new Worker('for (;;) {}', { eval: true })
  const { user: before } = process.cpuUsage()
  await expect.poll(() => process.cpuUsage().user - before, { timeout: 10_000 }).toBeGreaterThan(200_000)
  clock.move(1_000)
  await other.terminate()
  expect(collections).toBe(0)
})

test('it can be called off', () => {
  const { second, cancel } = scene()
  second(900)
  cancel()
  expect(second(0)).toBe(0)
})

test('what nobody holds is gone after a collection', async () => {
  const held = new WeakRef({ some: 'thing' })
  // What a WeakRef was asked for stays until the end of the turn.
  await elapse(0)
  collectGarbage()
  expect(held.deref()).toBeUndefined()
})

test.each([
  ['kept where the user has set it', ['--expose-gc'], 'function'],
  ['not left behind where nobody has', [], 'undefined'],
])('the flag is %s, for threads that start afterwards', (_how, flags, expected) => {
  const module = new URL('../../../base/process/collect-when-idle.ts', import.meta.url).href
  const script = `import { Worker } from 'node:worker_threads'
    import { collectGarbage } from ${JSON.stringify(module)}
    collectGarbage()
    new Worker('console.log(typeof gc)', { eval: true })`
  const { stdout } = spawnSync(process.execPath, [...flags, '--input-type=module', '-e', script], { encoding: 'utf8' })
  expect(stdout.trim()).toBe(expected)
})
