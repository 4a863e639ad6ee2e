// A stream server on a free port with a feed and functions of the test's choice behind it.
import { onTestFinished } from 'vitest'
import type { TriggerBinding, TriggerRequest, TriggerTypeHandler } from '../../sdk/handle-types.ts'
import { StreamServer, type StreamServerSettings } from '../../plugins/stream/clients/stream-server.ts'
import { collectingLog } from './collecting-log.ts'
import { Collector, within } from './deadline.ts'
import { StreamClient, type StreamClientOptions } from './stream-client.ts'
import { TestFeed } from './stream-feed.ts'

type TestFunction = (payload: any, request: TriggerRequest) => unknown

export class StreamScene {
  readonly feed = new TestFeed()
  readonly log = collectingLog()
  /** Every call that the server made, oldest first. */
  readonly calls = new Collector<TriggerRequest>()
  readonly #functions = new Map<string, TestFunction>()
  readonly #types = new Map<string, TriggerTypeHandler>()
  #server: StreamServer | undefined

  static async open(settings: StreamServerSettings = {}, now?: () => number): Promise<StreamScene> {
    const scene = new StreamScene()
    const { feed, log } = scene
    const iii = {
      trigger: (request: TriggerRequest) => scene.#call(request),
      registerTriggerType: (input: { id: string }, handler: TriggerTypeHandler) =>
        void scene.#types.set(input.id, handler),
    }
    const { readSnapshot } = feed
    const clock = now === undefined ? {} : { now }
    const options = { iii, log, feed, readSnapshot, settings: { port: 0, ...settings }, ...clock }
    scene.#server = await StreamServer.open(options)
    scene.#server.registerTriggerTypes()
    onTestFinished(() => scene.server.close())
    return scene
  }

  get server(): StreamServer {
    return this.#server!
  }

  get url(): string {
    const { host, port } = this.server.address
    return `ws://${host.includes(':') ? `[${host}]` : host}:${port}`
  }

  connect(path = '/', options?: StreamClientOptions): Promise<StreamClient> {
    return StreamClient.connect(`${this.url}${path}`, options)
  }

  provide(id: string, handler: TestFunction): void {
    this.#functions.set(id, handler)
  }

  bind(type: 'stream:join' | 'stream:leave', functionId: string, more: Partial<TriggerBinding> = {}): void {
    const id = `${type} ${functionId}`
    void this.#types.get(type)!.registerTrigger({ id, function_id: functionId, config: {}, ...more })
  }

  unbind(type: 'stream:join' | 'stream:leave', functionId: string): void {
    void this.#types.get(type)!.unregisterTrigger({ id: `${type} ${functionId}`, deliberate: true, moved: false })
  }

  /** Payloads that a function was called with. */
  payloadsOf(functionId: string): any[] {
    return this.calls.items.filter(({ function_id }) => function_id === functionId).map(({ payload }) => payload)
  }

  /** Waits until a function was called so often, and gives the payloads. */
  async called(functionId: string, count = 1): Promise<any[]> {
    while (this.payloadsOf(functionId).length < count) await this.calls.take(this.calls.items.length + 1)
    return this.payloadsOf(functionId)
  }

  /** Waits until the server has noticed who is there and who is not. */
  untilClients(count: number): Promise<void> {
    const watch = async (): Promise<void> => {
      while (this.server.clientCount !== count) await new Promise((resolve) => setImmediate(resolve))
    }
    return within(5_000, `${count} clients`, watch())
  }

  warnings(): string[] {
    return this.log.lines.filter(({ level }) => level === 'warn').map(({ message }) => message)
  }

  async #call(request: TriggerRequest): Promise<unknown> {
    this.calls.add(request)
    const handler = this.#functions.get(request.function_id)
    if (handler === undefined)
      throw Object.assign(new Error(`no function ${request.function_id}`), { code: 'function_not_found' })
    const { promise: late, reject } = Promise.withResolvers<never>()
    const timer = setTimeout(
      () => reject(Object.assign(new Error('timed out'), { code: 'TIMEOUT' })),
      request.timeoutMs ?? 30_000,
    )
    try {
      return await Promise.race([handler(request.payload, request), late])
    } finally {
      clearTimeout(timer)
    }
  }
}
