// A plugin that is saved again and again under load: nobody notices (design, "Change of generation").
import { expect, it } from 'vitest'
import { within } from '../../support/deadline.ts'
import type { LoadClient } from '../../support/load-client.ts'
import { report } from '../network/engine-under-test.ts'
import { residentMiB } from '../network/resident-memory.ts'
import { AnswerLedger, seenCallHandler } from './answer-ledger.ts'
import { percentiles } from './percentiles.ts'
import { startPluginEngine } from './plugin-engine.ts'
import { SteadyLoad } from './steady-load.ts'

const RELOADS = 200
const CALLERS = 4
const LIVE_MS = 15_000
/** What the heap takes for calls as such, it has taken after that many. */
const CALLS_BEFORE = 30_000

const counter = (version: number): string => `import { definePlugin } from 'iii-host/plugin'
const VERSION = ${version}
const lastOf = new Map()
export default definePlugin({
  name: 'counter',
  start({ iii }) {
    iii.registerFunction('counter::next', ${seenCallHandler()})
  },
})
`

it('200 reloads under 2,000 calls per second lose, double, fail and reorder nothing, and leak no memory', async () => {
  const engine = await startPluginEngine({ plugins: { counter: counter(1) } })
  const callers = await Promise.all(Array.from({ length: CALLERS }, (_, index) => engine.connect(`caller-${index}`)))
  await callMany(callers, CALLS_BEFORE)
  const ledger = new AnswerLedger(CALLERS)
  const load = new SteadyLoad({
    callers,
    callsPerSecond: 3_000,
    callOf: (caller, n) => ({ functionId: 'counter::next', json: `{"caller":${caller},"n":${n}}` }),
    onAnswer: ledger.add,
  })
  const liveMs: number[] = []
  const resident: number[] = []
  for (let version = 2; version <= RELOADS + 1; version++) {
    const save = version % 2 === 0 ? engine.save : engine.saveByRename
    const savedAt = performance.now()
    await save('counter', counter(version))
    await within(LIVE_MS, `an answer of version ${version}`, ledger.answeredBy(version))
    liveMs.push(performance.now() - savedAt)
    resident.push(residentMiB(engine.process.pid))
  }
  const { calls, callsPerSecond } = await load.stop()

  ledger.check(load.sent)
  expect(callers.map(({ counts: { unexpected } }) => unexpected)).toEqual(callers.map(() => 0))
  // The load is offered at its rate; how much of it a busy machine manages is reported, not judged.
  expect(calls).toBeGreaterThan(10 * RELOADS)
  const row = await engine.row('counter')
  expect(row).toMatchObject({ state: 'running', errors: 0, restarts: 0 })
  expect(row.generation).toBeGreaterThanOrEqual(RELOADS + 1)
  expect(row).not.toHaveProperty('stale')
  const [early, late] = [resident[19]!, resident[RELOADS - 1]!]
  report(
    `${RELOADS} reloads, ${calls} calls at ${callsPerSecond}/s, save to live ${percentiles(liveMs)} ms, RSS ${early} MiB after reload 20, ${late} MiB after reload ${RELOADS}`,
  )
  expect(late - early).toBeLessThanOrEqual(20)
}, 120_000)

async function callMany(callers: readonly LoadClient[], calls: number): Promise<void> {
  const loop = async (caller: LoadClient): Promise<void> => {
    while (caller.counts.sent < calls / callers.length) await caller.result('counter::next', { caller: -1, n: 0 })
  }
  await Promise.all(callers.flatMap((caller) => Array.from({ length: 32 }, () => loop(caller))))
}
