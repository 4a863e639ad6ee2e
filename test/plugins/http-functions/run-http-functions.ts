// Runs `iii-http-functions` alone on the real router, in this process; time, names and environment are the test's.
import { onTestFinished } from 'vitest'
import httpFunctions from '../../../plugins/http-functions/index.ts'
import type { HttpFunctionsConfig } from '../../../plugins/http-functions/config.ts'
import { startHttpFunctions, type HttpFunctionsDeps } from '../../../plugins/http-functions/start.ts'
import { systemClock } from '../../../base/time/clock.ts'
import type { ErrorBody } from '../../../protocol/errors.ts'
import type { HttpInvocation } from '../../../sdk/handle-types.ts'
import type { PluginDefinition } from '../../../sdk/plugin.ts'
import { startTestEngine, type TestEngine, type TestPlugin, type TestWorker } from '../../../testing/index.ts'
import type { EngineOptions } from '../../../core/model/options.ts'

/** Servers of a test are on loopback, and speak plain HTTP. */
export const OPEN = { require_https: false, block_private_ips: false }

export interface HttpFunctionsRun {
  readonly engine: TestEngine
  readonly host: TestPlugin
  /** Whose functions are endpoints. */
  readonly worker: TestWorker
  /** Registers `f`, or another id; resolves when that has taken effect, rejects with the reason when it is refused. */
  register(invocation: Invocation, id?: string): Promise<void>
  /** Calls `f`, or another id; rejects with code and message. */
  call(payload?: unknown, id?: string): Promise<unknown>
  /** Of a call that fails: without the code in front of the message. */
  failure(payload?: unknown, id?: string): Promise<ErrorBody>
}

export type Invocation = HttpInvocation | { readonly [member: string]: unknown }

export interface RunOptions extends Partial<HttpFunctionsDeps> {
  readonly config?: HttpFunctionsConfig
  readonly engine?: Partial<EngineOptions>
}

export function definitionWith(deps: Partial<HttpFunctionsDeps> = {}): PluginDefinition<HttpFunctionsConfig> {
  return {
    ...httpFunctions,
    start: (context) => startHttpFunctions(context, { clock: systemClock, random: () => 1, env: {}, ...deps }),
  }
}

/** Resolves when everything is checked that the worker has registered. */
export async function registered(worker: TestWorker): Promise<void> {
  // Answered behind it.
  await worker.trigger({ function_id: 'engine::log::debug', payload: { message: 'registered' } })
  await worker.worker.registering
}

/** Closed when the test is over. */
export async function runHttpFunctions({
  config,
  engine: options,
  ...deps
}: RunOptions = {}): Promise<HttpFunctionsRun> {
  const engine = await startTestEngine(options === undefined ? {} : { engine: options })
  onTestFinished(() => engine.close())
  const host = await engine.run(definitionWith(deps), { config: { security: OPEN, ...config }, builtIn: true })
  const worker = engine.connect({ name: 'shop' })
  const caller = engine.connect({ name: 'caller' })
  const call = (payload: unknown = {}, id = 'f'): Promise<unknown> => caller.trigger({ function_id: id, payload })
  return {
    engine,
    host,
    worker,
    async register(invocation, id = 'f') {
      worker.registerFunction(id, invocation as HttpInvocation)
      await registered(worker)
      const refusal = engine.log.lines.find(({ message }) => message.includes(`'${id}' not registered`))
      if (refusal !== undefined) throw new Error(refusal.message.replace(/^.*not registered: /, ''))
    },
    call,
    failure: (payload, id) =>
      call(payload, id).then(
        (value) => {
          throw new Error(`there is a result: ${JSON.stringify(value)}`)
        },
        ({ code, message }: ErrorBody) => ({ code, message: message.replace(`${code}: `, '') }),
      ),
  }
}
