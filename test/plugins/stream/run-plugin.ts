// Runs the stream plugin on a fake engine: what the plugin host would do, without threads and hand-overs.
import type { ErrorBody } from '../../../protocol/errors.ts'
import type { RunningPlugin } from '../../../sdk/plugin.ts'
import type { StreamConfig } from '../../../plugins/stream/config.ts'
import streamPlugin from '../../../plugins/stream/index.ts'
import { collectingLog } from '../../support/collecting-log.ts'
import { FakeEngine } from '../../support/fake-engine.ts'
import type { StreamRun, TestBinding } from './stream-run.ts'

export interface RunningStream extends StreamRun {
  readonly engine: FakeEngine
  readonly log: ReturnType<typeof collectingLog>
  readonly plugin: RunningPlugin<StreamConfig>
  stop(): Promise<void>
}

export async function runStreamPlugin(projectRoot: string, config: StreamConfig = {}): Promise<RunningStream> {
  const engine = new FakeEngine()
  const log = collectingLog()
  const core = engine.connect()
  /** What the core calls to tell which functions serve custom streams. */
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
  const plugin = (await streamPlugin.start({
    iii: engine.connect(),
    config: { port: 0, ...config },
    log,
    dataDir: projectRoot,
    signal: new AbortController().signal,
    replica: 0,
    engine: { version: 'test', url: '', projectRoot },
  })) as RunningPlugin<StreamConfig>
  const worker = engine.connect()
  const bind = (binding: TestBinding): Promise<ErrorBody | undefined> =>
    engine.bind({ trigger_type: 'stream', ...binding })
  const refs = new Map<string, { unregister(): void }>()
  return {
    engine,
    log,
    plugin,
    call: (functionId, input) => worker.trigger({ function_id: functionId, payload: input }).catch(bareMessage),
    provide: async (functionId, handler) => {
      refs.set(functionId, worker.registerFunction(functionId, handler as never))
      if (functionId.startsWith('stream::')) await tell([functionId], [])
    },
    withdraw: async (functionId) => {
      refs.get(functionId)?.unregister()
      await tell([], [functionId])
    },
    bind: async (binding) => {
      const error = await bind(binding)
      if (error !== undefined) throw new Error(`${error.code}: ${error.message}`)
    },
    refusalOf: async (binding) => {
      const error = await bind(binding)
      if (error === undefined) throw new Error('The binding was accepted.')
      return error
    },
    stop: async () => plugin.stop!({ reason: 'reload' }),
  }
}

/** The handle puts the code in front of the message. */
function bareMessage(error: ErrorBody): never {
  throw Object.assign(new Error(error.message.replace(`${error.code}: `, '')), { code: error.code })
}
