// A TCP proxy that loses connections the way mobile networks and load balancers do: the worker's side is gone at once,
// the engine notices later.
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

interface Pair {
  readonly worker: Socket
  readonly engine: Socket
}

export class CuttingProxy {
  readonly #server: Server
  readonly #pairs = new Set<Pair>()
  readonly #timers = new Set<NodeJS.Timeout>()

  private constructor(server: Server) {
    this.#server = server
  }

  static async to(port: number): Promise<CuttingProxy> {
    const server = createServer()
    const proxy = new CuttingProxy(server)
    server.on('connection', (worker) => proxy.#forward(worker, connect(port, '127.0.0.1')))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return proxy
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Connections that are not cut. */
  get connections(): number {
    return this.#pairs.size
  }

  /** Cuts what is connected. The engine's side stays open, silent, for `engineMs` more. Returns how many were cut. */
  cut(engineMs: number): number {
    const cut = [...this.#pairs]
    this.#pairs.clear()
    for (const { worker, engine } of cut) {
      engine.unpipe(worker)
      worker.unpipe(engine)
      engine.resume()
      worker.resetAndDestroy()
      const timer = setTimeout(() => {
        this.#timers.delete(timer)
        engine.destroy()
      }, engineMs)
      this.#timers.add(timer)
    }
    return cut.length
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer)
    this.cut(0)
    this.#server.close()
    await once(this.#server, 'close')
  }

  #forward(worker: Socket, engine: Socket): void {
    const pair = { worker, engine }
    this.#pairs.add(pair)
    worker.on('error', () => {})
    engine.on('error', () => {})
    worker.on('close', () => this.#pairs.delete(pair) && engine.destroy())
    engine.on('close', () => this.#pairs.delete(pair) && worker.destroy())
    worker.pipe(engine)
    engine.pipe(worker)
  }
}
