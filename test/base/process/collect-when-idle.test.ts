import { spawnSync } from 'node:child_process'
import { setTimeout as elapse } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { collectGarbage, collectWhenIdle } from '../../../base/process/collect-when-idle.ts'
import { ManualClock } from '../../../testing/index.ts'

function scene({ oneCore = false } = {}) {
  const clock = new ManualClock()
  const own = { active: 0, idle: 0, utilization: 0 }
  const all = { active: 0, idle: 0, utilization: 0 }
  let collections = 0
  const cancel = collectWhenIdle({
    clock,
    loop: () => ({ ...own }),
    core: oneCore ? () => ({ ...all }) : undefined,
    collect: () => collections++,
  })
  const second = (busyMs: number, othersMs = 0): number => {
    own.active += busyMs
    own.idle += 1_000 - busyMs
    all.active += busyMs + othersMs
    all.idle += 1_000 - busyMs - othersMs
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

test('on one core it is collected in the first second in which the other threads have nothing to do either', () => {
  const { second } = scene({ oneCore: true })
  for (let seconds = 0; seconds < 20; seconds++) expect(second(0, 500)).toBe(0)
  expect([second(0), second(0)]).toEqual([1, 1])
})

test('on one core the others wait once when they are busy for a minute', () => {
  const { second } = scene({ oneCore: true })
  for (let seconds = 0; seconds < 59; seconds++) expect(second(0, 500)).toBe(0)
  expect([second(0, 500), second(0)]).toEqual([1, 1])
})

test('on one core who is busy itself is left alone', () => {
  const { second } = scene({ oneCore: true })
  for (let seconds = 0; seconds < 60; seconds++) second(500)
  expect(second(0)).toBe(0)
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
