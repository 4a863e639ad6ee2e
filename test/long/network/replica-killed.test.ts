// SIGKILL of one of two replicas under load (spec 01 §9.7, §8.3).
import { expect, it } from 'vitest'
import { engineUnderTest, report } from './engine-under-test.ts'
import type { Answer } from './raw-worker.ts'
import { startProgram } from './worker-process.ts'

const engine = engineUnderTest()
const IN_FLIGHT = 64
const KILLS = 5
/** Between the death and the last error: the kernel closes the sockets of a killed process at once. */
const SETTLED_MS = 2_000

interface Outcome {
  readonly n: number
  readonly answer: Answer
  readonly at: number
}

it('a killed replica takes only its own calls in flight with it, and the next call succeeds', async () => {
  const survivor = await startProgram('replica.ts', engine.url, 'survivor')
  const caller = await engine.connect('caller')
  const outcomes: Outcome[] = []
  let next = 0
  const load = new AbortController()
  const loop = async (): Promise<void> => {
    while (!load.signal.aborted) {
      const n = next++
      outcomes.push({ n, answer: await caller.call('replica::work', { n }), at: performance.now() })
    }
  }
  const loops = Array.from({ length: IN_FLIGHT }, loop)

  for (let kill = 0; kill < KILLS; kill++) {
    const victim = await startProgram('replica.ts', engine.url, `victim-${kill}`)
    // Both serve: the victim was given calls since it came.
    await victim.line(/^got \d{2,}$/)
    const before = outcomes.length
    const killedAt = performance.now()
    await victim.end()
    const failedSince = (): Outcome[] => outcomes.slice(before).filter(({ answer }) => answer.error !== undefined)
    // The engine has noticed the death.
    await expect.poll(() => failedSince().length, { timeout: 10_000, interval: 1 }).toBeGreaterThan(0)
    expect((await caller.call('replica::work', { n: -2 })).error).toBeUndefined()
    await expect.poll(() => outcomes.length, { timeout: 10_000 }).toBeGreaterThan(before + 4 * IN_FLIGHT)

    const failed = failedSince()
    report(
      `kill ${kill + 1}: ${failed.length} calls in flight failed, the last after ${Math.round(Math.max(...failed.map(({ at }) => at - killedAt)))} ms`,
    )
    expect(failed.length).toBeLessThanOrEqual(IN_FLIGHT)
    for (const { answer, at } of failed) {
      expect(answer.error).toEqual({ code: 'invocation_stopped', message: 'Invocation stopped' })
      expect(at - killedAt).toBeLessThan(SETTLED_MS)
    }
  }
  load.abort()
  await Promise.all(loops)

  // A call that failed was the victim's alone: none was tried again on the survivor.
  const failed = new Set(outcomes.filter(({ answer }) => answer.error !== undefined).map(({ n }) => n))
  const survivors = survivor.lines.map((line) => Number(line.slice('got '.length)))
  expect(survivors.filter((n) => failed.has(n))).toEqual([])
  for (const { n, answer } of outcomes) if (!failed.has(n)) expect(answer.result).toMatchObject({ n })
  expect(outcomes).toHaveLength(next)
}, 60_000)
