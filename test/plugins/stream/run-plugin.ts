// The stream plugin alone on the real router.
import type { StreamConfig } from '../../../plugins/stream/config.ts'
import streamPlugin from '../../../plugins/stream/index.ts'
import { runPlugin, type PluginRun } from '../../support/plugin-run.ts'
import type { StreamRun } from './stream-run.ts'

export type RunningStream = PluginRun<StreamConfig> & StreamRun

export async function runStreamPlugin(projectRoot: string, config: StreamConfig = {}): Promise<RunningStream> {
  const run = await runPlugin(streamPlugin, { port: 0, ...config }, { triggerType: 'stream', projectRoot })
  const refs = new Map<string, { unregister(): void }>()
  return {
    ...run,
    provide: (functionId, handler) => {
      refs.set(functionId, run.worker.registerFunction(functionId, handler as never))
    },
    withdraw: (functionId) => refs.get(functionId)?.unregister(),
  }
}
