// A port that nobody listens on and nobody can open: a connection has it as its own end, as it does for a minute after its end (TIME_WAIT).
import { once } from 'node:events'
import { connect, createServer, type AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

export interface HeldPort {
  readonly port: number
  free(): void
}

export async function heldPort(): Promise<HeldPort> {
  const server = createServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const connection = connect((server.address() as AddressInfo).port, '127.0.0.1')
  await once(connection, 'connect')
  onTestFinished(() => {
    connection.destroy()
    server.close()
  })
  return { port: connection.localPort!, free: () => connection.resetAndDestroy() }
}
