// A TCP relay to a port that can be shut: connections end, and new ones are refused until it is opened again.
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

export class Gate {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #open = true

  private constructor(server: Server) {
    this.#server = server
  }

  static async to(port: number): Promise<Gate> {
    const server = createServer()
    const gate = new Gate(server)
    server.on('connection', (client) => gate.#relay(client, port))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return gate
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  shut(): void {
    this.#open = false
    for (const socket of this.#sockets) socket.destroy()
  }

  open(): void {
    this.#open = true
  }

  async close(): Promise<void> {
    this.shut()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #relay(client: Socket, port: number): void {
    if (!this.#open) return void client.destroy()
    const engine = connect(port, '127.0.0.1')
    for (const [one, other] of [
      [client, engine],
      [engine, client],
    ] as const) {
      this.#sockets.add(one)
      one.on('error', () => {})
      one.on('close', () => {
        this.#sockets.delete(one)
        other.destroy()
      })
      one.pipe(other)
    }
  }
}
