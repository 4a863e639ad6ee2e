// A proxy that remembers all that clients and server say: to read types on the wire that a client library hides.
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

export interface RecordingProxy {
  readonly port: number
  /** What clients sent. */
  sent(): Buffer
  /** What the server sent. */
  received(): Buffer
  close(): void
}

export async function startRecordingProxy(port: number): Promise<RecordingProxy> {
  const sent: Buffer[] = []
  const received: Buffer[] = []
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1')
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => {})
    }
    client.on('data', (chunk: Buffer) => sent.push(chunk))
    upstream.on('data', (chunk: Buffer) => received.push(chunk))
    client.pipe(upstream).pipe(client)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    sent: () => Buffer.concat(sent),
    received: () => Buffer.concat(received),
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

/** An entry of an AMQP table: its name, its type and what follows. */
export function tableEntry(name: string, type: string, value: number): Buffer {
  const bytes = Buffer.alloc(1 + name.length + 1 + 4)
  bytes.writeUInt8(name.length, 0)
  bytes.write(name + type, 1, 'latin1')
  bytes.writeInt32BE(value, 2 + name.length)
  return bytes
}
