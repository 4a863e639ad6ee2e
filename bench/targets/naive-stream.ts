// Reference: the stream listener that one would write first. It keeps the sockets of a group in a set, and for each event makes the
// frame by `JSON.stringify` and sends it by one `ws.send` per subscriber.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { WebSocketServer, type WebSocket } from 'ws'

export interface StreamSet {
  readonly stream_name: string
  readonly group_id: string
  readonly item_id: string
  readonly data: unknown
}

export class NaiveStream {
  readonly #server: WebSocketServer
  /** By stream and group. */
  readonly #subscribers = new Map<string, Set<WebSocket>>()
  readonly #items = new Map<string, Map<string, unknown>>()

  /** Listens on a free port. */
  static async open(): Promise<NaiveStream> {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false })
    await once(server, 'listening')
    return new NaiveStream(server)
  }

  private constructor(server: WebSocketServer) {
    this.#server = server
    server.on('connection', (socket, { url = '' }) => {
      const [, , stream = '', group = ''] = url.split('/')
      this.#join(socket, stream, group)
      socket.on('error', () => socket.terminate())
    })
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  set({ stream_name, group_id, item_id, data }: StreamSet): { old_value: unknown; new_value: unknown } {
    const group = `${stream_name}/${group_id}`
    const items = this.#items.get(group) ?? new Map<string, unknown>()
    this.#items.set(group, items)
    const old_value = items.get(item_id) ?? null
    items.set(item_id, data)
    const type = old_value === null ? 'create' : 'update'
    const frame = JSON.stringify(frameOf(stream_name, group_id, item_id, { type, data }))
    for (const socket of this.#subscribers.get(group) ?? []) socket.send(frame)
    return { old_value, new_value: data }
  }

  #join(socket: WebSocket, stream: string, group: string): void {
    const name = `${stream}/${group}`
    const subscribers = this.#subscribers.get(name) ?? new Set<WebSocket>()
    this.#subscribers.set(name, subscribers)
    subscribers.add(socket)
    socket.on('close', () => subscribers.delete(socket))
    const data = [...(this.#items.get(name)?.values() ?? [])]
    socket.send(JSON.stringify(frameOf(stream, group, null, { type: 'sync', data })))
  }
}

function frameOf(streamName: string, groupId: string, id: string | null, event: object): object {
  return { type: 'stream', timestamp: Date.now(), streamName, groupId, id, event }
}
