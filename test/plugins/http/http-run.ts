// `iii-http` alone on the real router, on a port of its own, with a worker beside it that provides and binds.
import plugin from '../../../plugins/http/index.ts'
import type { HttpConfig } from '../../../plugins/http/config.ts'
import { runPlugin, type PluginRun } from '../../support/plugin-run.ts'
import type { ChannelReader, ChannelWriter } from '../../../sdk/plugin.ts'

/** A request as a handler of the run gets it. */
export interface HandlerRequest {
  readonly query_params: Record<string, string>
  readonly path_params: Record<string, string>
  readonly headers: Record<string, string>
  readonly path: string
  readonly method: string
  readonly url: string
  readonly body: unknown
  readonly request_body: ChannelReader
  readonly response: ChannelWriter
}

export interface HttpRun extends PluginRun<HttpConfig> {
  /** `http://127.0.0.1:12345` */
  readonly url: string
  /** Provides the function `id` and binds it to a route; resolves when the route is there. */
  serve(
    id: string,
    route: string,
    handler: (request: HandlerRequest, metadata?: unknown) => unknown,
    config?: Record<string, unknown>,
  ): Promise<void>
}

/** The engine is closed when the test is over. */
export async function runHttp(config: HttpConfig = {}): Promise<HttpRun> {
  const run = await runPlugin<HttpConfig>(plugin, { port: 0, ...config }, { triggerType: 'http' })
  // As the host says when the listeners are open: all bindings that are there have come.
  run.host.listening('ws://127.0.0.1:1')
  return {
    ...run,
    get url() {
      return run.plugin.addresses!()[0]!
    },
    async serve(id, route, handler, config) {
      const [method, path] = route.split(' ')
      run.provide(id, handler)
      await run.bind({
        id: `${id} ${route}`,
        function_id: id,
        config: { http_method: method, api_path: path, ...config },
      })
    },
  }
}
