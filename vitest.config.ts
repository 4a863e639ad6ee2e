// `npm test`: the quick suite, which starts no processes, threads or whole engines, and the one that does
// (test/suites.ts tells them apart). The long runs and the interop tests have configurations of their own beside their files.
import { defineConfig } from 'vitest/config'
import { filesOf } from './test/suites.ts'

const GLOBAL_SETUP = ['test/support/own-cache.ts', 'test/support/skipped-tests.ts']

/** A process for each file would take longer than most of them. None leaves anything behind for the next one. */
const SHARED_PROCESS = {
  pool: 'forks',
  globalSetup: GLOBAL_SETUP,
  isolate: false,
  setupFiles: 'test/support/clean-slate.ts',
  unstubEnvs: true,
  unstubGlobals: true,
  restoreMocks: true,
} as const

export default defineConfig({
  test: {
    // Clients print every reconnect; what a test printed is of interest when it failed.
    silent: 'passed-only',
    // Files that start engines and threads of their own share the machine: two at a time on two cores.
    maxWorkers: 2,
    // Engines that are started from their folders would write into these while they are removed; what tests that is started with it.
    env: { III_WARM_BUNDLE: 'off' },
    testTimeout: 20_000,
    hookTimeout: 20_000,
    // Guards against hangs alone: a disk or a core that others use may take a second to come round.
    expect: { poll: { timeout: 10_000 } },
    projects: [
      {
        extends: true,
        test: { ...SHARED_PROCESS, name: 'quick', include: filesOf('quick') },
      },
      {
        extends: true,
        test: {
          ...SHARED_PROCESS,
          name: 'processes',
          include: filesOf('processes'),
        },
      },
      {
        extends: true,
        test: {
          name: 'processes-apart',
          include: filesOf('processes-apart'),
          pool: 'forks',
          globalSetup: GLOBAL_SETUP,
        },
      },
    ],
  },
})
