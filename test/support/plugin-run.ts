// Runs a plugin on a fake engine: what the plugin host would do, without threads and hand-overs.
import type { ErrorBody } from '../../protocol/errors.ts'
import type { Handle } from '../../sdk/handle.ts'
import type { PluginContext, PluginDefinition, RunningPlugin } from '../../sdk/plugin.ts'
import { collectingLog } from './collecting-log.ts'
import { FakeEngine } from './fake-engine.ts'
import type { TestBinding, WorkerRun } from './worker-run.ts'

export interface PluginRun<Config> extends WorkerRun {
  readonly engine: FakeEngine
  /** Of another worker. */
  readonly worker: Handle
  readonly log: ReturnType<typeof collectingLog>
  readonly plugin: RunningPlugin<Config>
  bind(binding: TestBinding): Promise<void>
  unbind(id: string): void
  stop(): Promise<void>
}

/** The context of a plugin on a fake engine, with its data in the project's folder. */
export function pluginContext<Config>(
  engine: FakeEngine,
  projectRoot: string,
  config: Config,
): PluginContext<Config> & { readonly log: ReturnType<typeof collectingLog> } {
  return {
    iii: engine.connect(),
    config,
    log: collectingLog(),
    dataDir: projectRoot,
    signal: new AbortController().signal,
    replica: 0,
    engine: { version: 'test', url: '', projectRoot },
    processes: { start: () => Promise.reject(new Error('a fake engine starts no processes')) },
  }
}

/** @param triggerType what `bind`, `unbind` and `refusalOf` are about */
export async function runPlugin<Config>(
  definition: PluginDefinition<Config>,
  triggerType: string,
  projectRoot: string,
  config: Config,
  engine = new FakeEngine(),
): Promise<PluginRun<Config>> {
  const context = pluginContext(engine, projectRoot, config)
  const plugin = (await definition.start(context)) as RunningPlugin<Config>
  const worker = engine.connect()
  const bind = (binding: TestBinding): Promise<ErrorBody | undefined> =>
    engine.bind({ trigger_type: triggerType, ...binding })
  return {
    engine,
    worker,
    log: context.log,
    plugin,
    call: (functionId, input) => worker.trigger({ function_id: functionId, payload: input }).catch(bareMessage),
    provide: (functionId, handler) => void worker.registerFunction(functionId, handler as never),
    bind: async (binding) => {
      const error = await bind(binding)
      if (error !== undefined) throw new Error(`${error.code}: ${error.message}`)
    },
    unbind: (id) => engine.unbind(id, triggerType),
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
