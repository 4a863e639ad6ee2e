// Which suite a test file belongs to.
import { expect, it } from 'vitest'
import { filesOf, suiteOf } from '../suites.ts'

it.each([
  ['test/core/router/router.test.ts', 'quick'],
  ['test/plugins/state/state.test.ts', 'quick'],
  ['test/bin/start.test.ts', 'processes'],
  ['test/core/host/crash.test.ts', 'processes'],
  ['test/plugins/cron/engine.test.ts', 'processes'],
  ['test/kit/redis/redis-connection.test.ts', 'processes'],
  ['test/bench/run-bench.test.ts', 'processes'],
  ['test/clients/telemetry-11.test.ts', 'processes-apart'],
])('%s is in the suite %s', (file, suite) => {
  expect(suiteOf(file)).toBe(suite)
})

it('every file is in one, but for those that have a configuration of their own', () => {
  const files = [...filesOf('quick'), ...filesOf('processes'), ...filesOf('processes-apart')]
  expect(new Set(files).size).toBe(files.length)
  expect(files.filter((file) => /^test\/(long|interop)\//.test(file))).toEqual([])
})
