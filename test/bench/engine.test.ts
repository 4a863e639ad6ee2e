import { expect, test } from 'vitest'
import { BENCH_DEFAULTS, type BenchOptions, type ScenarioName } from '../../bench/options.ts'
import { isClean, runBench } from '../../bench/run-bench.ts'
import type { BenchReport } from '../../bench/report.ts'

const QUICK: BenchOptions = {
  ...BENCH_DEFAULTS,
  // Long enough that a disk that others keep busy has answered.
  durationMs: 500,
  rounds: 1,
  payloads: [150],
  inFlight: [16],
  subscribers: 20,
}
const DEADLINE_MS = 60_000

async function run(...scenarios: readonly ScenarioName[]): Promise<BenchReport> {
  const report = await runBench({ ...QUICK, scenarios }, false)
  expect(report.scenarios.map(({ failed }) => failed)).toEqual(scenarios.map(() => undefined))
  return report
}

test('every variant of every load scenario gives right answers', { timeout: DEADLINE_MS }, async () => {
  const report = await run('rpc', 'plugin', 'state-set', 'state-get', 'fan-out', 'control')
  const variants = report.scenarios.flatMap(({ scenario, cases }) =>
    cases.flatMap((one) => one.variants.map((variant) => ({ ...variant, name: `${scenario}: ${variant.name}` }))),
  )
  expect(variants.map(({ name }) => name)).toEqual([
    ...['rpc: engine', 'rpc: ws-echo', 'rpc: naive', 'plugin: engine', 'plugin: inline', 'plugin: post-message'],
    ...['state-set: engine', 'state-set: plugin', 'state-get: engine', 'state-get: plugin'],
    ...['fan-out: engine', 'fan-out: naive', 'control: engine', 'control: naive'],
  ])
  expect(variants.filter(({ verified = 0 }) => verified === 0)).toEqual([])
  expect(isClean(report)).toBe(true)
})

test('a reload is timed by the answers of the new code', { timeout: DEADLINE_MS }, async () => {
  const [measured] = (await run('reload')).scenarios[0]!.cases
  expect(measured?.measures).toMatchObject([{ name: 'save-to-live', unit: 'ms', count: 6 }])
  expect(measured?.notes).toEqual([])
})

test('the death of a replica costs the calls in flight on it and no others', { timeout: DEADLINE_MS }, async () => {
  const [measured] = (await run('failover')).scenarios[0]!.cases
  const stopped = measured?.measures.find(({ name }) => name === 'stopped-calls')
  expect(stopped?.max).toBeLessThanOrEqual(32)
  expect(measured?.notes).toEqual([])
})
