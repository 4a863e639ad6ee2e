// Clients in other languages against this engine: `npm run test:interop`.
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    // As in vitest.config.ts.
    env: { III_WARM_BUNDLE: 'off' },
    root: new URL('../..', import.meta.url).pathname,
    include: ['test/interop/**/*.test.ts'],
    pool: 'forks',
    globalSetup: ['test/support/own-cache.ts', 'test/support/skipped-tests.ts'],
    // Clients print every reconnect; what a test printed is of interest when it failed.
    silent: 'passed-only',
    maxWorkers: 1,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Guards against hangs alone: a disk or a core that others use may take a second to come round.
    expect: { poll: { timeout: 10_000 } },
  },
})
