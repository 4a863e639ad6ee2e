import { expect, test } from 'vitest'
import type { LoadResult } from '../../bench/load/load-job.ts'
import { summarise } from '../../bench/rounds.ts'

/** A round of one second. */
function round(verified: number, change: Partial<LoadResult> = {}): LoadResult {
  return {
    elapsedMs: 1000,
    verified,
    wrong: {},
    unanswered: 0,
    parsedShare: 0,
    latencyMicros: { p50: 10, p99: 20, p999: 30, max: 40 },
    generatorCpu: 0.5,
    targetCpuMicros: 500_000,
    targetRssBytes: 1000,
    ...change,
  }
}

test('a variant is the median of its rounds', () => {
  const results = [round(90), round(100), round(105, { targetRssBytes: 2000 })]
  const { variants, notes } = summarise(['engine'], [results])
  expect(variants[0]).toMatchObject({
    perSecond: 100,
    rates: [90, 100, 105],
    cpuMicrosPerCall: 5000,
    rssBytes: 2000,
    verified: 295,
  })
  expect(variants[0]?.spread).toBeCloseTo(0.15)
  expect(notes).toEqual([])
})

test('steady rounds are decided by the ratio of rates', () => {
  const { ratios } = summarise(
    ['engine', 'naive'],
    [
      [round(200), round(210)],
      [round(100), round(100)],
    ],
  )
  expect(ratios[0]).toMatchObject({ to: 'naive', median: 2.05, min: 2, max: 2.1, decidedBy: 'rate' })
})

test('rounds that spread by more than 20 % are decided by CPU time per call, and a note says so', () => {
  const { ratios, notes } = summarise(
    ['engine', 'naive'],
    [
      [round(200), round(300)],
      [round(100), round(100)],
    ],
  )
  expect(ratios[0]?.decidedBy).toBe('cpu')
  expect(ratios[0]?.cpu?.median).toBeCloseTo((0.5 + 1 / 3) / 2)
  expect(notes).toEqual([expect.stringContaining('decides: engine (40 %)')])
})

test('the 99th percentiles are compared round by round', () => {
  const slow = { latencyMicros: { p50: 10, p99: 100, p999: 30, max: 40 } }
  const { ratios } = summarise(
    ['engine', 'naive'],
    [
      [round(100), round(100, slow)],
      [round(100, slow), round(100, slow)],
    ],
  )
  expect(ratios[0]?.p99).toEqual({ median: 0.6, min: 0.2, max: 1 })
})

test('without CPU time unsteady rounds are still decided by rate', () => {
  const blind = { targetCpuMicros: undefined }
  const { ratios } = summarise(
    ['engine', 'naive'],
    [
      [round(200, blind), round(300, blind)],
      [round(100), round(100)],
    ],
  )
  expect(ratios[0]?.cpu).toBeUndefined()
  expect(ratios[0]?.decidedBy).toBe('rate')
})

test('a generator that is busier than the target is named as the bottleneck', () => {
  const busy = round(100, { generatorCpu: 0.97, targetCpuMicros: 600_000 })
  const saturated = round(100, { generatorCpu: 0.97, targetCpuMicros: 990_000 })
  const { variants, notes } = summarise(['engine'], [[busy, busy, saturated]])
  expect(variants[0]?.generatorBound).toBe(2)
  expect(notes).toEqual(['engine: the load generator was the bottleneck in 2 of 3 rounds'])
})

test('wrong and missing answers are summed up and noted', () => {
  const { variants, notes } = summarise(
    ['engine'],
    [[round(1, { wrong: { timeout: 2 } }), round(1, { wrong: { timeout: 1 }, unanswered: 4 })]],
  )
  expect(variants[0]).toMatchObject({ wrong: { timeout: 3 }, unanswered: 4 })
  expect(notes).toContain('engine: 3 answers were wrong (timeout)')
  expect(notes).toContain('engine: 4 calls were never answered')
})
