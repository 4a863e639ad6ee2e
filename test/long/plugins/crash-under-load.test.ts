// A plugin that crashes again and again under load: what was in flight is stopped, everything else is answered.
import { expect, it } from 'vitest'
import type { Answer } from '../../support/load-client.ts'
import { bystanders } from '../network/bystanders.ts'
import { report } from '../network/engine-under-test.ts'
import { seenCallHandler, type SeenCall } from './answer-ledger.ts'
import { startPluginEngine } from './plugin-engine.ts'
import { plugin } from './reload-run.ts'
import { SteadyLoad } from './steady-load.ts'

/** The wait before the restart doubles each time: 100 ms … 1.6 s. */
const CRASHES = 5
const CALLERS = 4

it.each([['thread'], ['process']])(
  'in a %s, only calls in flight fail, with invocation_stopped; the others wait for the restart, in order',
  async (isolation) => {
    const crashing = plugin(
      'crashing',
      1,
      `iii.registerFunction('crashing::next', ${seenCallHandler()})
    iii.registerFunction('crashing::crash', () => process.exit(1))`,
      `\n  isolation: '${isolation}',`,
    )
    const engine = await startPluginEngine({ plugins: { crashing }, engine: 'crash_budget: 100' })
    const others = await bystanders(engine.folder.url)
    const callers = await Promise.all(Array.from({ length: CALLERS }, (_, index) => engine.connect(`caller-${index}`)))
    const answers: Answer[][] = callers.map(() => [])
    const load = new SteadyLoad({
      callers,
      callsPerSecond: 2_000,
      callOf: (caller, n) => ({ functionId: 'crashing::next', json: `{"caller":${caller},"n":${n}}` }),
      onAnswer: (caller, n, answer) => (answers[caller]![n] = answer),
    })
    const generationsSeen = (): number[] =>
      answers.map((all) => all.filter(({ result }) => (result as SeenCall | undefined)?.previous === null).length)
    for (let crash = 1; crash <= CRASHES; crash++) {
      // Every caller is served again before the next blow.
      await expect.poll(() => Math.min(...generationsSeen()), { timeout: 15_000 }).toBe(crash)
      expect(await engine.observer.failure('crashing::crash')).toMatchObject({ code: 'invocation_stopped' })
      await engine.rowThat('crashing', 'back', ({ state, restarts }) => state === 'running' && restarts === crash)
      expect(await engine.observer.result('crashing::next', { caller: -1, n: crash })).toMatchObject({ n: crash })
    }
    const { calls, callsPerSecond } = await load.stop()

    let stopped = 0
    for (const [caller, all] of answers.entries()) {
      expect(all).toHaveLength(load.sent[caller]!)
      const failed = all.filter(({ error }) => error)
      stopped += failed.length
      expect(failed.filter(({ error }) => error?.code !== 'invocation_stopped')).toEqual([])
      const seen = all.map(({ result }) => result as SeenCall | undefined)
      const wrong = seen.flatMap((call, n) =>
        call === undefined || isInOrder(call, n, seen[n - 1]) ? [] : [{ caller, n, call }],
      )
      expect(wrong.slice(0, 5), `${wrong.length} calls out of order`).toEqual([])
    }
    // Each generation began anew: one at the start, and one after each crash.
    expect(generationsSeen()).toEqual(callers.map(() => CRASHES + 1))
    report(`${CRASHES} crashes in a ${isolation}: ${calls} calls at ${callsPerSecond}/s, ${stopped} stopped`)
    expect(callers.map(({ counts: { unexpected } }) => unexpected)).toEqual(callers.map(() => 0))
    expect(stopped).toBeLessThan(calls / 2)
    await others.stop()
  },
  60_000,
)

/** Calls are handled in the order sent; behind those that were stopped, a new generation goes on. */
function isInOrder({ n, previous }: SeenCall, sentAs: number, before: SeenCall | undefined): boolean {
  if (n !== sentAs) return false
  return previous === null ? true : previous === n - 1 && before?.n === n - 1
}
