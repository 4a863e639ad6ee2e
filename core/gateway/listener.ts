// One host:port of the worker manager: HTTP endpoints, upgrades, limits and pings (spec 01 §2–§4, 09 §4–§5).
// What a connection then says is read by connection.ts; channel sockets are the channel broker's.
import { randomUUID } from 'node:crypto'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocketServer, type WebSocket } from 'ws'
import { CodedError, toErrorBody } from '../../protocol/errors.ts'
import { acceptsOrigin } from '../../base/net/origin.ts'
import { PeerSweep } from '../../base/net/peer-sweep.ts'
import type { ListenerConfig } from '../config/listener-schema.ts'
import { listenerUrl } from '../config/listener-url.ts'
import type { Log } from '../log.ts'
import type { Policy } from '../model/policy.ts'
import type { Registrations } from '../router/registrations.ts'
import type { Router } from '../router/router.ts'
import { authInput, ipAddress } from '../seats/auth-input.ts'
import type { ChannelBroker } from '../channels/channel-broker.ts'
import { Connection } from './connection.ts'
import { readFramesDirectly } from './frame-reader.ts'
import { serveTelemetry } from './otel-socket.ts'
import type { SessionPolicy } from '../seats/session-policy.ts'
import type { TelemetrySink } from '../telemetry/worker-frames.ts'
import { endpointOf, type Endpoint } from './upgrade-path.ts'

// Not by `import`: that reads all exports of the module, of which two load Node's web client, 35 ms at the start.
const { createServer } = process.getBuiltinModule('node:http')

const CLOSE_MS = 2000
const KEEP_ALIVE_MS = 30_000

export interface ListenerDeps {
  readonly router: Router
  readonly registrations: Registrations
  readonly channels: ChannelBroker
  readonly telemetry: TelemetrySink
  readonly log: Log
  readonly namespaceGraceMs: number
  readonly sessionPolicy: SessionPolicy
  onOpened(connection: Connection): void
  onClosed(connection: Connection): void
}

export class Listener {
  /** Follows the place of the entry in the file, without a restart. */
  instanceId: string
  readonly config: ListenerConfig
  readonly #deps: ListenerDeps
  readonly #server: Server
  readonly #webSockets: WebSocketServer
  readonly #connections = new Set<Connection>()
  /** Sockets of all three endpoints, those whose session is still being decided included. */
  readonly #sockets = new Map<WebSocket, Endpoint['kind']>()
  /** Every TCP connection, upgraded or not. */
  readonly #tcp = new Set<Socket>()
  readonly #sweep = new PeerSweep(this.#connections, (dead) => dead.giveUp('no frame within idle_timeout_ms'))
  #closing = false

  constructor(instanceId: string, config: ListenerConfig, deps: ListenerDeps) {
    this.instanceId = instanceId
    this.config = config
    this.#deps = deps
    const deadline = config.handshake_timeout_ms
    this.#server = createServer({
      headersTimeout: deadline,
      requestTimeout: deadline,
      keepAliveTimeout: deadline,
      connectionsCheckingInterval: Math.max(50, Math.min(1000, deadline / 2)),
      noDelay: true,
      // Telemetry and channel sockets are not pinged: a peer that vanished is noticed by TCP.
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_MS,
    })
    this.#server.on('request', (request, response) => answerPlainRequest(request, response))
    this.#server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head))
    // A TCP connection that says nothing at all is no request, so the deadlines above do not cover it.
    this.#server.on('connection', (socket) => {
      this.#tcp.add(socket)
      socket.once('close', () => this.#tcp.delete(socket))
      endIfSilent(socket, deadline)
    })
    this.#webSockets = new WebSocketServer({
      noServer: true,
      perMessageDeflate: false,
      maxPayload: config.max_frame_bytes,
      clientTracking: false,
      handleProtocols: () => false,
    })
  }

  /** @throws Error naming address and remedy when the port is taken, or the listener must not open. */
  async open(): Promise<void> {
    const { host, port, rbac } = this.config
    if (rbac !== undefined && !this.#deps.sessionPolicy.isHeld) {
      throw new CodedError(
        'AUTH_ERROR',
        `listener '${this.instanceId}' on port ${port} has an 'rbac' block, but no plugin holds the seat 'session-policy' that would enforce it; the port stays closed rather than open to everybody. Remove 'rbac' from the entry, or add a plugin that holds the seat`,
      )
    }
    await new Promise<void>((resolve, reject) => {
      const failed = (error: NodeJS.ErrnoException): void => reject(openError(error, host, port))
      this.#server.once('error', failed)
      this.#server.listen({ host, port, backlog: 4096 }, () => {
        this.#server.off('error', failed)
        this.#server.on('error', (error) => this.#deps.log.error('listener failed', error))
        this.#sweep.start({ pingMs: this.config.ping_interval_ms, idleMs: this.config.idle_timeout_ms })
        resolve()
      })
    })
  }

  /** The real port, also where the configuration says 0. */
  get port(): number {
    return (this.#server.address() as AddressInfo | null)?.port ?? this.config.port
  }

  get url(): string {
    return listenerUrl(this.config.host, this.port)
  }

  get connectionCount(): number {
    return this.#sockets.size
  }

  /** Workers are sent 1012 (service restart) so that they come back, channel and telemetry sockets 1001. */
  async close(): Promise<void> {
    this.#closing = true
    this.#sweep.stop()
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    // As an abnormal end: its calls wait out the restart grace, for the workers come back.
    for (const connection of this.#connections) connection.end(1012, 'service restart', { abnormal: true })
    for (const [socket, kind] of this.#sockets) {
      if (socket.readyState !== 1) continue
      // Python clients never come back after 1000 and 1001 (spec 01 §4).
      if (kind === 'worker') socket.close(1012, 'service restart')
      else socket.close(1001, 'shutting down')
      socket.resume()
    }
    this.#server.closeIdleConnections()
    const timer = setTimeout(() => {
      for (const socket of this.#tcp) socket.destroy()
    }, CLOSE_MS)
    await closed
    clearTimeout(timer)
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy())
    const refuse = (status: string, headers = '', body = ''): void => {
      const length = Buffer.byteLength(body)
      // A client that does not close its side would keep a listener from closing.
      socket.once('finish', () => socket.destroy())
      socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: ${length}\r\n${headers}\r\n${body}`)
    }
    const endpoint = endpointOf(request.url ?? '/')
    if (endpoint === undefined) return refuse('404 Not Found')
    if (this.#closing) return refuse('503 Service Unavailable', 'Retry-After: 1\r\n')
    if (this.#sockets.size >= this.config.max_connections) {
      this.#deps.router.warnings.count(
        `full ${this.instanceId}`,
        `listener '${this.instanceId}' has ${this.#sockets.size} connections (max_connections); new ones are refused`,
        {},
      )
      return refuse('503 Service Unavailable', 'Retry-After: 5\r\n')
    }
    if (!acceptsOrigin(request.headers.origin, this.config.allowed_origins, this.config.rbac !== undefined)) {
      this.#deps.log.warn(
        `connection from origin '${request.headers.origin}' refused; to accept it add it to allowed_origins of '${this.instanceId}'`,
      )
      return refuse('403 Forbidden')
    }
    if (endpoint.kind === 'channel') {
      const { key, direction } = endpoint
      if (key === undefined || direction === undefined)
        return refuse('400 Bad Request', '', "a channel URL needs 'key' and 'dir' (read or write)")
      if (!this.#deps.channels.knows(endpoint.id, key)) return refuse('404 Not Found', '', 'Channel not found')
    }
    this.#webSockets.handleUpgrade(request, socket, head, (webSocket) =>
      this.#accept(webSocket, socket, request, endpoint),
    )
  }

  #accept(webSocket: WebSocket, socket: Duplex, request: IncomingMessage, endpoint: Endpoint): void {
    this.#sockets.set(webSocket, endpoint.kind)
    webSocket.on('close', () => this.#sockets.delete(webSocket))
    webSocket.on('error', (error) => this.#deps.log.debug('socket failed', { reason: error.message }))
    if (endpoint.kind === 'channel') {
      this.#deps.channels.attachSocket(webSocket, endpoint.id, endpoint.direction ?? 'read')
      return
    }
    const { rbac, middleware_function_id: middleware } = this.config
    if (rbac === undefined) {
      this.#serve(webSocket, socket, request, endpoint, { kind: 'trusted', middleware })
      return
    }
    void this.#authenticate(webSocket, socket, request, endpoint)
  }

  /** While the decision is pending the socket is not read; frames that had come in already are replayed in order. */
  async #authenticate(
    webSocket: WebSocket,
    socket: Duplex,
    request: IncomingMessage,
    endpoint: Endpoint,
  ): Promise<void> {
    const { rbac, middleware_function_id: middleware } = this.config
    if (rbac === undefined) return
    const early: [Buffer, boolean][] = []
    const keep = (data: Buffer, isBinary: boolean): void => void early.push([data, isBinary])
    webSocket.on('message', keep)
    webSocket.pause()
    try {
      const policy = await this.#deps.sessionPolicy.decide({
        listener: this.instanceId,
        rbac,
        middleware,
        input: authInput(request),
      })
      webSocket.off('message', keep)
      // Before anything is served: what comes of an early frame may pause the connection again.
      webSocket.resume()
      if (webSocket.readyState !== 1) return
      this.#serve(webSocket, socket, request, endpoint, policy)
      for (const [data, isBinary] of early) webSocket.emit('message', data, isBinary)
    } catch (error) {
      webSocket.off('message', keep)
      webSocket.send(
        JSON.stringify({ type: 'error', error: { code: 'AUTH_ERROR', message: toErrorBody(error).message } }),
      )
      webSocket.resume()
      webSocket.close(1008, 'AUTH_ERROR')
    }
  }

  #serve(webSocket: WebSocket, socket: Duplex, request: IncomingMessage, endpoint: Endpoint, policy: Policy): void {
    const { config } = this
    const expiresAt = policy.kind === 'session' ? policy.rights.expiresAt : undefined
    if (endpoint.kind === 'telemetry') {
      if (expiresAt !== undefined) endAt(webSocket, expiresAt, () => webSocket.close(1008, EXPIRED))
      return serveTelemetry(webSocket, this.#deps.telemetry, this.#deps.log)
    }
    const { router, registrations, telemetry, log, namespaceGraceMs } = this.#deps
    const connection = new Connection(
      webSocket,
      socket,
      {
        id: randomUUID(),
        reattachToken: randomUUID(),
        policy,
        ipAddress: ipAddress(request),
        listener: this.instanceId,
        maxUnanswered: config.max_unanswered,
        maxRegistrations: config.max_registrations,
      },
      {
        router,
        registrations,
        telemetry,
        log,
        limits: {
          softBytes: config.outbox_soft_bytes,
          hardBytes: config.outbox_hard_bytes,
          hardMs: config.outbox_hard_ms,
        },
        maxDepth: config.max_depth,
        namespaceGraceMs,
      },
    )
    readFramesDirectly(webSocket, socket, config.max_frame_bytes)
    this.#connections.add(connection)
    if (expiresAt !== undefined) endAt(webSocket, expiresAt, () => connection.end(1008, EXPIRED, { abnormal: false }))
    webSocket.on('close', () => {
      this.#connections.delete(connection)
      this.#deps.onClosed(connection)
    })
    this.#deps.onOpened(connection)
    connection.open()
  }
}

const EXPIRED = 'session expired'
const LONGEST_TIMER_MS = 2 ** 31 - 1

function endAt(webSocket: WebSocket, time: number, end: () => void): void {
  const left = Math.max(0, time - Date.now())
  const timer = setTimeout(
    () => {
      webSocket.off('close', cancel)
      if (left > LONGEST_TIMER_MS) endAt(webSocket, time, end)
      else end()
    },
    Math.min(left, LONGEST_TIMER_MS),
  )
  const cancel = (): void => clearTimeout(timer)
  timer.unref()
  webSocket.once('close', cancel)
}

function answerPlainRequest(request: IncomingMessage, response: ServerResponse): void {
  const known = endpointOf(request.url ?? '/') !== undefined
  const status = !known ? 404 : request.method === 'GET' ? 400 : 405
  response.writeHead(status, { Connection: 'close', ...(status === 405 ? { Allow: 'GET' } : {}) })
  response.end(status === 400 ? 'This is a WebSocket endpoint: an Upgrade request is needed' : '')
}

function endIfSilent(socket: Socket, deadline: number): void {
  const timer = setTimeout(() => {
    if (socket.bytesRead === 0) socket.destroy()
  }, deadline)
  timer.unref()
  socket.once('close', () => clearTimeout(timer))
}

function openError(error: NodeJS.ErrnoException, host: string, port: number): Error {
  const address = `${host}:${port}`
  if (error.code === 'EADDRINUSE') {
    return new Error(
      `address ${address} is already in use: stop the other process, or set another 'port' for iii-worker-manager`,
      { cause: error },
    )
  }
  if (error.code === 'EACCES') {
    return new Error(
      `address ${address} may not be opened by this user: set a 'port' above 1023 for iii-worker-manager`,
      { cause: error },
    )
  }
  const isForeign = error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND'
  const remedy = isForeign ? "; set 'host' of iii-worker-manager to an address of this machine, such as 127.0.0.1" : ''
  return new Error(`address ${address} cannot be opened: ${error.message}${remedy}`, { cause: error })
}
