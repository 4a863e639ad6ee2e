import { expect, test } from 'vitest'
import type { BenchReport, CaseReport, RatioReport } from '../../bench/report.ts'
import { checkTargets, TARGETS } from '../../bench/targets-table.ts'
import { SCENARIO_NAMES } from '../../bench/scenario-table.ts'

const steady = (to: string, median: number, cpu: number): RatioReport => ({
  to,
  median,
  min: median,
  max: median,
  cpu: { median: cpu, min: cpu, max: cpu },
  decidedBy: 'rate',
})

function report(scenario: string, one: Partial<CaseReport>): BenchReport {
  const base = { name: scenario, unit: 'calls/s', variants: [], ratios: [], measures: [], notes: [] }
  return {
    version: 1,
    startedAt: '2026-01-01T00:00:00.000Z',
    machine: { cpu: 'x', cores: 2, memoryBytes: 1, os: 'x', node: 'x' },
    pinned: null,
    target: 'engine',
    rounds: 5,
    durationMs: 1000,
    scenarios: [{ scenario, title: '', cases: [{ ...base, ...one }] }],
  }
}

const SMALL = { payloadBytes: 150, inFlight: 64 }

test('a ratio at the bound passes, one below it does not', () => {
  const ratios = [steady('ws-echo', 0.8, 1), steady('naive', 1.99, 0.41)]
  const results = checkTargets(report('rpc', { ...SMALL, ratios }), false)
  expect(results.map(({ what, pass }) => [what, pass])).toEqual([
    ['rpc, 150 B, 64 in flight, rate / ws-echo', true],
    ['rpc, 150 B, 64 in flight, rate / naive', false],
    ['rpc, 150 B, 64 in flight, CPU per call / naive', false],
  ])
})

test('where rounds were unsteady the CPU time per call decides', () => {
  const ratios: RatioReport[] = [
    { ...steady('ws-echo', 0.1, 1.25), decidedBy: 'cpu' },
    { ...steady('naive', 9, 0.6), decidedBy: 'cpu' },
  ]
  const [echo, naive] = checkTargets(report('rpc', { ...SMALL, ratios }), false)
  expect(echo).toMatchObject({ value: 0.8, pass: true, decidedBy: 'cpu' })
  expect(naive).toMatchObject({ pass: false, decidedBy: 'cpu' })
})

test('a single figure is held against its bound', () => {
  const measure = { name: 'save-to-live', unit: 'ms', median: 12, p95: 61, min: 1, max: 90, count: 30 }
  const results = checkTargets(report('reload', { measures: [measure] }), true)
  expect(results.map(({ value, pass }) => [value, pass])).toEqual([
    [12, true],
    [61, false],
  ])
})

test('a figure that was not measured is a miss; a case that was not asked for is none', () => {
  const other = report('rpc', { payloadBytes: 200, inFlight: 2 })
  expect(checkTargets(other, false)).toEqual([])
  const missed = checkTargets(other, true)
  expect(missed).toHaveLength(10)
  expect(missed.every(({ value, pass }) => value === undefined && !pass)).toBe(true)
})

test('an open loop is held against no ratio', () => {
  const ratios = [steady('ws-echo', 1, 1), steady('naive', 1, 1)]
  expect(checkTargets(report('rpc', { ...SMALL, rate: 1000, ratios }), false)).toEqual([])
})

test('a p99 is compared only where calls were offered at a rate', () => {
  const named = { name: 'stream-fan-out, rpc meanwhile 150 B, 1000/s offered', payloadBytes: 150 }
  const ratios: RatioReport[] = [{ ...steady('router-thread', 1, 1), p99: { median: 0.5, min: 0.4, max: 0.6 } }]
  const [offered] = checkTargets(report('stream-fan-out', { ...named, rate: 1000, ratios }), false)
  expect(offered).toMatchObject({
    what: 'stream-fan-out, rpc meanwhile, p99 / router-thread',
    bound: '≤ 0.5 ×',
    value: 0.5,
    pass: true,
  })
  expect(checkTargets(report('stream-fan-out', { ...named, ratios }), false)).toEqual([])
  const [blind] = checkTargets(report('stream-fan-out', { ...named, rate: 1000 }), false)
  expect(blind).toMatchObject({ value: undefined, pass: false })
})

test('every target names a scenario that exists', () => {
  expect(TARGETS.every(({ scenario }) => SCENARIO_NAMES.includes(scenario))).toBe(true)
})

test('a latency and a rate of what is measured are held against their bounds, and missed where they were not measured', () => {
  const variant = (p50: number, perSecond: number) => ({
    name: 'engine',
    perSecond,
    rates: [perSecond],
    spread: 0,
    latencyMicros: { p50, p99: 9_000, p999: 9_000 },
  })
  const check = (scenario: string, inFlight: number, p50: number, perSecond: number) =>
    checkTargets(report(scenario, { payloadBytes: 150, inFlight, variants: [variant(p50, perSecond)] }), false)
  expect(check('queue-latency', 1, 2_000, 1)).toMatchObject([
    { what: 'queue-latency, 150 B, 1 in flight, p50', value: 2, pass: true },
  ])
  expect(check('queue-latency', 1, 2_001, 1)).toMatchObject([{ bound: '≤ 2 ms', pass: false }])
  expect(check('queue-drain', 64, 1, 15_000)).toContainEqual({
    scenario: 'queue-drain',
    what: 'queue-drain, 150 B, 64 in flight, rate',
    bound: '≥ 15,000 jobs/s',
    value: 15_000,
    pass: true,
  })
  expect(check('queue-drain', 64, 1, 14_999).at(-1)).toMatchObject({ pass: false })
  const slow = check('trigger', 1, 1, 3_500)
  expect(slow).toContainEqual(expect.objectContaining({ what: 'trigger, 150 B, 1 in flight, rate', pass: true }))
  expect(slow).toContainEqual({
    scenario: 'trigger',
    what: 'trigger, 150 B, 1 in flight, p99',
    bound: '≤ 0.8 ms',
    value: 9,
    pass: false,
  })
  const unmeasured = checkTargets(report('queue-latency', { payloadBytes: 150, inFlight: 1 }), true)
  expect(unmeasured).toMatchObject([{ value: undefined, pass: false }])
})

test('where the clock is to decide, and where a closed loop is meant, unsteady rounds change nothing', () => {
  const steadyOnes = [steady('node-http', 0.4, 9), steady('fastify', 0.99, 9)]
  const ratios: RatioReport[] = steadyOnes.map((one) => ({
    ...one,
    p99: { median: 1, min: 1, max: 1 },
    decidedBy: 'cpu',
  }))
  const variant = { name: 'engine', perSecond: 1, rates: [1], spread: 0, cpuMicrosPerCall: 111 }
  const one = { name: 'http GET 150 B, 64 in flight', ...SMALL, ratios, variants: [variant] }
  expect(checkTargets(report('http', one), false).map(({ what, bound, pass }) => [what, bound, pass])).toEqual([
    ['http GET, 64 in flight, rate / node-http', '≥ 0.4 ×', true],
    ['http GET, 64 in flight, rate / fastify', '≥ 1 ×', false],
    ['http GET, 64 in flight, p99 / fastify', '≤ 1 ×', true],
    ['http GET, 64 in flight, CPU per call', '≤ 110 µs', false],
  ])
})
