// An HTTP server bound to one address, and the TCP connections that reach it. Who answers them is a service that can be exchanged
// while the address stays bound; until there is one, everybody is asked to come back. WebSockets are web-socket-acceptor.ts's.
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { addressError } from './address-error.ts'
import { destroyOnError } from './destroy-on-error.ts'
import { openOnceFree, type HeldAddressWait } from './held-address.ts'
import { inTurn } from './in-turn.ts'
import { readPlainUpgrade, type UpgradeRequest } from './plain-upgrade.ts'
import { refuseUpgrade } from './refuse-upgrade.ts'

// Not by `import`: that reads all exports of the module, of which two load Node's web client, 35 ms at the start.
const { createServer } = process.getBuiltinModule('node:http')
const { Server: TcpServer } = process.getBuiltinModule('node:net')

/** For connections to end by themselves, when the listener closes; milliseconds. */
const CLOSE_MS = 2_000
/** TCP keep-alive: what is neither pinged nor read by anybody is noticed when its peer vanishes. */
const KEEP_ALIVE_MS = 30_000
const BACKLOG = 4_096
const NOTHING = Buffer.alloc(0)

/** Who answers the requests of a listener. */
export interface WebService {
  /**
   * How long a connection may take for the head of a request, and how long it may be idle between two. Milliseconds.
   * Connections that are upgraded have no such limit.
   */
  readonly handshakeTimeoutMs: number
  /** How long a whole request may take, its body included, in milliseconds; 0 = any time. Default: as long as its head. */
  readonly requestTimeoutMs?: number
  /** How long a connection may be idle between two requests, in milliseconds. Default: as long as the head of one may take. */
  readonly keepAliveTimeoutMs?: number
  /** Above it new TCP connections are closed without a word. Default: none, for services that refuse in words. */
  readonly maxConnections?: number
  onRequest(request: IncomingMessage, response: ServerResponse): void
  /** A request that waits to be told `100 Continue`. Without it that is done at once, and the request answered as any other. */
  onExpectContinue?(request: IncomingMessage, response: ServerResponse): void
  /** A request to upgrade; the socket is the service's from now on. Without it such a request is answered as any other. */
  onUpgrade?(request: UpgradeRequest, socket: Socket, head: Buffer): void
}

export interface WebListenerOptions {
  /** Name of the worker or block whose settings `host` and `port` are, for error messages. */
  readonly worker: string
  /** The time limit until there is a service, in milliseconds. */
  readonly handshakeTimeoutMs: number
  /** As of a service, until there is one. */
  readonly maxConnections?: number
  /** The server failed while it was open. */
  onFailure(error: Error): void
}

export interface OpenOptions {
  /** For an address that is held though nobody listens there. Default: it is not waited for. */
  readonly wait?: HeldAddressWait
  /**
   * Others of this user may listen there too, if they also say so: the system deals connections out among them (`SO_REUSEPORT`). Where
   * it can't, opening fails. Default false.
   */
  readonly shared?: boolean
}

export class WebListener {
  readonly #worker: string
  readonly #server: Server
  /** Every TCP connection, upgraded or not. */
  readonly #tcp = new Set<Socket>()
  /** Those that may have said nothing yet, oldest first, with the time until which they may. */
  readonly #silent = new Map<Socket, number>()
  #silence: NodeJS.Timeout | undefined
  /** One function for all: called on the socket. */
  readonly #onClosed: (this: Socket) => void
  #handshakeTimeoutMs: number
  #accepted = 0
  #service: WebService | undefined
  #host = ''
  readonly #onEmpty: (() => void)[] = []

  constructor({ worker, handshakeTimeoutMs, maxConnections, onFailure }: WebListenerOptions) {
    this.#worker = worker
    const closed = (socket: Socket): void => {
      this.#tcp.delete(socket)
      this.#silent.delete(socket)
      if (this.#tcp.size === 0) for (const resolve of this.#onEmpty.splice(0)) resolve()
    }
    this.#onClosed = function () {
      closed(this)
    }
    this.#handshakeTimeoutMs = handshakeTimeoutMs
    this.#server = createServer({
      connectionsCheckingInterval: Math.max(50, Math.min(1_000, handshakeTimeoutMs / 2)),
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_MS,
      shouldUpgradeCallback: () => this.#service === undefined || this.#service.onUpgrade !== undefined,
    })
    if (maxConnections !== undefined) this.#server.maxConnections = maxConnections
    this.#setTimeouts({ handshakeTimeoutMs })
    const [serve] = this.#server.listeners('connection') as [(this: Server, socket: Socket) => void]
    this.#server.off('connection', serve)
    this.#server.on('connection', (socket) => {
      this.#track(socket)
      if (this.#service?.onUpgrade === undefined) serve.call(this.#server, socket)
      else this.#awaitFirst(socket, () => serve.call(this.#server, socket))
    })
    this.#server.on('request', (request, response) => {
      if (response.socket === null) inTurn(request, response, () => this.#onRequest(request, response))
      else this.#onRequest(request, response)
    })
    this.#server.on('checkContinue', (request, response) =>
      inTurn(request, response, () => {
        if (this.#service?.onExpectContinue !== undefined) return this.#service.onExpectContinue(request, response)
        response.writeContinue()
        this.#onRequest(request, response)
      }),
    )
    this.#server.on('connect', (_request, duplex) => {
      const socket = duplex as Socket
      socket.on('error', destroyOnError)
      refuseUpgrade(socket, '405 Method Not Allowed')
    })
    this.#server.on('upgrade', (request, duplex, head) => {
      const socket = duplex as Socket
      socket.on('error', destroyOnError)
      if (this.#service?.onUpgrade !== undefined) return this.#service.onUpgrade(request, socket, head)
      refuseUpgrade(socket, '503 Service Unavailable', { headers: { 'Retry-After': '1' } })
    })
    this.#server.on('error', (error) => {
      if (this.#server.listening) onFailure(error)
    })
  }

  /**
   * Binds the address; after `stopListening` also once more.
   * @param port 0 = any that is free.
   * @throws AddressError naming address and remedy.
   */
  async open(host: string, port: number, { wait, shared = false }: OpenOptions = {}): Promise<void> {
    const listen = (): Promise<void> => this.#listen(host, port, shared)
    if (wait === undefined) await listen()
    else await openOnceFree({ host, port }, listen, wait)
    this.#host = host
  }

  /** The port is the real one; 0 while it is not open. */
  get address(): { readonly host: string; readonly port: number } {
    return { host: this.#host, port: (this.#server.address() as AddressInfo | null)?.port ?? 0 }
  }

  /** Connections that it has taken so far. */
  get accepted(): number {
    return this.#accepted
  }

  /** Has this service answer from now on. What an earlier one has accepted stays with that. */
  serve(service: WebService): void {
    this.#service = service
    this.#setTimeouts(service)
    if (service.maxConnections !== undefined) this.#server.maxConnections = service.maxConnections
  }

  /**
   * Takes no more connections; those that are open stay. The port is free when this returns.
   * @param keepsIdle also those that carry no request at the moment. Default false.
   */
  stopListening({ keepsIdle = false }: { readonly keepsIdle?: boolean } = {}): void {
    if (keepsIdle) TcpServer.prototype.close.call(this.#server)
    else this.#server.close()
  }

  /** Resolves when there is no connection. */
  async whenEmpty(): Promise<void> {
    if (this.#tcp.size === 0) return
    await new Promise<void>((resolve) => this.#onEmpty.push(resolve))
  }

  /** Closes the port. Connections that do not end by themselves are cut after that time. */
  async close(cutAfterMs: number = CLOSE_MS): Promise<void> {
    this.#server.close()
    this.#server.closeIdleConnections()
    const timer = setTimeout(
      () => {
        for (const socket of this.#tcp) socket.destroy()
      },
      Math.max(0, cutAfterMs),
    )
    // Not the callback of `close`: it comes at once when the server does not listen any more.
    await this.whenEmpty()
    clearTimeout(timer)
  }

  #onRequest(request: IncomingMessage, response: ServerResponse): void {
    if (this.#service !== undefined) return this.#service.onRequest(request, response)
    response.writeHead(503, { Connection: 'close', 'Retry-After': '1' }).end()
  }

  #listen(host: string, port: number, shared: boolean): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      const failed = (error: NodeJS.ErrnoException): void => {
        this.#server.off('listening', opened)
        reject(addressError(error, host, port, this.#worker))
      }
      const opened = (): void => {
        this.#server.off('error', failed)
        resolve()
      }
      this.#server.once('error', failed).once('listening', opened)
      this.#server.listen({ host, port, backlog: BACKLOG, reusePort: shared })
    })
  }

  #setTimeouts({
    handshakeTimeoutMs,
    requestTimeoutMs = handshakeTimeoutMs,
    keepAliveTimeoutMs = handshakeTimeoutMs,
  }: Pick<WebService, 'handshakeTimeoutMs' | 'requestTimeoutMs' | 'keepAliveTimeoutMs'>): void {
    this.#handshakeTimeoutMs = handshakeTimeoutMs
    this.#server.headersTimeout = handshakeTimeoutMs
    this.#server.requestTimeout = requestTimeoutMs
    this.#server.keepAliveTimeout = keepAliveTimeoutMs
  }

  #track(socket: Socket): void {
    this.#accepted++
    this.#tcp.add(socket)
    this.#silent.set(socket, performance.now() + this.#handshakeTimeoutMs)
    if (this.#silent.size === 1) this.#watchSilent(this.#handshakeTimeoutMs)
    socket.on('close', this.#onClosed)
  }

  /** A plain request to upgrade does without Node's HTTP; everything else is its affair, from the first byte on. */
  #awaitFirst(socket: Socket, serve: () => void): void {
    // As a stream hands it on, without the listeners and ticks that it takes to begin and to end that.
    const push = (chunk: Buffer | null): boolean => {
      socket.push = Duplex.prototype.push
      if (chunk === null) return endAlso(socket)
      first(chunk)
      return true
    }
    const first = (chunk: Buffer): void => {
      const service = this.#service
      const request = service?.onUpgrade === undefined ? undefined : readPlainUpgrade(chunk, socket)
      if (request === undefined) {
        socket.off('error', destroyOnError)
        serve()
        socket.emit('data', chunk)
        return
      }
      // Who listens for what comes next need not have the stream begin again, on a tick of its own.
      setFlowing(socket, true)
      service?.onUpgrade?.(request, socket, NOTHING)
      // As Node hands sockets over: nothing is lost until somebody reads.
      if (socket.listenerCount('data') === 0) setFlowing(socket, null)
    }
    socket.on('error', destroyOnError)
    socket.push = push
    // Begins to read, and makes nobody a listener: what comes behind the request waits for one in the stream.
    socket.read(0)
  }

  /** A TCP connection that says nothing at all is no request: the deadlines of the HTTP server do not cover it. One timer serves all. */
  #watchSilent(ms: number): void {
    clearTimeout(this.#silence)
    this.#silence = setTimeout(() => {
      const now = performance.now()
      for (const [socket, until] of this.#silent) {
        if (until > now) return this.#watchSilent(until - now)
        this.#silent.delete(socket)
        if (socket.bytesRead === 0) socket.destroy()
      }
    }, ms)
    this.#silence.unref()
  }
}

/** For Node, whose type says that it is only read: `null` = nobody reads, and what comes is kept. */
function setFlowing(socket: { readableFlowing: boolean | null }, isFlowing: true | null): void {
  socket.readableFlowing = isFlowing
}

/** Node has the sockets of its server stay open when their peer has ended its side. */
function endAlso(socket: Socket): boolean {
  socket.end()
  socket.resume()
  return socket.push(null)
}
