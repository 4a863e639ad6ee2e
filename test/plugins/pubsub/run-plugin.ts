// Runs the pub/sub plugin on a fake engine: what the plugin host would do, without threads and hand-overs.
import type { ErrorBody } from '../../../protocol/errors.ts'
import type { PubSubConfig } from '../../../plugins/pubsub/config.ts'
import pubsubPlugin from '../../../plugins/pubsub/index.ts'
import type { RunningPlugin } from '../../../sdk/plugin.ts'
import { collectingLog } from '../../support/collecting-log.ts'
import { FakeEngine } from '../../support/fake-engine.ts'
import type { PubSubRun, TestBinding } from './pubsub-run.ts'

export interface RunningPubSub extends PubSubRun {
  readonly engine: FakeEngine
  readonly log: ReturnType<typeof collectingLog>
  readonly plugin: RunningPlugin<PubSubConfig>
  stop(): Promise<void>
}

export async function runPubSubPlugin(config: PubSubConfig = {}): Promise<RunningPubSub> {
  const engine = new FakeEngine()
  const log = collectingLog()
  const plugin = (await pubsubPlugin.start({
    iii: engine.connect(),
    config,
    log,
    dataDir: '',
    signal: new AbortController().signal,
    replica: 0,
    engine: { version: 'test', url: '', projectRoot: '' },
  })) as RunningPlugin<PubSubConfig>
  const worker = engine.connect()
  const bind = (binding: TestBinding): Promise<ErrorBody | undefined> =>
    engine.bind({ trigger_type: 'subscribe', ...binding })
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
    unbind: (id) => engine.unbind(id, 'subscribe'),
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
