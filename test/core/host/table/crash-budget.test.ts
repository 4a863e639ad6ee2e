import { expect, test } from 'vitest'
import { CrashBudget } from '../../../../core/host/table/crash-budget.ts'

test('the third crash in five minutes is one too many', () => {
  const budget = new CrashBudget()
  expect(budget.crashed(0)).toEqual({ restartInMs: 100 })
  expect(budget.crashed(1_000)).toEqual({ restartInMs: 200 })
  expect(budget.crashed(299_999)).toBe('failed')
})

test('crashes that lie five minutes back are forgotten', () => {
  const budget = new CrashBudget()
  budget.crashed(0)
  budget.crashed(1_000)
  expect(budget.crashed(301_000)).toEqual({ restartInMs: 100 })
})

test('the wait doubles up to its cap', () => {
  const budget = new CrashBudget({ crashes: 100 })
  const waits = Array.from({ length: 10 }, (_, second) => budget.crashed(second * 1_000))
  expect(waits.map((verdict) => (verdict === 'failed' ? -1 : verdict.restartInMs))).toEqual([
    100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000, 10_000,
  ])
})

test('new code starts with a clean slate', () => {
  const budget = new CrashBudget()
  budget.crashed(0)
  budget.crashed(1)
  budget.reset()
  expect(budget.crashed(2)).toEqual({ restartInMs: 100 })
})
