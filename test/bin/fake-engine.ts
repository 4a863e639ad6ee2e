// Just enough of an engine for the CLI: answers calls from a table and remembers every frame it got.
import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'

export type Frame = Record<string, unknown>
/** `raw`: a result as JSON text, for what JavaScript can't hold. */
export type Answer = { result?: unknown; error?: unknown } | { raw: string } | 'silence' | 'hang-up'

export class FakeEngine implements AsyncDisposable {
  readonly frames: Frame[] = []
  readonly rawFrames: string[] = []
  readonly answers = new Map<string, Answer | (() => Answer)>()
  readonly #server: WebSocketServer

  private constructor(server: WebSocketServer) {
    this.#server = server
    server.on('connection', (socket) => {
      socket.send(JSON.stringify({ type: 'workerregistered', worker_id: 'w', reattach_token: 't' }))
      socket.on('message', (data) => {
        const raw = String(data)
        const frame = JSON.parse(raw) as Frame
        this.rawFrames.push(raw)
        this.frames.push(frame)
        const id = String(frame['function_id'])
        const known = this.answers.get(id) ?? {
          error: { code: 'function_not_found', message: `Function ${id} not found` },
        }
        const answer = typeof known === 'function' ? known() : known
        if (answer === 'silence' || frame['invocation_id'] === undefined) return
        if (answer === 'hang-up') return socket.close(1012, 'restarting')
        const head = JSON.stringify({
          type: 'invocationresult',
          invocation_id: frame['invocation_id'],
          function_id: id,
        })
        const rest = 'raw' in answer ? `{"result":${answer.raw}}` : JSON.stringify(answer)
        socket.send(rest === '{}' ? head : `${head.slice(0, -1)},${rest.slice(1)}`)
      })
    })
  }

  static async start(): Promise<FakeEngine> {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
    await new Promise((resolve) => server.once('listening', resolve))
    return new FakeEngine(server)
  }

  get port(): string {
    return String((this.#server.address() as AddressInfo).port)
  }

  /** The options that lead a command here. */
  get at(): string[] {
    return ['--address', '127.0.0.1', '--port', this.port]
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#server.clients) client.terminate()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}
