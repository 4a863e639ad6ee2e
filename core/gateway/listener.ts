// One listener of the worker manager: endpoints, sessions and limits of its WebSockets (spec 01 §2–§4, 09 §4–§5). The address that
// it answers on is a WebListener, which may outlive it. What a connection then says is read by connection.ts; channel sockets are
// the channel broker's.
import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'
import type { UpgradeRequest } from '../../base/net/plain-upgrade.ts'
import { webSocketUrl } from '../../base/net/shown-address.ts'
import type { WebListener } from '../../base/net/web-listener.ts'
import { systemClock } from '../../base/time/clock.ts'
import { randomId } from '../../base/values/random-ids.ts'
import { WebSocketAcceptor, type RefusedConnection, type Upgrade } from '../../base/net/web-socket-acceptor.ts'
import { toErrorBody } from '../../protocol/errors.ts'
import type { ListenerConfig } from '../config/listener-schema.ts'
import type { Log } from '../log.ts'
import type { Policy } from '../model/policy.ts'
import type { Worker } from '../model/worker.ts'
import type { Registrations } from '../router/registrations.ts'
import type { Router } from '../router/router.ts'
import { authInput, ipAddress, plainAddress } from '../seats/auth-input.ts'
import type { ChannelBroker } from '../channels/channel-broker.ts'
import { ChannelUpgrades } from './channel-upgrades.ts'
import { Connection, type ConnectionDeps } from './connection.ts'
import { serveTelemetry } from './otel-socket.ts'
import { SideSocket } from './side-socket.ts'
import { TelemetryPeers } from './telemetry-peers.ts'
import { flushAfter } from '../links/flush-turn.ts'
import type { SessionPolicy } from '../seats/session-policy.ts'
import type { TelemetrySink } from '../telemetry/worker-frames.ts'
import type { Refusal } from '../telemetry/worker-notices.ts'
import { endpointOf, type Endpoint } from './upgrade-path.ts'

export interface ListenerDeps {
  readonly router: Router
  readonly registrations: Registrations
  readonly channels: ChannelBroker
  readonly telemetry: TelemetrySink
  readonly log: Log
  readonly namespaceGraceMs: number
  readonly sessionPolicy: SessionPolicy
  onRefused(refusal: Refusal): void
  onOpened(connection: Connection): void
  onClosed(connection: Connection): void
}

/** A WebSocket with what it was opened by. */
interface Opened {
  readonly webSocket: WebSocket
  readonly socket: Socket
  readonly request: UpgradeRequest
  readonly endpoint: Endpoint
}

export class Listener {
  /** Follows the place of the entry in the file, without a restart. */
  instanceId: string
  readonly config: ListenerConfig
  /** Answers on the address; the next listener on the same address takes it over. */
  readonly web: WebListener
  readonly #deps: ListenerDeps
  /** The same for all connections. */
  readonly #connectionDeps: ConnectionDeps
  readonly #acceptor: WebSocketAcceptor<Endpoint, Connection | SideSocket>
  readonly #channelUpgrades: ChannelUpgrades
  readonly #connections = new Set<Connection>()
  readonly #sideSockets = new Set<SideSocket>()
  readonly #telemetryPeers = new TelemetryPeers(() => this.#workers())
  /** Rights that it has given, also to sessions that have ended. */
  readonly #given = new WeakSet<Policy>()
  /** Until somebody may be let in; undefined = at once. */
  #entrance: PromiseWithResolvers<void> | undefined
  /** One function for all sockets, called on each. */
  readonly #onClosed: (this: WebSocket, code: number) => void
  /** Sockets of all three endpoints, those whose session is still being decided included. */
  readonly #sockets = new Map<WebSocket, Endpoint['kind'] | Connection>()

  constructor(instanceId: string, config: ListenerConfig, web: WebListener, deps: ListenerDeps) {
    this.instanceId = instanceId
    this.config = config
    this.web = web
    this.#deps = deps
    this.#connectionDeps = connectionDeps(config, deps)
    this.#channelUpgrades = new ChannelUpgrades(deps.channels, config.max_frame_bytes, (webSocket) =>
      this.#followBeside(webSocket, 'channel'),
    )
    const closed = (webSocket: WebSocket, code: number): void => this.#closed(webSocket, code)
    this.#onClosed = function (code) {
      closed(this, code)
    }
    this.#acceptor = new WebSocketAcceptor({
      settings: {
        maxConnections: config.max_connections,
        maxPerAddress: config.max_connections_per_address,
        maxPayloadBytes: config.max_frame_bytes,
        allowedOrigins: config.allowed_origins,
        isGuarded: config.rbac !== undefined,
        pingMs: config.ping_interval_ms,
        idleMs: config.idle_timeout_ms,
      },
      endpointOf,
      onUpgrade: (upgrade) => this.#upgrade(upgrade),
      onRefused: (refused) => this.#tellRefused(refused),
      onFailed: ({ message }) => deps.log.debug('socket failed', { reason: message }),
      peers: { [Symbol.iterator]: () => this.#peers() },
      onSilent: (dead) => dead.giveUp('no frame within idle_timeout_ms'),
      withoutUpgrade: ({ method }) => (method === 'GET' ? { status: 400 } : { status: 405, headers: { Allow: 'GET' } }),
    })
  }

  /** Answers on its address from now on; who has waited is let in. */
  serve(): void {
    if (this.#entrance === undefined) return this.#answer()
    this.#entrance.resolve()
    this.#entrance = undefined
  }

  /** Accepts connections that wait until it serves: nothing that they say is read before. */
  acceptEarly(): void {
    this.#entrance = Promise.withResolvers()
    this.#answer()
  }

  #answer(): void {
    this.web.serve({
      handshakeTimeoutMs: this.config.handshake_timeout_ms,
      onRequest: (request, response) => this.#acceptor.answer(request, response),
      onUpgrade: (request, socket, head) => this.#acceptor.upgrade(request, socket, head),
    })
  }

  /** The real port, also where the configuration says 0. */
  get port(): number {
    return this.web.address.port || this.config.port
  }

  get url(): string {
    return webSocketUrl(this.config.host, this.port)
  }

  get connectionCount(): number {
    return this.#acceptor.size
  }

  /** Closes the address and all that was accepted on it. */
  async close(): Promise<void> {
    this.web.stopListening()
    await Promise.all([this.endSessions(), this.web.close()])
  }

  /** Workers are sent 1012 (service restart) so that they come back, channel and telemetry sockets 1001. The address stays open. */
  async endSessions(): Promise<void> {
    await this.#acceptor.close(() => {
      this.#channelUpgrades.endWaiting()
      // As an abnormal end: its calls wait out the restart grace, for the workers come back.
      for (const connection of this.#connections) connection.end(1012, 'service restart', { abnormal: true })
      // Nor has what was made to outlive its connection the rights of a listener that is not there any more.
      this.#deps.router.triggers.dropMadeUnderAny(this.#given)
      for (const [socket, kind] of this.#sockets) {
        if (socket.readyState !== 1) continue
        // Python clients never come back after 1000 and 1001 (spec 01 §4).
        if (kind === 'worker' || kind instanceof Connection) socket.close(1012, 'service restart')
        else socket.close(1001, 'shutting down')
        socket.resume()
      }
    })
  }

  *#peers(): Generator<Connection | SideSocket> {
    yield* this.#connections
    yield* this.#sideSockets
  }

  *#workers(): Generator<Worker> {
    for (const { worker } of this.#connections) yield worker
  }

  #upgrade(upgrade: Upgrade<Endpoint>): void {
    const { request, endpoint, refuse } = upgrade
    if (endpoint.kind === 'channel') {
      const { key, direction } = endpoint
      if (key === undefined || direction === undefined)
        return refuse('400 Bad Request', { body: "a channel URL needs 'key' and 'dir' (read or write)" })
      return this.#channelUpgrades.open({ id: endpoint.id, key, direction }, upgrade)
    }
    if (endpoint.kind === 'worker' && this.#isOpenToAll) {
      return upgrade.acceptUnanswered((webSocket, socket, answer) => {
        this.#follow(webSocket, 'worker')
        flushAfter(() => this.#serve({ webSocket, socket, request, endpoint }, this.#trusted, answer))
      })
    }
    upgrade.accept((webSocket, socket) => this.#opened({ webSocket, socket, request, endpoint }))
  }

  #tellRefused(refused: RefusedConnection): void {
    if (refused.reason === 'origin') {
      this.#deps.log.warn(
        `connection from origin '${refused.origin}' refused; to accept it add it to allowed_origins of '${this.instanceId}'`,
      )
      return
    }
    if (refused.reason === 'address') {
      this.#deps.router.warnings.count(
        `crowded ${this.instanceId}`,
        `listener '${this.instanceId}': ${plainAddress(refused.address)} has ${refused.connections} connections (max_connections_per_address); new ones from there are refused`,
        {},
      )
      return
    }
    this.#deps.router.warnings.count(
      `full ${this.instanceId}`,
      `listener '${this.instanceId}' has ${refused.connections} connections (max_connections); new ones are refused`,
      {},
    )
  }

  #opened(opened: Opened): void {
    const { kind } = opened.endpoint
    if (kind === 'worker') this.#follow(opened.webSocket, kind)
    else this.#followBeside(opened.webSocket, kind)
    if (this.#isOpenToAll) return this.#serve(opened, this.#trusted)
    void this.#admit(opened)
  }

  /** Nothing is to be decided or waited for. */
  get #isOpenToAll(): boolean {
    return this.config.rbac === undefined && this.#entrance === undefined
  }

  get #trusted(): Policy {
    return { kind: 'trusted', middleware: this.config.middleware_function_id }
  }

  #follow(webSocket: WebSocket, kind: Endpoint['kind']): void {
    this.#sockets.set(webSocket, kind)
    webSocket.on('close', this.#onClosed)
  }

  /** A socket that is no worker's. */
  #followBeside(webSocket: WebSocket, kind: Endpoint['kind']): SideSocket {
    this.#follow(webSocket, kind)
    const socket = new SideSocket(webSocket)
    this.#sideSockets.add(socket)
    webSocket.once('close', () => this.#sideSockets.delete(socket))
    return socket
  }

  #closed(webSocket: WebSocket, code: number): void {
    const connection = this.#sockets.get(webSocket)
    this.#sockets.delete(webSocket)
    if (!(connection instanceof Connection)) return
    this.#connections.delete(connection)
    this.#deps.onClosed(connection)
    connection.closed(code)
  }

  /** While the decision is pending the socket is not read; frames that had come in already are replayed in order. */
  async #admit(opened: Opened): Promise<void> {
    const { webSocket, request } = opened
    const early: [Buffer, boolean][] = []
    const keep = (data: Buffer, isBinary: boolean): void => void early.push([data, isBinary])
    webSocket.on('message', keep)
    webSocket.pause()
    try {
      const policy = await this.#policyOf(request)
      webSocket.off('message', keep)
      // Before anything is served: what comes of an early frame may pause the connection again.
      webSocket.resume()
      if (webSocket.readyState !== 1) return
      this.#serve(opened, policy)
      for (const [data, isBinary] of early) webSocket.emit('message', data, isBinary)
    } catch (error) {
      webSocket.off('message', keep)
      const { message } = toErrorBody(error)
      const { cause } = error as Error
      const reason = cause instanceof Error ? cause.message : message
      this.#deps.onRefused({ reason, listener: this.instanceId, ip: ipAddress(request) })
      webSocket.send(JSON.stringify({ type: 'error', error: { code: 'AUTH_ERROR', message } }))
      webSocket.resume()
      webSocket.close(1008, 'AUTH_ERROR')
    }
  }

  async #policyOf(request: UpgradeRequest): Promise<Policy> {
    await this.#entrance?.promise
    const { rbac, middleware_function_id: middleware, session_stacktraces: seesStacks } = this.config
    if (rbac === undefined) return this.#trusted
    const input = authInput(request)
    return this.#deps.sessionPolicy.decide({ listener: this.instanceId, rbac, middleware, seesStacks, input })
  }

  /** @param answer to the request to upgrade, if the connection is to write it */
  #serve({ webSocket, socket, request, endpoint }: Opened, policy: Policy, answer = ''): void {
    const { config } = this
    if (policy.kind === 'session') this.#given.add(policy)
    const expiresInMs = policy.kind === 'session' ? policy.rights.expiresInMs : undefined
    if (endpoint.kind === 'telemetry') {
      if (expiresInMs !== undefined)
        webSocket.once(
          'close',
          systemClock.after(expiresInMs, () => webSocket.close(1008, EXPIRED)),
        )
      const peer = this.#telemetryPeers.open(ipAddress(request))
      return serveTelemetry(webSocket, this.#deps.telemetry, peer, this.#deps.router.warnings)
    }
    const connection = new Connection(
      webSocket,
      socket,
      {
        id: randomId(),
        reattachToken: randomId(),
        policy,
        ipAddress: ipAddress(request),
        listener: this.instanceId,
        maxUnanswered: config.max_unanswered,
        maxRegistrations: config.max_registrations,
        maxRegisteredBytes: config.max_registered_bytes,
      },
      this.#connectionDeps,
    )
    this.#connections.add(connection)
    this.#sockets.set(webSocket, connection)
    if (expiresInMs !== undefined) {
      const { triggers } = this.#deps.router
      const cancel = systemClock.after(expiresInMs, () => {
        connection.end(1008, EXPIRED, { abnormal: false })
        triggers.dropMadeUnder(policy)
      })
      // What it made to outlive it has no longer a life than its rights.
      webSocket.once('close', () => {
        if (!triggers.hasMadeUnder(policy)) cancel()
      })
    }
    this.#deps.onOpened(connection)
    connection.open(answer)
  }
}

function connectionDeps(config: ListenerConfig, deps: ListenerDeps): ConnectionDeps {
  const { router, registrations, telemetry, log, namespaceGraceMs } = deps
  const frameBytes = config.max_frame_bytes
  const limits = {
    frame: { bytes: frameBytes, setBy: 'max_frame_bytes of its listener', isOwn: true },
    frameBytes,
    softBytes: config.outbox_soft_bytes,
    hardBytes: config.outbox_hard_bytes,
    hardMs: config.outbox_hard_ms,
  } as const
  return {
    router,
    registrations,
    telemetry,
    log,
    limits,
    maxFrameBytes: frameBytes,
    maxDepth: config.max_depth,
    namespaceGraceMs,
  }
}

const EXPIRED = 'session expired'
