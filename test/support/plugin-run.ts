// Runs a plugin alone on the real router, with a worker beside it that calls, provides and binds.
import { onTestFinished } from 'vitest'
import type { ErrorBody } from '../../protocol/errors.ts'
import type { PluginContext, PluginDefinition, RunningPlugin, StopReason } from '../../sdk/plugin.ts'
import {
  startTestEngine,
  type BoundTrigger,
  type CallRecord,
  type CollectingLog,
  type TestEngine,
  type TestPlugin,
  type TestWorker,
} from '../../testing/index.ts'
import type { TestBinding, WorkerRun } from './worker-run.ts'

export interface PluginRun<Config> extends WorkerRun {
  readonly engine: TestEngine
  /** Another worker. */
  readonly worker: TestWorker
  readonly log: CollectingLog
  /** As the engine knows it. */
  readonly host: TestPlugin
  /** As its `start` gave it. */
  readonly plugin: RunningPlugin<Config>
  bind(binding: TestBinding): Promise<void>
  unbind(id: string): void
  /** Runs its `stop()`, whatever it is doing. @param reason default: `reload` */
  stop(reason?: StopReason): Promise<void>
}

export interface PluginRunOptions {
  /** What `bind`, `unbind` and `refusalOf` are about. */
  readonly triggerType: string
  /** Default: a folder of its own. */
  readonly projectRoot?: string
  /** Default: where the engine keeps a plugin's data. */
  readonly dataDir?: string
}

/** The engine is closed when the test is over. */
export async function runPlugin<Config extends object>(
  definition: PluginDefinition<Config>,
  config: Config,
  { triggerType, projectRoot, dataDir }: PluginRunOptions,
): Promise<PluginRun<Config>> {
  const engine = await startTestEngine({ ...(projectRoot !== undefined && { projectRoot }) })
  onTestFinished(() => engine.close())
  const held = new HeldPlugin(definition)
  const host = await engine.run(held.definition, { config, builtIn: true, ...(dataDir !== undefined && { dataDir }) })
  const worker = engine.connect()
  const bindings = new Map<string, BoundTrigger>()
  const bind = async (binding: TestBinding): Promise<void> => {
    bindings.set(binding.id, await engine.bind({ type: triggerType, ...binding }))
  }
  return {
    engine,
    worker,
    host,
    log: host.log,
    plugin: held.running,
    call: (functionId, input) => worker.trigger({ function_id: functionId, payload: input }).catch(bareMessage),
    provide: (functionId, handler) => void worker.registerFunction(functionId, handler as never),
    bind,
    unbind: (id) => bindings.get(id)?.unregister(),
    refusalOf: async (binding) => {
      const refusal = await bind(binding).then(
        () => undefined,
        (error: ErrorBody) => error,
      )
      if (refusal === undefined) throw new Error('The binding was accepted.')
      return refusal
    },
    stop: async (reason = 'reload') => held.running.stop?.({ reason }),
  }
}

/** A definition whose running plugin a test can get hold of. It is stopped once, by the test or by the engine. */
export class HeldPlugin<Config> {
  readonly definition: PluginDefinition<Config>
  #running: RunningPlugin<Config> | undefined
  #stopped: Promise<void> | undefined

  constructor(definition: PluginDefinition<Config>) {
    this.definition = { ...definition, start: (context) => this.#start(definition, context) }
  }

  get running(): RunningPlugin<Config> {
    if (this.#running === undefined) throw new Error('The plugin was not started.')
    return this.#running
  }

  async #start(
    definition: PluginDefinition<Config>,
    context: PluginContext<Config>,
  ): Promise<RunningPlugin<Config> | undefined> {
    const running = (await definition.start(context)) ?? {}
    this.#running = {
      ...(running.reconfigure && { reconfigure: (config: Config) => running.reconfigure?.(config) }),
      ...(running.listening && { listening: (url: string) => running.listening?.(url) }),
      ...(running.addresses && { addresses: () => running.addresses?.() ?? [] }),
      stop: (ending: { readonly reason: StopReason }) => (this.#stopped ??= Promise.resolve(running.stop?.(ending))),
    }
    return this.#running
  }
}

/** The handle puts the code in front of the message. */
function bareMessage(error: ErrorBody): never {
  throw Object.assign(new Error(error.message.replace(`${error.code}: `, '')), { code: error.code })
}

/** What a call carried beside its payload. */
export function sidecarOf({ binding, traceparent, baggage, metadata }: CallRecord): Partial<CallRecord> {
  const members = { binding, traceparent, baggage, metadata }
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined))
}
