// WebSockets in Node, by `ws`.
import type { Socket } from 'node:net'
import WebSocket from 'ws'
import { answerPings } from '../../base/net/answer-pings.ts'
import { createEnvelope } from '../../protocol/scanner/envelope.ts'
import { scanEnvelope } from '../../protocol/scanner/scan.ts'
import type {
  Frame,
  IncomingFrame,
  PlatformSocket,
  SocketListener,
  SocketOptions,
  SocketPlatform,
} from './socket-platform.ts'

/** Read at once after each scan; a scan never yields. */
const envelope = createEnvelope()

export const NODE_SOCKETS: SocketPlatform = {
  open: (url, options, listener) => new NodeSocket(url, options, listener),
  read(frame: Frame): IncomingFrame {
    const bytes = frame as Buffer
    scanEnvelope(bytes, envelope)
    const text = (start: number, end: number): string | undefined =>
      start === -1 ? undefined : bytes.toString('utf8', start, end)
    return {
      kind: envelope.kind,
      type: envelope.type,
      invocationId: envelope.invocationId,
      functionId: envelope.functionId,
      traceparent: envelope.traceparent,
      baggage: envelope.baggage,
      data: text(envelope.dataStart, envelope.dataEnd),
      metadata: text(envelope.metadataStart, envelope.metadataEnd),
      result: text(envelope.resultStart, envelope.resultEnd),
      error: text(envelope.errorStart, envelope.errorEnd),
      problem: envelope.problem,
    }
  },
  about: () => ({ runtime: 'node', os: `${process.platform} (${process.arch})`, pid: process.pid }),
}

class NodeSocket implements PlatformSocket {
  readonly #socket: WebSocket
  /** Below it, once it is open: what is sent in one turn goes to the system in one call, which costs more than all else. */
  #stream: Socket | undefined
  #isCorked = false
  readonly #uncork = (): void => {
    this.#isCorked = false
    this.#stream?.uncork()
  }

  constructor(url: string, { maxFrameBytes, handshakeMs, headers }: SocketOptions, listener: SocketListener) {
    const socket = new WebSocket(url, {
      perMessageDeflate: false,
      autoPong: false,
      maxPayload: maxFrameBytes,
      handshakeTimeout: handshakeMs,
      ...(headers === undefined ? {} : { headers }),
    })
    this.#socket = socket
    answerPings(socket)
    let fault: string | undefined
    let status: number | undefined
    socket.on('upgrade', (response) => (this.#stream = response.socket))
    socket.on('open', () => listener.opened())
    socket.on('ping', () => listener.sign())
    socket.on('pong', () => listener.sign())
    socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) listener.binary(data)
      else listener.text(data)
    })
    socket.on('unexpected-response', (_request, response) => {
      status = response.statusCode
      fault ??= `Unexpected server response: ${status}`
      socket.terminate()
    })
    socket.on('error', (error) => (fault ??= reasonOf(error)))
    socket.on('close', (code, reason) => listener.closed(code, reason.toString(), fault, status))
  }

  get state(): PlatformSocket['state'] {
    const { readyState } = this.#socket
    if (readyState === WebSocket.CONNECTING) return 'connecting'
    return readyState === WebSocket.OPEN ? 'open' : 'closed'
  }

  get bufferedBytes(): number {
    return this.#socket.bufferedAmount
  }

  send(item: string | Uint8Array, written?: (error?: Error | null) => void): void {
    if (!this.#isCorked && this.#stream !== undefined) {
      this.#isCorked = true
      this.#stream.cork()
      process.nextTick(this.#uncork)
    }
    this.#socket.send(item, { binary: typeof item !== 'string' }, written)
  }

  ping(): void {
    this.#socket.ping()
  }

  close(code?: number, reason?: string): void {
    this.#socket.close(code, reason)
  }

  terminate(): void {
    this.#socket.terminate()
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    if (this.#socket.isPaused) this.#socket.resume()
  }
}

/** An attempt at several addresses of one name fails with an error without a message. */
function reasonOf(error: Error & { code?: string; errors?: readonly Error[] }): string {
  return error.message || error.errors?.map(({ message }) => message).join(', ') || error.code || 'unknown reason'
}
