// A port of loopback for what has to know it before anybody listens there: an address where nobody is yet, or a place to move to.
// Whatever can choose its port itself is given 0 instead.
import { once } from 'node:events'
import { createServer } from 'node:net'

/** Below the ports that systems hand out for 0 and for connections: nobody else is given one of these meanwhile. */
const FIRST = 15_000
const COUNT = 15_000
const given = new Set<number>()

export async function unusedPort(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * COUNT)
    if (!given.has(port) && (await isUnused(port))) {
      given.add(port)
      return port
    }
  }
}

async function isUnused(port: number): Promise<boolean> {
  const server = createServer()
  server.listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch {
    return false
  }
  server.close()
  await once(server, 'close')
  return true
}
