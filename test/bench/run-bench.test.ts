import { expect, test } from 'vitest'
import { BENCH_DEFAULTS, chooseCases, type BenchOptions } from '../../bench/options.ts'
import { isClean, runBench } from '../../bench/run-bench.ts'
import { renderReport } from '../../bench/table.ts'

const QUICK: Omit<BenchOptions, 'scenarios'> = {
  ...BENCH_DEFAULTS,
  target: 'naive',
  durationMs: 60,
  rounds: 2,
  payloads: [150],
  inFlight: [8],
}
const PLAIN = {
  bold: (text: string) => text,
  dim: (text: string) => text,
  good: (text: string) => text,
  bad: (text: string) => text,
}

test('the report of rpc has the figures of every variant and the ratios between them', async () => {
  const lines: string[] = []
  const report = await runBench({ ...QUICK, scenarios: ['rpc'], progress: (line) => lines.push(line) }, false)
  // As `--json` prints it.
  const printed = JSON.parse(JSON.stringify(report)) as typeof report
  expect(printed).toMatchObject({
    version: 1,
    target: 'naive',
    rounds: 2,
    durationMs: 60,
    pinned: null,
    machine: { node: process.version, cores: expect.any(Number), cpu: expect.any(String) },
    scenarios: [{ scenario: 'rpc', cases: [{ payloadBytes: 150, inFlight: 8, unit: 'calls/s', measures: [] }] }],
  })
  expect(new Date(printed.startedAt).toISOString()).toBe(printed.startedAt)
  const [found] = printed.scenarios[0]!.cases
  expect(found?.variants.map(({ name }) => name)).toEqual(['engine', 'ws-echo', 'naive'])
  for (const variant of found!.variants) {
    expect(variant.rates).toHaveLength(2)
    expect(variant.verified).toBeGreaterThan(0)
    expect(variant).toMatchObject({ wrong: {}, unanswered: 0, latencyMicros: { p50: expect.any(Number) } })
  }
  expect(found?.ratios.map(({ to }) => to)).toEqual(['ws-echo', 'naive'])
  for (const { min, median, max } of found!.ratios) {
    expect([min, median, max]).toEqual([min, median, max].toSorted((a, b) => a - b))
  }
  expect(isClean(report)).toBe(true)
  expect(lines).toContain('rpc 150 B, 8 in flight: round 2 of 2')
})

test('an open loop is shown with the ratio of its latencies', async () => {
  const report = await runBench({ ...QUICK, scenarios: ['rpc'], rate: 200, durationMs: 100 }, false)
  expect(report.scenarios[0]?.cases[0]?.ratios[0]?.p99?.median).toBeGreaterThan(0)
  expect(renderReport(report, PLAIN)).toMatch(/ws-echo .* p99 \d/)
})

test('every variant has its turn in each round', async () => {
  const report = await runBench({ ...QUICK, scenarios: ['control'], rounds: 3 }, false)
  const { variants } = report.scenarios[0]!.cases[0]!
  expect(variants.map(({ rates }) => rates.length)).toEqual([3, 3])
})

const OWN_ENGINE_ONLY = [
  'plugin',
  'stream-set',
  'state-memory',
  'reload',
  'start-up',
  'cron-idle',
  'worker-add',
] as const

test('scenarios that need an engine of our own are left out for other targets', async () => {
  const report = await runBench({ ...QUICK, scenarios: OWN_ENGINE_ONLY }, true)
  expect(report.scenarios.map(({ skipped }) => skipped)).toEqual(
    OWN_ENGINE_ONLY.map(() => expect.stringContaining('--target engine')),
  )
  expect(report.checks).toEqual([])
  expect(isClean(report)).toBe(true)
})

test('fan-out to stream clients and to subscribers of a topic runs against the naive router, every event checked', async () => {
  const report = await runBench(
    { ...QUICK, scenarios: ['stream-fan-out', 'pubsub', 'publish-workers'], subscribers: 10 },
    false,
  )
  const [streams, topics, workers] = report.scenarios
  expect(report.scenarios.map(({ failed }) => failed)).toEqual([undefined, undefined, undefined])
  expect(streams?.cases.map(({ name, unit }) => [name, unit])).toEqual([
    ['stream-fan-out to 10 150 B, 8 in flight', 'deliveries/s'],
  ])
  expect(topics?.cases.map(({ name }) => name)).toEqual([
    'pubsub to 1 150 B, 8 in flight',
    'pubsub to 10 150 B, 8 in flight',
    'pubsub to 100 150 B, 8 in flight',
  ])
  expect(workers?.cases.map(({ name, ratios }) => [name, ratios.map(({ to }) => to)])).toEqual([
    ['publish-workers 150 B, 8 in flight', ['naive']],
  ])
  const variants = report.scenarios.flatMap(({ cases }) => cases.flatMap((one) => one.variants))
  expect(variants.filter(({ verified = 0, unanswered }) => verified === 0 || unanswered !== 0)).toEqual([])
  expect(isClean(report)).toBe(true)
})

test('a state trigger runs against the naive router, every event checked', async () => {
  const report = await runBench({ ...QUICK, scenarios: ['trigger'], inFlight: [1] }, false)
  expect(report.scenarios[0]?.failed).toBeUndefined()
  const [found] = report.scenarios[0]!.cases
  expect(found).toMatchObject({ name: 'trigger 150 B, 1 in flight', unit: 'sets/s' })
  expect(found?.variants.map(({ name, unanswered }) => [name, unanswered])).toEqual([
    ['engine', 0],
    ['naive', 0],
  ])
  expect(isClean(report)).toBe(true)
})

test('workers that come at once, and clients with ws and JSON, run against the naive router', async () => {
  const report = await runBench({ ...QUICK, scenarios: ['connect', 'rpc-ws'] }, false)
  expect(report.scenarios.map(({ failed }) => failed)).toEqual([undefined, undefined])
  const [connect, rpcWs] = report.scenarios.map(({ cases }) => cases)
  expect(connect?.map(({ name, unit }) => [name, unit])).toEqual([
    ['connect, 8 workers with 10 functions each', 'registrations/s'],
  ])
  expect(connect?.[0]?.variants.map(({ verified }) => verified)).toEqual([160, 160])
  expect(rpcWs?.[0]?.variants.map(({ name }) => name)).toEqual(['engine', 'ws-echo', 'naive'])
  expect(isClean(report)).toBe(true)
})

test('an offered rate does not make an open loop of a scenario that has none', async () => {
  const report = await runBench({ ...QUICK, scenarios: ['fan-out'], rate: 10, subscribers: 5, rounds: 1 }, false)
  expect(report.scenarios[0]?.cases[0]?.name).toBe('fan-out to 5 150 B, 8 in flight')
  expect(report.scenarios[0]?.cases[0]?.rate).toBeUndefined()
})

test('a scenario that cannot be run is reported, and the next one is run', async () => {
  const report = await runBench(
    { ...QUICK, target: 'ws://127.0.0.1:1', scenarios: ['rpc', 'scanner'], rounds: 1 },
    true,
  )
  expect(report.scenarios[0]?.failed).toContain('ECONNREFUSED')
  expect(report.scenarios[1]?.cases).toHaveLength(3)
  expect(report.checks?.find(({ scenario }) => scenario === 'rpc')).toMatchObject({ value: undefined, pass: false })
  expect(isClean(report)).toBe(false)
})

test('the ring and postMessage are compared call by call', async () => {
  const report = await runBench({ ...QUICK, scenarios: ['hop'] }, false)
  expect(report.scenarios[0]?.failed).toBeUndefined()
  const [found] = report.scenarios[0]!.cases
  expect(found?.variants.map(({ name }) => name)).toEqual(['ring', 'post-message'])
  expect(found?.variants.every(({ verified = 0 }) => verified > 0)).toBe(true)
})

test('cases are those of the scenario, or all combinations asked for', () => {
  const own = [
    { payloadBytes: 150, inFlight: 64 },
    { payloadBytes: 4096, inFlight: 1 },
  ]
  expect(chooseCases(BENCH_DEFAULTS, own)).toEqual(own)
  expect(chooseCases({ ...BENCH_DEFAULTS, payloads: [1024] }, own)).toEqual([
    { payloadBytes: 1024, inFlight: 64 },
    { payloadBytes: 1024, inFlight: 1 },
  ])
  expect(chooseCases({ ...BENCH_DEFAULTS, payloads: [150, 200], inFlight: [2, 3] }, own)).toHaveLength(4)
})

test('the table names machine, variants, ratios and misses', async () => {
  const report = await runBench({ ...QUICK, scenarios: ['rpc', 'plugin'], inFlight: [64] }, true)
  const text = renderReport(report, PLAIN)
  for (const part of [
    'not pinned',
    'rpc 150 B, 64 in flight',
    'ws-echo',
    'calls/s',
    'engine is',
    'left out:',
    'rate / naive',
    '≥ 2 ×',
  ]) {
    expect(text).toContain(part)
  }
  expect(text).not.toContain('\u001B')
})
