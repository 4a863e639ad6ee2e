// A worker of any SDK whose functions are bound to routes of an engine.
import { expect } from 'vitest'
import { connectSdk, type Client, type Version } from './versions.ts'

export interface HttpWorker {
  readonly client: Client
  /** Provides a function and binds it; resolves when the engine has bound it. @param route such as `GET /users/:id` */
  serve(route: string, handler: (request: any, metadata?: unknown) => unknown, more?: ServeOptions): Promise<Served>
}

export interface ServeOptions {
  /** Beside method and path. */
  readonly config?: object
  readonly metadata?: object
}

export interface Served {
  unbind(): void
}

/** It is shut down when the test is over. @param url of the listener. */
export function httpWorker(version: Version, url: string): HttpWorker {
  const client = connectSdk(version, url)
  return {
    client,
    async serve(route, handler, { config, ...more } = {}) {
      const [http_method, api_path] = route.split(' ')
      client.registerFunction(route, async (request, metadata) => handler(request, metadata))
      const binding = { type: 'http', function_id: route, config: { http_method, api_path, ...config }, ...more }
      const trigger = client.registerTrigger(binding)
      const bound = async (): Promise<unknown[]> =>
        (await client.trigger({ function_id: 'engine::registered-triggers::list', payload: { function_id: route } }))
          .registered_triggers
      await expect.poll(bound).toHaveLength(1)
      return { unbind: () => trigger.unregister() }
    },
  }
}
