// Runs the state plugin on a fake engine: what the plugin host would do, without threads and hand-overs.
import type { ErrorBody } from '../../../protocol/errors.ts'
import type { RunningPlugin } from '../../../sdk/plugin.ts'
import type { StateConfig } from '../../../plugins/state/config.ts'
import statePlugin from '../../../plugins/state/index.ts'
import { collectingLog } from '../../support/collecting-log.ts'
import { FakeEngine } from '../../support/fake-engine.ts'
import type { StateRun, TestBinding } from './state-cases.ts'

export interface RunningState extends StateRun {
  readonly engine: FakeEngine
  readonly log: ReturnType<typeof collectingLog>
  readonly plugin: RunningPlugin<StateConfig>
  stop(): Promise<void>
}

export async function runStatePlugin(projectRoot: string, config: StateConfig = {}): Promise<RunningState> {
  const engine = new FakeEngine()
  const log = collectingLog()
  const plugin = (await statePlugin.start({
    iii: engine.connect(),
    config,
    log,
    dataDir: projectRoot,
    signal: new AbortController().signal,
    replica: 0,
    engine: { version: 'test', url: '', projectRoot },
  })) as RunningPlugin<StateConfig>
  const worker = engine.connect()
  const bind = (binding: TestBinding): Promise<ErrorBody | undefined> =>
    engine.bind({ trigger_type: 'state', ...binding })
  return {
    engine,
    log,
    plugin,
    call: (functionId, input) => worker.trigger({ function_id: functionId, payload: input }).catch(bareMessage),
    provide: (functionId, handler) => void worker.registerFunction(functionId, handler as never),
    bind: async (binding) => {
      const error = await bind(binding)
      if (error !== undefined) throw new Error(`${error.code}: ${error.message}`)
    },
    unbind: (id) => engine.unbind(id, 'state'),
    refusalOf: async (binding) => {
      const error = await bind(binding)
      if (error === undefined) throw new Error('The binding was accepted.')
      return error
    },
    configure: async (members) => {
      if ((await plugin.reconfigure!({ ...config, ...members })) === false) throw new Error('Not applied in place.')
    },
    stop: async () => plugin.stop!({ reason: 'reload' }),
  }
}

/** The handle puts the code in front of the message. */
function bareMessage(error: ErrorBody): never {
  throw Object.assign(new Error(error.message.replace(`${error.code}: `, '')), { code: error.code })
}
