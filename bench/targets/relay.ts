// Reference for the load generator alone: passes the bytes of calls to the one callee and its answers back to the one caller,
// without reading more than frame lengths. What it lets through is the generator's own ceiling, not a router's figure.
import { createHash } from 'node:crypto'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { announce } from './announce.ts'

const WEBSOCKET_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
/** The latest worker that registered a function, and the latest that did not. */
let callee: Socket | undefined
let caller: Socket | undefined

const server = createServer({ noDelay: true }, (socket) => {
  let head = ''
  let rest: Buffer = Buffer.alloc(0)
  let phase: 'handshake' | 'first frames' | 'relaying' = 'handshake'
  socket.on('error', () => socket.destroy())
  socket.on('data', (chunk: Buffer) => {
    if (phase === 'handshake') {
      head += chunk.latin1Slice()
      if (!head.includes('\r\n\r\n')) return
      phase = 'first frames'
      return void socket.write(upgradeAnswer(head))
    }
    if (phase === 'first frames') {
      phase = 'relaying'
      if (chunk.includes('"registerfunction"')) {
        callee = socket
        return void socket.write(announceAnswer(chunk))
      }
      caller = socket
    }
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    const { unmasked, used } = unmask(bytes)
    rest = Buffer.from(bytes.subarray(used))
    const other = socket === callee ? caller : callee
    if (unmasked.length > 0 && other?.writable === true) other.write(unmasked)
  })
})
server.listen(0, '127.0.0.1', () => announce(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`))

/** Turns whole client frames with mask key 0 into server frames: the header loses the mask bit and the key. */
function unmask(bytes: Buffer): { unmasked: Buffer; used: number } {
  const unmasked = Buffer.allocUnsafe(bytes.length)
  let length = 0
  let at = 0
  for (;;) {
    if (bytes.length - at < 14) break
    const code = bytes[at + 1]! & 0x7f
    const header = code < 126 ? 2 : code === 126 ? 4 : 10
    const payload =
      code < 126 ? code : code === 126 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2))
    const end = at + header + 4 + payload
    if (end > bytes.length) break
    unmasked[length] = bytes[at]!
    unmasked[length + 1] = code
    for (let offset = 2; offset < header; offset++) unmasked[length + offset] = bytes[at + offset]!
    bytes.copy(unmasked, length + header, at + header + 4, end)
    length += header + payload
    at = end
  }
  return { unmasked: unmasked.subarray(0, length), used: at }
}

/** A worker registers and announces itself in one write; the answer to the announce lets it begin. */
function announceAnswer(chunk: Buffer): Buffer {
  const id = /"invocation_id":"([^"]*)"/.exec(chunk.latin1Slice())?.[1] ?? ''
  const payload = Buffer.from(`{"type":"invocationresult","invocation_id":"${id}"}`)
  return Buffer.concat([Buffer.from([0x81, payload.length]), payload])
}

function upgradeAnswer(request: string): string {
  const key = /sec-websocket-key: *(\S+)/i.exec(request)?.[1] ?? ''
  const accept = createHash('sha1')
    .update(key + WEBSOCKET_GUID)
    .digest('base64')
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`
}
