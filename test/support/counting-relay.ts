// A TCP relay that counts the connections that were made through it.
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

export class CountingRelay {
  readonly host: string
  /** Since the beginning. */
  connections = 0

  private constructor(host: string) {
    this.host = host
  }

  /** It ends with the test. @param target `127.0.0.1:PORT` */
  static async to(target: string): Promise<CountingRelay> {
    const [address = '', port] = target.split(':')
    const sockets = new Set<Socket>()
    const server = createServer((near) => {
      relay.connections++
      const far = connect(Number(port), address)
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        sockets.add(one)
        one
          .on('error', () => {})
          .on('close', () => {
            sockets.delete(one)
            other.destroy()
          })
        one.pipe(other)
      }
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const relay = new CountingRelay(`127.0.0.1:${(server.address() as AddressInfo).port}`)
    onTestFinished(async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    })
    return relay
  }
}
