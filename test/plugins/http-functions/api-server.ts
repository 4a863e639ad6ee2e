// An HTTP API as a test wants it: a real server, on loopback, that keeps what it was asked.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { onTestFinished } from 'vitest'

export interface ApiRequest {
  readonly method: string
  readonly url: string
  /** Lower-case names. */
  readonly headers: IncomingMessage['headers']
  /** As they were sent, names and values in turn. */
  readonly rawHeaders: readonly string[]
  readonly body: Buffer
  /** Tells connections apart. */
  readonly socket: Socket
}

/** What it answers: a JSON value, or whatever it writes into the response itself. */
export type ApiHandler = (request: ApiRequest, response: ServerResponse) => unknown

export class ApiServer {
  readonly requests: ApiRequest[] = []
  readonly #server: Server
  handler: ApiHandler

  constructor(handler: ApiHandler) {
    this.handler = handler
    this.#server = createServer((request, response) => void this.#serve(request, response))
  }

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return this
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  get last(): ApiRequest {
    const last = this.requests.at(-1)
    if (last === undefined) throw new Error('the API was not asked')
    return last
  }

  /** Connections over which requests came. */
  get connections(): number {
    return new Set(this.requests.map(({ socket }) => socket)).size
  }

  /** At the moment. */
  openConnections(): Promise<number> {
    return new Promise((resolve, reject) =>
      this.#server.getConnections((error, count) => (error === null ? resolve(count) : reject(error))),
    )
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '', headers, rawHeaders, socket } = incoming
    const body = Buffer.concat((await incoming.toArray().catch(() => [])) as Buffer[])
    const request = { method, url, headers, rawHeaders, body, socket }
    this.requests.push(request)
    const value: unknown = await this.handler(request, response)
    if (value === undefined || response.headersSent) return
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(value))
  }
}

/** Closed when the test is over. */
export async function apiServer(handler: ApiHandler = ({ body }) => JSON.parse(body.toString())): Promise<ApiServer> {
  const server = await new ApiServer(handler).listen()
  onTestFinished(() => server.close())
  return server
}
