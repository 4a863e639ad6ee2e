// One host:port for stream clients: HTTP, upgrades and pings (spec 02 §6.3). Who a client is told about what is client.ts's.
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocketServer, type WebSocket } from 'ws'
import { PeerSweep } from '../../../base/net/peer-sweep.ts'
import { ClientSocket } from './client-socket.ts'
import type { CloseReason } from './close-reasons.ts'
import { openError } from './open-error.ts'
import type { ClientSettings } from './settings.ts'
import { readRequestTarget, type RequestTarget } from './upgrade-path.ts'

// Not by `import`: that reads all exports of the module, of which two load Node's web client, 35 ms at the start.
const { createServer } = process.getBuiltinModule('node:http')

/** For peers to take the close frame, when the listener closes. */
const CLOSE_MS = 2_000
const KEEP_ALIVE_MS = 30_000
/** How long ws waits for the end of a socket on which both sides have said goodbye. */
const SOCKET_END_MS = 2_000

/** A connection that may be upgraded. */
export interface Upgrade {
  readonly request: IncomingMessage
  readonly target: RequestTarget
  /** Answers with an HTTP error. */
  refuse(status: string, headers?: string): void
  /** Answers 101. Does nothing when the peer has gone. */
  accept(opened: (socket: OpenedSocket) => void): void
}

export interface OpenedSocket {
  /** Called once, however the connection ends; with the reason when this side ended it. */
  onEnd(listener: (reason: CloseReason | undefined) => void): void
  onMessage(listener: (data: Buffer) => void): void
  readonly client: ClientSocket
}

export interface ListenerOptions {
  readonly settings: () => ClientSettings
  onUpgrade(upgrade: Upgrade): void
  /** The listener failed while it was open, or a client is full; for the log. */
  onProblem(problem: string, data?: Readonly<Record<string, unknown>>): void
}

export class Listener {
  readonly #options: ListenerOptions
  readonly #server: Server
  readonly #clients = new Set<ClientSocket>()
  /** Every TCP connection, upgraded or not. */
  readonly #tcp = new Set<Socket>()
  /** Upgrades that are being decided on. */
  #pending = 0
  readonly #sweep = new PeerSweep(this.#clients, (dead) => dead.terminate())
  #closing = false
  #onEmpty: (() => void) | undefined
  #host = ''

  constructor(options: ListenerOptions) {
    this.#options = options
    const { handshake_timeout_ms: deadline } = options.settings().limits
    this.#server = createServer({
      connectionsCheckingInterval: Math.max(50, Math.min(1_000, deadline / 2)),
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_MS,
    })
    this.#server.on('request', (request, response) => answerPlainRequest(request, response))
    this.#server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket as Socket, head))
    this.#server.on('connection', (socket) => this.#track(socket))
    this.#server.on('error', (error) => {
      if (this.#server.listening) options.onProblem('The stream listener failed.', { error: error.message })
    })
  }

  /** @throws Error that names the address and what to do. */
  async open(host: string, port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const failed = (error: NodeJS.ErrnoException): void => reject(openError(error, host, port))
      this.#server.once('error', failed)
      this.#server.listen({ host, port, backlog: 4_096 }, () => {
        this.#server.off('error', failed)
        resolve()
      })
    })
    this.#host = host
    this.applySettings()
  }

  get address(): { readonly host: string; readonly port: number } {
    return { host: this.#host, port: (this.#server.address() as AddressInfo | null)?.port ?? 0 }
  }

  /** Takes no more connections; those that are open stay. The port is free when this returns. */
  stopListening(): void {
    this.#server.close()
  }

  /** Takes the settings up, at the start and when they have changed. */
  applySettings(): void {
    const {
      handshake_timeout_ms: deadline,
      ping_interval_ms: pingMs,
      idle_timeout_ms: idleMs,
    } = this.#options.settings().limits
    this.#server.headersTimeout = this.#server.requestTimeout = this.#server.keepAliveTimeout = deadline
    this.#sweep.start({ pingMs, idleMs })
  }

  /** Closes the port and every connection. */
  async close(reason: CloseReason): Promise<void> {
    this.#closing = true
    this.#sweep.stop()
    this.#server.close()
    for (const client of this.#clients) client.close(reason)
    this.#server.closeIdleConnections()
    const timer = setTimeout(() => {
      for (const socket of this.#tcp) socket.destroy()
    }, CLOSE_MS)
    // Not the callback of `close`: it comes at once when the server does not listen any more.
    await new Promise<void>((resolve) => {
      this.#onEmpty = resolve
      if (this.#tcp.size === 0) resolve()
    })
    clearTimeout(timer)
  }

  #track(socket: Socket): void {
    this.#tcp.add(socket)
    // A TCP connection that says nothing at all is no request: the deadlines of the HTTP server do not cover it.
    const timer = setTimeout(() => {
      if (socket.bytesRead === 0) socket.destroy()
    }, this.#options.settings().limits.handshake_timeout_ms)
    timer.unref()
    socket.once('close', () => {
      clearTimeout(timer)
      this.#tcp.delete(socket)
      if (this.#tcp.size === 0) this.#onEmpty?.()
    })
  }

  #upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    socket.on('error', () => socket.destroy())
    const target = readRequestTarget(request.url ?? '/')
    if (target === undefined) return refuse(socket, '404 Not Found')
    if (this.#closing) return refuse(socket, '503 Service Unavailable', 'Retry-After: 1\r\n')
    const { max_connections: maxConnections } = this.#options.settings().limits
    if (this.#clients.size + this.#pending >= maxConnections) {
      this.#options.onProblem('The stream listener is full (max_connections); new clients are refused.', {
        max_connections: maxConnections,
      })
      return refuse(socket, '503 Service Unavailable', 'Retry-After: 5\r\n')
    }
    this.#pending++
    let isPending = true
    const decided = (): void => {
      if (isPending) this.#pending--
      isPending = false
    }
    socket.once('close', decided)
    this.#options.onUpgrade({
      request,
      target,
      refuse: (status, headers) => {
        decided()
        refuse(socket, status, headers)
      },
      accept: (opened) => {
        decided()
        if (socket.destroyed) return
        if (this.#closing) return refuse(socket, '503 Service Unavailable', 'Retry-After: 1\r\n')
        this.#accept(request, socket, head, opened)
      },
    })
  }

  #accept(request: IncomingMessage, socket: Socket, head: Buffer, opened: (socket: OpenedSocket) => void): void {
    const { max_message_bytes: maxPayload } = this.#options.settings().limits
    const options = {
      noServer: true,
      // Compressing for each subscriber on its own would undo that all of them get the same bytes.
      perMessageDeflate: false,
      maxPayload,
      clientTracking: false,
      closeTimeout: SOCKET_END_MS,
      // Browsers abort when they offered some and none was chosen (spec 02 §6.3).
      handleProtocols: (offered: Set<string>) => offered.values().next().value ?? false,
    }
    new WebSocketServer(options).handleUpgrade(request, socket as Duplex, head, (webSocket) =>
      opened(this.#opened(webSocket, socket)),
    )
  }

  #opened(webSocket: WebSocket, socket: Socket): OpenedSocket {
    let end: ((reason: CloseReason | undefined) => void) | undefined
    const ended = (reason?: CloseReason): void => {
      const listener = end
      end = undefined
      listener?.(reason)
    }
    const client = new ClientSocket(webSocket, socket, () => this.#options.settings().limits, ended)
    this.#clients.add(client)
    webSocket.on('error', () => {})
    // Of the socket and of the WebSocket: the first of them is enough, ws may wait for the other side.
    socket.once('close', () => ended())
    webSocket.once('close', () => {
      this.#clients.delete(client)
      ended()
    })
    return {
      client,
      onEnd: (listener) => void (end = listener),
      onMessage: (listener) => void webSocket.on('message', (data) => listener(data as Buffer)),
    }
  }
}

function refuse(socket: Socket, status: string, headers = ''): void {
  // A client that does not close its side would keep a listener from closing.
  socket.once('finish', () => socket.destroy())
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n${headers}\r\n`)
}

function answerPlainRequest(request: IncomingMessage, response: ServerResponse): void {
  const isKnown = readRequestTarget(request.url ?? '/') !== undefined
  if (!isKnown) response.writeHead(404, { Connection: 'close' }).end()
  else {
    response.writeHead(426, { Connection: 'close', Upgrade: 'websocket' })
    response.end('This is a WebSocket endpoint: an Upgrade request is needed')
  }
}
