// Answers a request to upgrade with an HTTP error and ends the connection.
import type { Socket } from 'node:net'

export interface Refusal {
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** @param status `404 Not Found` */
export function refuseUpgrade(socket: Socket, status: string, { headers = {}, body = '' }: Refusal = {}): void {
  const lines = Object.entries({ Connection: 'close', 'Content-Length': String(Buffer.byteLength(body)), ...headers })
  // A client that does not close its side would keep a listener from closing.
  socket.once('finish', () => socket.destroy())
  socket.end(`HTTP/1.1 ${status}\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`)
}
