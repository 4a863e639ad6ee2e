// One run of reloads under load: callers at a steady rate, a file that is saved again and again, and the books in the end.
import { expect } from 'vitest'
import { within } from '../../support/deadline.ts'
import type { LoadClient } from '../../support/load-client.ts'
import { report } from '../network/engine-under-test.ts'
import { AnswerLedger, type LedgerOptions } from './answer-ledger.ts'
import { percentiles } from './percentiles.ts'
import type { PluginEngine } from './plugin-engine.ts'
import { SteadyLoad } from './steady-load.ts'

export const CALLERS = 4
export const LIVE_MS = 15_000
const CALLS_PER_SECOND = 2_500

/** Source of a plugin; `body` is that of its `start`. */
export const plugin = (
  name: string,
  version: number,
  body: string,
  more = '',
): string => `import { definePlugin } from 'iii-host/plugin'
const VERSION = ${version}
const lastOf = new Map()
export default definePlugin({
  name: '${name}',${more}
  start({ iii, config }) {
    ${body}
  },
})
`

export interface LoadOptions {
  /** Further members of the payload of a caller's nth call, as JSON with a comma before each. */
  readonly more?: (n: number) => string
}

export interface Run {
  readonly ledger: AnswerLedger
  readonly load: SteadyLoad
  readonly callers: readonly LoadClient[]
}

/** Calls of `functionIds`, one caller each in turn. */
export async function startLoad(
  engine: PluginEngine,
  functionIds: readonly string[],
  { more = () => '' }: LoadOptions = {},
): Promise<Run> {
  const callers = await Promise.all(Array.from({ length: CALLERS }, (_, index) => engine.connect(`caller-${index}`)))
  // A plugin that did not start is to be told from one that was lost while it was replaced.
  for (const id of functionIds) await engine.observer.result(id, { caller: -1, n: 0 })
  const ledger = new AnswerLedger(CALLERS)
  const load = new SteadyLoad({
    callers,
    callsPerSecond: CALLS_PER_SECOND,
    callOf: (caller, n) => ({
      functionId: functionIds[caller % functionIds.length]!,
      json: `{"caller":${caller},"n":${n}${more(n)}}`,
    }),
    onAnswer: ledger.add,
  })
  return { ledger, load, callers }
}

/** Saves as version 2, 3, …, waits each time until the new code has answered, and holds all answers to the ledger. */
export async function reloadUnderLoad(
  what: string,
  reloads: number,
  { ledger, load, callers }: Run,
  save: (version: number) => Promise<void>,
  options: LedgerOptions = {},
): Promise<void> {
  const liveMs: number[] = []
  for (let version = 2; version <= reloads + 1; version++) {
    const savedAt = performance.now()
    await save(version)
    await within(LIVE_MS, `an answer of version ${version}`, ledger.answeredBy(version))
    liveMs.push(performance.now() - savedAt)
  }
  const { calls, callsPerSecond } = await load.stop()
  report(`${what}: ${reloads} reloads, ${calls} calls at ${callsPerSecond}/s, save to live ${percentiles(liveMs)} ms`)
  ledger.check(load.sent, options)
  expect(callers.map(({ counts: { unexpected } }) => unexpected)).toEqual(callers.map(() => 0))
  // The load is offered at its rate; how much of it a busy machine manages is reported, not judged.
  expect(calls).toBeGreaterThan(10 * reloads)
}

export async function expectNeverFailed(engine: PluginEngine, ...names: string[]): Promise<void> {
  for (const name of names) {
    // A file that is saved in place can be read while it is empty; the read after it clears what was said of that.
    const row = await engine.rowThat(name, 'up to date', ({ stale }) => stale === undefined)
    expect(row).toMatchObject({ state: 'running', errors: 0, restarts: 0 })
  }
}
