import { expect, test } from 'vitest'
import { plainEntry } from '../../../../core/config/instance-ids.ts'
import type { Bundle } from '../../../../core/host/builds/bundle.ts'
import { BUILD_MS, Planner, type PlannerDeps } from '../../../../core/host/generations/planner.ts'
import { PluginInstance } from '../../../../core/host/table/plugin-instance.ts'
import { ManualClock } from '../manual-clock.ts'

test('a build that never ends is given up, and what it may wait for is named', async () => {
  const clock = new ManualClock()
  const builds = { bundleOf: () => new Promise<Bundle>(() => {}) } as unknown as PlannerDeps['builds']
  const settle = async () => ({ config: {}, from: 'file' as const })
  const router = {
    openSlot: () => {
      throw new Error('nothing is there to be started')
    },
  }
  const planner = new Planner({
    clock,
    builds,
    router,
    settle,
    needsOwnThread: () => false,
    restsUntilUsed: () => false,
    wasUsed: () => false,
    onInputs() {},
  })
  const plan = planner.plan({
    instance: new PluginInstance('pipe', 'pipe', 3),
    cause: 'file',
    entry: { ...plainEntry('pipe'), instanceId: 'pipe', origin: 'iii-config.yaml:1' },
    runs: true,
    source: {
      name: 'pipe',
      aliases: [],
      entryFile: '/p/pipe.ts',
      path: '/p/pipe.ts',
      builtIn: false,
      replaces: false,
      origin: 'pipe.ts',
    },
    problem: undefined,
  })
  clock.move(BUILD_MS)
  await expect(plan).rejects.toMatchObject({
    reason: 'build',
    code: 'PLUGIN_BUILD_FAILED',
    message:
      "the build of plugin 'pipe' did not end within 60 s: look whether '/p/pipe.ts' and the files that it imports can be read",
  })
})
