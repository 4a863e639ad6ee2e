// The stream plugin on a fake engine, which tells it what functions serve custom streams, as the core does.
import type { StreamConfig } from '../../../plugins/stream/config.ts'
import streamPlugin from '../../../plugins/stream/index.ts'
import { FakeEngine } from '../../support/fake-engine.ts'
import { runPlugin, type PluginRun } from '../../support/plugin-run.ts'
import type { StreamRun } from './stream-run.ts'

export type RunningStream = PluginRun<StreamConfig> & StreamRun

export async function runStreamPlugin(projectRoot: string, config: StreamConfig = {}): Promise<RunningStream> {
  const engine = new FakeEngine()
  const tell = watchedFunctions(engine)
  const run = await runPlugin(streamPlugin, 'stream', projectRoot, { port: 0, ...config }, engine)
  const refs = new Map<string, { unregister(): void }>()
  return {
    ...run,
    provide: async (functionId, handler) => {
      refs.set(functionId, run.worker.registerFunction(functionId, handler as never))
      if (functionId.startsWith('stream::')) await tell([functionId], [])
    },
    withdraw: async (functionId) => {
      refs.get(functionId)?.unregister()
      await tell([], [functionId])
    },
  }
}

/** Provides `engine::functions-changed`; what is returned fires it. */
function watchedFunctions(engine: FakeEngine): (added: string[], removed: string[]) => Promise<void> {
  const core = engine.connect()
  let watcher: string | undefined
  const tell = async (added: string[], removed: string[]): Promise<void> => {
    if (watcher === undefined) throw new Error('Nobody asked for the functions of custom streams.')
    const named = (ids: string[]) => ids.map((function_id) => ({ function_id, namespace: 'default' }))
    const payload = { event: 'functions_changed', added: named(added), removed: named(removed) }
    await core.trigger({ function_id: watcher, payload })
  }
  core.registerTriggerType(
    { id: 'engine::functions-changed' },
    {
      registerTrigger: ({ function_id }) => {
        watcher = function_id
        void tell([], [])
      },
      unregisterTrigger: () => {},
    },
  )
  return tell
}
