// A listener on a free port, and clients that look at the HTTP of it.
import { once } from 'node:events'
import http from 'node:http'
import net from 'node:net'
import { onTestFinished } from 'vitest'
import { WebListener, type WebListenerOptions } from '../../../base/net/web-listener.ts'

export async function openListener(options: Partial<WebListenerOptions> = {}): Promise<WebListener> {
  const listener = new WebListener({
    worker: 'some-worker',
    handshakeTimeoutMs: 10_000,
    onFailure: () => {},
    ...options,
  })
  await listener.open('127.0.0.1', 0)
  onTestFinished(() => listener.close())
  return listener
}

export interface HttpAnswer {
  readonly status: number | undefined
  readonly headers: http.IncomingHttpHeaders
  readonly body: string
}

export async function get(port: number, path = '/', headers: http.OutgoingHttpHeaders = {}): Promise<HttpAnswer> {
  const request = http.get({ host: '127.0.0.1', port, path, headers })
  const [response] = (await once(request, 'response')) as [http.IncomingMessage]
  let body = ''
  response.setEncoding('utf8').on('data', (text: string) => (body += text))
  await once(response, 'end')
  return { status: response.statusCode, headers: response.headers, body }
}

/** A request to upgrade that is refused. */
export function upgrade(port: number, path = '/', headers: http.OutgoingHttpHeaders = {}): Promise<HttpAnswer> {
  return get(port, path, {
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==',
    ...headers,
  })
}

export async function tcp(port: number, bytes = ''): Promise<net.Socket> {
  const socket = net.connect(port, '127.0.0.1')
  socket.on('error', () => {})
  socket.resume()
  await once(socket, 'connect')
  if (bytes !== '') socket.write(bytes)
  return socket
}
