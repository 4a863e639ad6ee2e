import { expect, test } from 'vitest'
import { BENCH_DEFAULTS, type BenchOptions } from '../../../bench/options.ts'
import { isClean, runBench } from '../../../bench/run-bench.ts'
import type { BenchReport } from '../../../bench/report.ts'

const QUICK: Omit<BenchOptions, 'scenarios'> = {
  ...BENCH_DEFAULTS,
  // Long enough that a disk that others keep busy has answered.
  durationMs: 500,
  rounds: 1,
  payloads: [150],
  inFlight: [16],
  subscribers: 20,
}
const DEADLINE_MS = 60_000

async function run(...scenarios: readonly string[]): Promise<BenchReport> {
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

test(
  'streams and pub/sub give right answers, and every event arrives once and in order',
  { timeout: DEADLINE_MS },
  async () => {
    const report = await run('stream-set', 'stream-fan-out', 'pubsub', 'publish-workers')
    const variants = report.scenarios.flatMap(({ cases }) =>
      cases.flatMap((one) => one.variants.map((variant) => ({ ...variant, name: `${one.name}: ${variant.name}` }))),
    )
    expect(variants.map(({ name }) => name)).toEqual([
      'stream-set 150 B, 16 in flight: engine',
      'stream-set 150 B, 16 in flight: state-set',
      'stream-fan-out to 20 150 B, 16 in flight: engine',
      'stream-fan-out to 20 150 B, 16 in flight: naive',
      'stream-fan-out, rpc meanwhile 150 B, 1000/s offered: engine',
      'stream-fan-out, rpc meanwhile 150 B, 1000/s offered: router-thread',
      ...[1, 10, 100].flatMap((count) =>
        ['engine', 'naive'].map((variant) => `pubsub to ${count} 150 B, 16 in flight: ${variant}`),
      ),
      'publish-workers 150 B, 16 in flight: engine',
      'publish-workers 150 B, 16 in flight: naive',
    ])
    expect(variants.filter(({ verified = 0, unanswered }) => verified === 0 || unanswered !== 0)).toEqual([])
    const beside = report.scenarios[1]?.cases.find(({ rate }) => rate !== undefined)
    expect(beside?.ratios[0]?.p99?.median).toBeGreaterThan(0)
    expect(beside?.measures.map(({ name, median }) => [name, median > 0])).toEqual([
      ['deliveries, engine', true],
      ['deliveries, router-thread', true],
    ])
    expect(isClean(report)).toBe(true)
  },
)

test(
  'the CPU of idle cron triggers is taken from one engine, with them and without',
  { timeout: DEADLINE_MS },
  async () => {
    const [measured] = (await run('cron-idle')).scenarios[0]!.cases
    expect(measured?.measures.map(({ name, unit, count }) => [name, unit, count])).toEqual([
      ['added-cpu', '%', 1],
      ['cpu', '%', 1],
      ['cpu-without', '%', 1],
    ])
  },
)

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

test(
  'a start is timed until all default workers run, beside a bare server and through the launcher',
  { timeout: DEADLINE_MS },
  async () => {
    const [own, named, launched] = (await run('start-up')).scenarios[0]!.cases
    const names = own!.measures.map(({ name }) => name)
    expect(names).toEqual(expect.arrayContaining(['listening', 'ready', 'ws-listening', 'listening/ws']))
    expect(own!.measures.every(({ count }) => count === 1)).toBe(true)
    const median = (name: string) => own!.measures.find((measure) => measure.name === name)!.median
    expect(median('ready')).toBeGreaterThan(median('listening'))
    // What a system without /proc does not tell is left out.
    if (process.platform === 'linux') {
      expect(median('cpu-until-ready')).toBeGreaterThan(0)
      expect(median('cpu-after-ready')).toBeGreaterThan(0)
    }
    expect(named!.name).toBe('start-up, by its name beside an older Node')
    expect(launched!.name).toBe('start-up, through an older Node')
    for (const { measures, notes } of [named!, launched!]) expect(measures.length > 0 || notes.length > 0).toBe(true)
  },
)
