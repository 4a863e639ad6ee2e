// The state plugin alone on the real router.
import type { StateConfig } from '../../../plugins/state/config.ts'
import statePlugin from '../../../plugins/state/index.ts'
import { runPlugin, type PluginRun } from '../../support/plugin-run.ts'
import type { StateRun } from './state-run.ts'

export type RunningState = PluginRun<StateConfig> & StateRun

export async function runStatePlugin(projectRoot: string, config: StateConfig = {}): Promise<RunningState> {
  const run = await runPlugin(statePlugin, config, { triggerType: 'state', projectRoot })
  return {
    ...run,
    configure: async (members) => {
      if (!(await run.host.reconfigure({ ...config, ...members }))) throw new Error('Not applied in place.')
    },
  }
}
