// A WebSocket whose frames are read directly, and a client that writes frames byte by byte.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { expect } from 'vitest'
import { WebSocketServer, type WebSocket } from 'ws'
import { giveBack, type Region } from '../../../protocol/slabs.ts'
import { readFramesDirectly, FrameReader, type FrameReaderOwner } from '../../../core/gateway/frame-reader.ts'

export interface Pair {
  readonly reader: FrameReader
  readonly client: Socket
  readonly server: WebSocket
  readonly messages: [string, boolean][]
  /** Codes of close frames that the owner was told of. */
  readonly closed: number[]
  /** Sizes of those that came in lent memory. */
  readonly lent: number[]
  next(count: number): Promise<void>
  /** Resolves when the reader has handled the next read. */
  read(): Promise<void>
}

const open: (() => void)[] = []

export function closePairs(): void {
  for (const close of open.splice(0)) close()
}

export interface PairOptions extends Pick<FrameReaderOwner, 'takesLent' | 'messageCame'> {
  /** So many come before all else: after 16 in a row a socket is read into memory that it shares. Default 0. */
  readonly smallReads?: number
  /** Leaves all reading to ws, for comparison: then there is no reader. Default false. */
  readonly isPlain?: boolean
}

export async function pair(
  maxPayload = 1 << 20,
  { smallReads = 0, isPlain = false, ...options }: PairOptions = {},
): Promise<Pair> {
  const closed: number[] = []
  const http = createServer().listen(0, '127.0.0.1')
  await once(http, 'listening')
  const sockets = new WebSocketServer({ server: http, maxPayload })
  let reader: FrameReader | undefined
  const accepted = new Promise<WebSocket>((resolve) => {
    sockets.on('connection', (webSocket, request) => {
      expect(request.socket.listenerCount('data')).toBe(1)
      const owner: FrameReaderOwner = { ...options, closed: (code) => void closed.push(code) }
      if (!isPlain) reader = readFramesDirectly(webSocket, request.socket, maxPayload, owner)
      resolve(webSocket)
    })
  })
  const client = connect((http.address() as AddressInfo).port, '127.0.0.1')
  client.setNoDelay(true)
  client.write(
    'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  )
  await once(client, 'data')
  const server = await accepted
  open.push(() => {
    client.destroy()
    http.close()
  })
  const messages: [string, boolean][] = []
  const lent: number[] = []
  server.on('message', (data: Buffer, isBinary: boolean, region?: Region) => {
    messages.push([data.toString('latin1'), isBinary])
    if (region !== undefined) {
      lent.push(data.length)
      // Whoever uses it next writes there.
      data.fill(0xee)
      giveBack(region)
    }
  })
  server.on('error', () => {})
  for (let count = 0; count < smallReads; count++) {
    client.write(frame('small'))
    await once(server, 'message')
  }
  messages.length = 0
  return {
    reader: reader!,
    client,
    server,
    messages,
    closed,
    lent,
    async next(count) {
      while (messages.length < count) await once(server, 'message')
    },
    read() {
      const { promise, resolve } = Promise.withResolvers<void>()
      const { read, readLarge } = FrameReader.prototype
      reader!.read = function (chunk) {
        read.call(this, chunk)
        resolve()
      }
      reader!.readLarge = function (memory, length) {
        const taken = readLarge.call(this, memory, length)
        if (taken > 0) resolve()
        return taken
      }
      return promise
    },
  }
}

interface Frame {
  readonly payload: Buffer
  readonly opcode: number
  readonly final: boolean
  readonly key: number
}

function bytesOf({ payload, opcode, final, key }: Frame): Buffer {
  const length = payload.length
  const header =
    length < 126
      ? Buffer.from([0, 0x80 | length])
      : length < 65_536
        ? Buffer.from([0, 0xfe, length >> 8, length & 255])
        : Buffer.alloc(10)
  if (length >= 65_536) {
    header[1] = 0xff
    header.writeUInt32BE(length, 6)
  }
  header[0] = (final ? 0x80 : 0) | opcode
  const mask = Buffer.alloc(4)
  mask.writeUInt32BE(key)
  const body = Buffer.from(payload.map((byte, index) => byte ^ (mask[index & 3] as number)))
  return Buffer.concat([header, mask, body])
}

export function frame(text: string | Buffer, overrides: Partial<Frame> = {}): Buffer {
  return bytesOf({ payload: Buffer.from(text as string), opcode: 1, final: true, key: 0x12345678, ...overrides })
}

/** The code of the close frame that the client is sent. */
export async function closeCode(client: Socket): Promise<number> {
  const [bytes] = (await once(client, 'data')) as [Buffer]
  expect(bytes[0]).toBe(0x88)
  return bytes.readUInt16BE(2)
}

/** As `closeCode`, with pongs before the close frame. */
export async function closeCodeAfterPongs(client: Socket): Promise<number> {
  let bytes = Buffer.alloc(0)
  for (;;) {
    const [more] = (await once(client, 'data')) as [Buffer]
    bytes = Buffer.concat([bytes, more])
    while (bytes[0] === 0x8a && bytes.length > 1) bytes = bytes.subarray(2 + (bytes[1] as number))
    if (bytes[0] === 0x88 && bytes.length >= 4) return bytes.readUInt16BE(2)
  }
}
