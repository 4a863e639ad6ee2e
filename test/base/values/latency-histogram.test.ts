import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LatencyHistogram } from '../../../base/values/latency-histogram.ts'

describe('LatencyHistogram', () => {
  it('is empty at first', () => {
    expect(new LatencyHistogram().percentile(0.5)).toBe(0)
  })

  it('gives a percentile at most a fifth above the true value, and never below it', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.002, max: 100_000, noNaN: true }), { minLength: 1 }),
        fc.constantFrom(0.5, 0.9, 0.99, 1),
        (values, share) => {
          const histogram = new LatencyHistogram()
          for (const value of values) histogram.record(value)
          const sorted = [...values].sort((a, b) => a - b)
          const exact = sorted[Math.ceil(values.length * share) - 1] ?? 0
          const found = histogram.percentile(share)
          return found >= exact * 0.999_999 && found <= exact * 1.2
        },
      ),
    )
  })
})
