// A whole engine with `iii-http`, in this process: its threads, its configuration, its reloads.
import { onTestFinished } from 'vitest'
import { createLog } from '../../../core/log.ts'
import { startEngine, type Engine } from '../../../index.ts'
import type { HttpConfig } from '../../../plugins/http/config.ts'
import { RawClient } from '../../support/raw-client.ts'
import { tempFolder } from '../../support/temp-folder.ts'

export interface HttpEngine {
  readonly engine: Engine
  /** Where `iii-http` listens now. */
  url(): Promise<string>
  /** A worker that speaks the wire protocol. */
  connect(options?: Parameters<typeof RawClient.connect>[1]): Promise<RawClient>
  /** Resolves when the route is there. */
  serve(worker: RawClient, functionId: string, route: string, handler: (request: any) => unknown): Promise<void>
  /** What was logged, one JSON object a line. */
  logged(): string
  close(): Promise<void>
}

/** @param options of the block `engine`. */
export async function startHttpEngine(
  config: HttpConfig = {},
  env: NodeJS.ProcessEnv = {},
  options: object = {},
): Promise<HttpEngine> {
  let logged = ''
  const workers = [
    { name: 'iii-worker-manager', config: { port: 0 } },
    // In a thread of its own: what it does when it is used for the first time is tested in test/core/engine/resting.test.ts.
    { name: 'iii-http', isolation: 'thread' as const, config: { port: 0, ...config } },
  ]
  const engine = await startEngine({
    cwd: tempFolder(),
    config: { workers, engine: options },
    watch: false,
    env: { ...process.env, ...env },
    log: createLog({ level: 'info', write: (line: string) => (logged += line) }),
  })
  onTestFinished(() => engine.close())
  return {
    engine,
    async url() {
      const info = (await engine.call('engine::plugins::info', { name: 'iii-http' })) as { addresses: string[] }
      return info.addresses[0]!
    },
    connect: (options) => RawClient.connect(engine.url, options),
    async serve(worker, functionId, route, handler) {
      const [http_method, api_path] = route.split(' ')
      await worker.provided(functionId, handler)
      worker.send({
        type: 'registertrigger',
        id: `${functionId} ${route}`,
        trigger_type: 'http',
        function_id: functionId,
        config: { http_method, api_path },
      })
      await worker.settled()
    },
    logged: () => logged,
    close: () => engine.close(),
  }
}
