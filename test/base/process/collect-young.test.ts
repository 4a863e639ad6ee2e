// That the young generation is collected once per so many bytes.
import { constants, PerformanceObserver, type PerformanceEntry } from 'node:perf_hooks'
import { expect, onTestFinished, test, vi } from 'vitest'
import { memoryMeter, tookMemory } from '../../../base/process/collect-young.ts'

const MB = 1024 * 1024

interface Collection extends PerformanceEntry {
  readonly detail: { readonly kind: number; readonly flags: number }
}

test('collects once per 8 MB, and counts anew after it', () => {
  let count = 0
  const took = memoryMeter(() => count++)
  const take = (bytes: number): number => {
    took(bytes)
    return count
  }
  const sizes = [7 * MB, 1 * MB, 7 * MB, 2 * MB, 7 * MB, 20 * MB, 8 * MB - 1, 1]
  expect(sizes.map(take)).toEqual([0, 1, 1, 2, 2, 3, 3, 4])
})

test('collects the young generation, and that alone', async () => {
  const kinds: unknown[] = []
  const observer = new PerformanceObserver((list) => {
    for (const { detail } of list.getEntries() as Collection[]) {
      const { kind, flags } = detail
      if ((flags & constants.NODE_PERFORMANCE_GC_FLAGS_FORCED) !== 0) kinds.push(kind)
    }
  })
  observer.observe({ entryTypes: ['gc'] })
  onTestFinished(() => observer.disconnect())
  tookMemory(8 * MB)
  await vi.waitUntil(() => kinds.length > 0)
  expect(new Set(kinds)).toEqual(new Set([constants.NODE_PERFORMANCE_GC_MINOR]))
})
