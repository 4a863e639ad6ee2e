// The only provider of a function is killed and restarted: a wait for its callers, not an error (spec 01 §8.10, check 49).
import { setTimeout as pause } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { engineUnderTest, report } from './engine-under-test.ts'
import type { Answer, RawWorker } from './raw-worker.ts'
import { startProgram } from './worker-process.ts'

const engine = engineUnderTest()
const GRACE_MS = 3_000
const RESTART_MS = 800
const CALLS = 50

/** Resolves when the engine has seen the worker's connection end. */
async function gone(observer: RawWorker, name: string): Promise<void> {
  const names = async (): Promise<string[]> => {
    const { workers } = (await observer.result('engine::workers::list', {})) as { workers: { name: string }[] }
    return workers.map((row) => row.name)
  }
  await expect.poll(names, { interval: 5 }).not.toContain(name)
}

it('every call made while the only provider is killed and restarted succeeds, in order', async () => {
  const caller = await engine.connect('caller')
  const first = await startProgram('provider.ts', engine.url, 'first')
  await first.end()
  await gone(caller, 'first')
  const restarted = pause(RESTART_MS).then(() => startProgram('provider.ts', engine.url, 'second'))
  const began = performance.now()
  const order: number[] = []
  const answers: Promise<Answer>[] = []
  for (let n = 0; n < CALLS; n++) {
    answers.push(caller.call('only::work', { n }).then((answer) => (order.push(n), answer)))
    await pause(RESTART_MS / CALLS / 2)
  }
  expect(await Promise.all(answers)).toMatchObject(
    Array.from({ length: CALLS }, (_, n) => ({ result: { n, name: 'second' } })),
  )
  report(`the first call waited ${Math.round(performance.now() - began)} ms`)
  const second = await restarted
  const inOrder = Array.from({ length: CALLS }, (_, n) => n)
  expect(second.lines.filter((line) => line.startsWith('got ')).map((line) => Number(line.slice(4)))).toEqual(inOrder)
  expect(order).toEqual(inOrder)
  // The next test is to find no provider and no grace.
  second.tell('shutdown')
  await gone(caller, 'second')
}, 30_000)

it('with no new provider the calls end with function_not_found when the grace is over', async () => {
  const caller = await engine.connect('caller')
  const provider = await startProgram('provider.ts', engine.url, 'killed')
  await provider.end()
  await gone(caller, 'killed')
  const began = performance.now()
  const answers = await Promise.all(Array.from({ length: CALLS }, (_, n) => caller.call('only::work', { n })))
  const waited = performance.now() - began
  for (const { error } of answers) expect(error).toMatchObject({ code: 'function_not_found' })
  report(`function_not_found after ${Math.round(waited)} ms`)
  expect(waited).toBeGreaterThan(GRACE_MS / 2)
  expect(waited).toBeLessThan(GRACE_MS + 2_000)
}, 30_000)

it('after a clean shutdown the next call gets function_not_found at once', async () => {
  const caller = await engine.connect('caller')
  const provider = await startProgram('provider.ts', engine.url, 'leaving')
  provider.tell('shutdown')
  await gone(caller, 'leaving')
  const began = performance.now()
  expect((await caller.call('only::work', {})).error).toMatchObject({ code: 'function_not_found' })
  expect(performance.now() - began).toBeLessThan(GRACE_MS / 3)
}, 30_000)
