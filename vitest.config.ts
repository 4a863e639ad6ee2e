// The quick suite: `npm test`. The long runs and the interop tests have configurations of their own beside their files.
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/long/**', 'test/interop/**', 'test/package/**', 'test/examples/**', 'test/fixtures/**'],
    pool: 'forks',
    // Clients print every reconnect; what a test printed is of interest when it failed.
    silent: 'passed-only',
    // Files that start engines and threads of their own share the machine: two at a time on two cores.
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 20_000,
  },
})
