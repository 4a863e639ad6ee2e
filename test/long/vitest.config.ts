// The long runs: `npm run test:long`. Faults, reloads under load, and the packed package installed elsewhere.
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    // As in vitest.config.ts.
    env: { III_WARM_BUNDLE: 'off' },
    root: new URL('../..', import.meta.url).pathname,
    include: ['test/long/**/*.test.ts', 'test/package/**/*.test.ts', 'test/examples/**/*.test.ts'],
    pool: 'forks',
    globalSetup: ['test/support/own-cache.ts', 'test/support/skipped-tests.ts'],
    // Clients print every reconnect; what a test printed is of interest when it failed.
    silent: 'passed-only',
    // One at a time: each of them loads both cores by itself.
    maxWorkers: 1,
    testTimeout: 300_000,
    hookTimeout: 120_000,
    // Guards against hangs alone: a disk or a core that others use may take a second to come round.
    expect: { poll: { timeout: 10_000 } },
  },
})
