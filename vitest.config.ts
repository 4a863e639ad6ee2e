// `npm test`: the quick suite, which stays within one process, and the one with processes, threads and whole engines
// (test/suites.ts tells them apart). The long runs and the interop tests have configurations of their own beside their files.
import { defineConfig } from 'vitest/config'
import { filesOf } from './test/suites.ts'

export default defineConfig({
  test: {
    // Clients print every reconnect; what a test printed is of interest when it failed.
    silent: 'passed-only',
    // Files that start engines and threads of their own share the machine: two at a time on two cores.
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 20_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'quick',
          include: filesOf('quick'),
          pool: 'forks',
          // A process for each file would take longer than most of them. None leaves anything behind for the next one.
          isolate: false,
          setupFiles: 'test/support/clean-slate.ts',
          unstubEnvs: true,
          unstubGlobals: true,
          restoreMocks: true,
        },
      },
      {
        extends: true,
        test: {
          name: 'processes',
          include: filesOf('processes'),
          pool: 'forks',
          globalSetup: 'test/support/missing-tools.ts',
        },
      },
    ],
  },
})
