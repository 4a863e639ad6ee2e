// The WebSockets of a service: decides which requests to upgrade are taken, and ends what was taken. Its settings may change while
// it is open. What is said on a socket is its owner's.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocketServer, type WebSocket } from 'ws'
import { AddressCounts } from './address-counts.ts'
import { answerPings } from './answer-pings.ts'
import { destroyOnError } from './destroy-on-error.ts'
import { acceptsOrigin } from './origin.ts'
import { shakeHands } from './plain-handshake.ts'
import type { UpgradeRequest } from './plain-upgrade.ts'
import { PeerSweep, type SweptPeer } from './peer-sweep.ts'
import { refuseUpgrade, type Refusal } from './refuse-upgrade.ts'

/** For peers to take the close frame and end, when the acceptor closes. */
const CLOSE_MS = 2_000

export interface AcceptorSettings {
  /** WebSockets at a time, those that are being decided on included; further ones get 503 with Retry-After. */
  readonly maxConnections: number
  /** Of these from one client address, IPv6 by /64; further ones get 429 with Retry-After. Default: no limit; 0 = none, too. */
  readonly maxPerAddress?: number
  /** A larger message closes its connection with 1009; for connections that come. */
  readonly maxPayloadBytes: number
  /** Origins of web pages that may connect, as `acceptsOrigin` takes them; others get 403. */
  readonly allowedOrigins: readonly string[] | undefined
  /** Something else decides who gets in: any origin is accepted unless `allowedOrigins` is set. */
  readonly isGuarded: boolean
  /** Time between pings to the peers, and silence after which one counts as dead, in milliseconds; 0 = none, never. */
  readonly pingMs: number
  readonly idleMs: number
}

/** A request to upgrade on which its owner decides, with one of `refuse` and `accept`. */
export interface Upgrade<Endpoint> {
  readonly request: UpgradeRequest
  readonly endpoint: Endpoint
  /** Answers with an HTTP error. */
  refuse(status: string, more?: Refusal): void
  /** Answers 101 and hands the connection over. Does nothing when the peer has gone. */
  accept(onOpened: (webSocket: WebSocket, socket: Socket) => void): void
  /**
   * As `accept`, for who says something at once: that and the answer can be one write.
   * @param onOpened writes the answer, which is ASCII, before anything else; empty = it is written
   */
  acceptUnanswered(onOpened: (webSocket: WebSocket, socket: Socket, answer: string) => void): void
}

export type RefusedConnection =
  | { readonly reason: 'full'; readonly connections: number }
  /** The address has as many as it may. */
  | { readonly reason: 'address'; readonly address: string; readonly connections: number }
  | { readonly reason: 'origin'; readonly origin: string }

export interface AcceptorOptions<Endpoint, Peer extends SweptPeer> {
  readonly settings: AcceptorSettings
  /** What a request target is for; undefined = 404. */
  endpointOf(requestTarget: string): Endpoint | undefined
  onUpgrade(upgrade: Upgrade<Endpoint>): void
  /** For the log. */
  onRefused(refused: RefusedConnection): void
  /** A WebSocket failed; it is closed after that. */
  onFailed?(error: Error): void
  /** Who is pinged; looked at anew each time. */
  readonly peers: Iterable<Peer>
  onSilent(peer: Peer): void
  /** Sub-protocol to choose of those that a client offers. Default none. */
  chooseProtocol?(offered: ReadonlySet<string>): string | false
  /** How long a socket on which both sides have said goodbye may take to end. Default 30,000. */
  readonly closeTimeoutMs?: number
  /** The answer to a request without an upgrade on an endpoint. Default 426. */
  withoutUpgrade?(request: IncomingMessage): { readonly status: number; readonly headers?: Record<string, string> }
}

export class WebSocketAcceptor<Endpoint, Peer extends SweptPeer> {
  readonly #options: AcceptorOptions<Endpoint, Peer>
  readonly #sweep: PeerSweep<Peer>
  readonly #open = new Set<Socket>()
  /** One function each for all connections: what they listen by takes no room of its own. */
  readonly #onEnded: (this: Socket) => void
  readonly #onFailed: (error: Error) => void
  readonly #addresses = new AddressCounts()
  /** Upgrades that are being decided on. */
  #pending = 0
  #settings: AcceptorSettings
  #server: WebSocketServer
  #state: 'open' | 'closing' = 'open'
  #onEmpty: (() => void) | undefined

  constructor(options: AcceptorOptions<Endpoint, Peer>) {
    this.#options = options
    this.#settings = options.settings
    const ended = (socket: Socket): void => this.#ended(socket)
    this.#onEnded = function () {
      ended(this)
    }
    this.#onFailed = (error) => options.onFailed?.(error)
    this.#server = this.#newServer()
    this.#sweep = new PeerSweep(options.peers, (peer) => options.onSilent(peer))
  }

  /** Connections that are open. */
  get size(): number {
    return this.#open.size
  }

  /** Takes other settings up; connections that are open stay. */
  change(settings: AcceptorSettings): void {
    const isOtherPayload = settings.maxPayloadBytes !== this.#settings.maxPayloadBytes
    this.#settings = settings
    if (isOtherPayload) this.#server = this.#newServer()
    if (this.#open.size > 0) this.#sweep.start(settings)
  }

  /** Answers a request that is none to upgrade. */
  answer(request: IncomingMessage, response: ServerResponse): void {
    if (this.#options.endpointOf(request.url ?? '/') === undefined) {
      response.writeHead(404, { Connection: 'close' }).end()
      return
    }
    const { status, headers } = this.#options.withoutUpgrade?.(request) ?? UPGRADE_REQUIRED
    response.writeHead(status, { Connection: 'close', ...headers })
    response.end(status === 405 ? '' : 'This is a WebSocket endpoint: an Upgrade request is needed')
  }

  upgrade(request: UpgradeRequest, socket: Socket, head: Buffer): void {
    const { maxConnections, maxPerAddress = 0, allowedOrigins, isGuarded } = this.#settings
    const endpoint = this.#options.endpointOf(request.url ?? '/')
    if (endpoint === undefined) return refuseUpgrade(socket, '404 Not Found')
    if (this.#state === 'closing') return refuseUpgrade(socket, UNAVAILABLE, retryAfter(1))
    if (this.#open.size + this.#pending >= maxConnections) {
      this.#options.onRefused({ reason: 'full', connections: this.#open.size })
      return refuseUpgrade(socket, UNAVAILABLE, retryAfter(5))
    }
    const { remoteAddress: address = '' } = socket
    const connections = maxPerAddress > 0 ? this.#addresses.of(address) : 0
    if (maxPerAddress > 0 && connections >= maxPerAddress) {
      this.#options.onRefused({ reason: 'address', address, connections })
      return refuseUpgrade(socket, '429 Too Many Requests', retryAfter(5))
    }
    const { origin } = request.headers
    if (origin !== undefined && !acceptsOrigin(origin, allowedOrigins, isGuarded)) {
      this.#options.onRefused({ reason: 'origin', origin })
      return refuseUpgrade(socket, '403 Forbidden')
    }
    this.#decide(request, socket, head, endpoint)
  }

  /**
   * Takes no more connections and has those that are open closed. What has not ended after two seconds is cut.
   * @param sayGoodbye closes what is open, with the code and reason of its owner.
   */
  async close(sayGoodbye: () => void): Promise<void> {
    this.#state = 'closing'
    this.#sweep.stop()
    sayGoodbye()
    const timer = setTimeout(() => {
      for (const socket of this.#open) socket.destroy()
    }, CLOSE_MS)
    await new Promise<void>((resolve) => {
      this.#onEmpty = resolve
      if (this.#open.size === 0) resolve()
    })
    clearTimeout(timer)
  }

  #decide(request: UpgradeRequest, socket: Socket, head: Buffer, endpoint: Endpoint): void {
    const decision = { isMade: false, isAwaited: false }
    const decided = (): void => {
      decision.isMade = true
      if (!decision.isAwaited) return
      decision.isAwaited = false
      this.#pending--
      this.#addresses.remove(socket.remoteAddress)
      socket.off('close', decided)
    }
    const isStillWanted = (): boolean => {
      decided()
      if (socket.destroyed) return false
      if (this.#state === 'open') return true
      refuseUpgrade(socket, UNAVAILABLE, retryAfter(1))
      return false
    }
    const accept: Upgrade<Endpoint>['accept'] = (onOpened) => {
      if (!isStillWanted()) return
      // What the owner says first goes out with the answer.
      socket.cork()
      // Of which ws looks at method and headers.
      this.#server.handleUpgrade(request as IncomingMessage, socket as Duplex, head, (webSocket) => {
        this.#track(webSocket, socket)
        onOpened(webSocket, socket)
      })
      process.nextTick(uncork, socket)
    }
    this.#options.onUpgrade({
      request,
      endpoint,
      refuse: (status, more) => {
        decided()
        refuseUpgrade(socket, status, more)
      },
      accept,
      acceptUnanswered: (onOpened) => {
        if (!isStillWanted()) return
        const handshake = shakeHands(this.#server, request, socket, head)
        if (handshake === undefined) return accept((webSocket) => onOpened(webSocket, socket, ''))
        this.#track(handshake.webSocket, socket)
        onOpened(handshake.webSocket, socket, handshake.answer)
      },
    })
    // Nearly all are decided on at once.
    if (decision.isMade) return
    decision.isAwaited = true
    this.#pending++
    this.#addresses.add(socket.remoteAddress)
    socket.once('close', decided)
  }

  #track(webSocket: WebSocket, socket: Socket): void {
    answerPings(webSocket)
    this.#open.add(socket)
    this.#addresses.add(socket.remoteAddress)
    if (this.#open.size === 1) this.#sweep.start(this.#settings)
    webSocket.on('error', this.#onFailed)
    // From here on ws listens for it.
    socket.off('error', destroyOnError)
    // Not that of the WebSocket, which is never earlier: it may wait for what nobody reads.
    socket.on('close', this.#onEnded)
  }

  #ended(socket: Socket): void {
    if (!this.#open.delete(socket)) return
    this.#addresses.remove(socket.remoteAddress)
    if (this.#open.size > 0) return
    this.#sweep.stop()
    this.#onEmpty?.()
  }

  #newServer(): WebSocketServer {
    const { chooseProtocol, closeTimeoutMs } = this.#options
    const options = {
      noServer: true,
      perMessageDeflate: false,
      autoPong: false,
      maxPayload: this.#settings.maxPayloadBytes,
      clientTracking: false,
      handleProtocols: (offered: Set<string>) => chooseProtocol?.(offered) ?? false,
      ...(closeTimeoutMs !== undefined && { closeTimeout: closeTimeoutMs }),
    }
    return new WebSocketServer(options)
  }
}

const UNAVAILABLE = '503 Service Unavailable'
const UPGRADE_REQUIRED = { status: 426, headers: { Upgrade: 'websocket' } }

function uncork(socket: Socket): void {
  socket.uncork()
}

function retryAfter(seconds: number): Refusal {
  return { headers: { 'Retry-After': String(seconds) } }
}
