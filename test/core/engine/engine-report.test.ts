import { expect, test } from 'vitest'
import { engineHealth, pluginStatus } from '../../../core/engine-report.ts'
import type { PluginRow } from '../../../core/host/table/plugin-rows.ts'

const row = (name: string, more: Partial<PluginRow>): PluginRow => ({
  name,
  origin: `plugins/${name}.ts`,
  state: 'running',
  generation: 1,
  isolation: 'thread',
  thread: 1,
  replicas: 1,
  load_ms: 1,
  functions: 1,
  in_flight: 0,
  calls: 0,
  errors: 0,
  latency_ms: { p50: 0, p99: 0 },
  memory_bytes: 0,
  event_loop_utilization: 0,
  restarts: 0,
  ...more,
})
const stale = (reason: 'build' | 'held_up', error: string): Partial<PluginRow> => {
  return { stale: { since: '2026-01-01T00:00:00.000Z', reason, error } }
}
const health = (rows: readonly PluginRow[], troubles: readonly string[] = []) =>
  engineHealth({
    state: 'running',
    plugins: rows.map((each) => pluginStatus(each, new Set())),
    troubles,
    configProblem: undefined,
    parts: new Map(),
  })['plugins']

test('A plugin that is broken, stalled or left a thread behind makes the health degraded', () => {
  expect(health([row('a', {})])).toEqual({ status: 'healthy', details: null })
  expect(health([row('a', stale('build', 'no'))])).toEqual({ status: 'degraded', details: { error: 'a: no' } })
  expect(health([row('a', {})], ['a: stalled'])).toEqual({ status: 'degraded', details: { error: 'a: stalled' } })
})

test('One that is held up is not counted: who holds it up is', () => {
  expect(health([row('a', stale('held_up', 'waits'))])).toEqual({ status: 'healthy', details: null })
})

test('It stays short when many are broken at length', () => {
  const broken = Array.from({ length: 9 }, (_, index) => row(`p${index}`, stale('build', `${'x'.repeat(900)}\nmore`)))
  const { error } = health(broken)!.details as { error: string }
  expect(error).toMatch(/^p0: x+…; p1: x+…; .*p4: x+…; and 4 more$/)
  expect(error.length).toBeLessThan(1_100)
})
