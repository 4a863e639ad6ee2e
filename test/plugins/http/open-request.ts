// A request whose body and connection a test holds in its hands.
import { Agent, request, type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export interface OpenRequest {
  readonly request: ClientRequest
  /** Resolves with the head of the answer. */
  readonly answered: Promise<IncomingMessage>
}

/** Its head is sent at once. */
export function openRequest(url: string, options: RequestOptions = {}): OpenRequest {
  const opened = request(url, { method: 'POST', agent: false, ...options })
  const answered = once(opened, 'response').then(([response]) => response as IncomingMessage)
  // Whoever waits for the answer is told; a connection that is cut later is no failure of the test.
  answered.catch(() => {})
  opened.on('error', () => {})
  opened.flushHeaders()
  return { request: opened, answered }
}

export async function textOf(response: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of response) text += String(chunk)
  return text
}

/** One connection that is kept for the next request. */
export function keptConnection(): Agent {
  return new Agent({ keepAlive: true, maxSockets: 1 })
}

export interface RawConnection {
  readonly socket: Socket
  /** What has come so far. */
  text(): string
  /** Resolves when what has come matches. */
  until(pattern: RegExp): Promise<void>
  /** Resolves with all that came when the other side has ended the connection. */
  readonly ended: Promise<string>
}

/** A connection on which a test writes what it likes. */
export async function rawConnection(url: string): Promise<RawConnection> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  let text = ''
  const ended = Promise.withResolvers<string>()
  socket.on('data', (bytes) => (text += bytes.toString('latin1')))
  socket.on('error', () => {})
  socket.on('close', () => ended.resolve(text))
  await once(socket, 'connect')
  return {
    socket,
    text: () => text,
    async until(pattern) {
      while (!pattern.test(text)) {
        if (socket.destroyed) throw new Error(`The connection has ended after ${JSON.stringify(text)}`)
        await Promise.race([once(socket, 'data'), ended.promise])
      }
    },
    ended: ended.promise,
  }
}
