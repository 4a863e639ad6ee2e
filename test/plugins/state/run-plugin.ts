// The state plugin on a fake engine.
import type { StateConfig } from '../../../plugins/state/config.ts'
import statePlugin from '../../../plugins/state/index.ts'
import { runPlugin, type PluginRun } from '../../support/plugin-run.ts'
import type { StateRun } from './state-run.ts'

export type RunningState = PluginRun<StateConfig> & StateRun

export async function runStatePlugin(projectRoot: string, config: StateConfig = {}): Promise<RunningState> {
  const run = await runPlugin(statePlugin, 'state', projectRoot, config)
  return {
    ...run,
    configure: async (members) => {
      const changed = { ...config, ...members }
      if ((await run.plugin.reconfigure!(changed)) === false) throw new Error('Not applied in place.')
    },
  }
}
