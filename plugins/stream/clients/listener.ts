// One host:port for stream clients (spec 02 §6.3): the sockets of clients on a WebListener. Who a client is told about what is
// client.ts's.
import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'
import { AddressError } from '../../../base/net/address-error.ts'
import { isLoopbackHost } from '../../../base/net/loopback-host.ts'
import { WebListener } from '../../../base/net/web-listener.ts'
import {
  WebSocketAcceptor,
  type AcceptorSettings,
  type RefusedConnection,
  type Upgrade,
} from '../../../base/net/web-socket-acceptor.ts'
import { CodedError } from '../../../protocol/errors.ts'
import { ClientSocket } from './client-socket.ts'
import type { CloseReason } from './close-reasons.ts'
import type { ClientSettings } from './settings.ts'
import { readRequestTarget, type RequestTarget } from './upgrade-path.ts'

/** How long ws waits for the end of a socket on which both sides have said goodbye. */
const SOCKET_END_MS = 2_000
/** For an address that is held though nobody listens there; a start may take ten seconds in all. */
export const HELD_ADDRESS_MS = 8_000

export interface OpenedSocket {
  /** Called once, however the connection ends; with the reason when this side ended it. */
  onEnd(listener: (reason: CloseReason | undefined) => void): void
  onMessage(listener: (data: Buffer) => void): void
  readonly client: ClientSocket
}

export interface ListenerOptions {
  readonly settings: () => ClientSettings
  onUpgrade(upgrade: Upgrade<RequestTarget>): void
  /** For the log. */
  onRefused(refused: RefusedConnection): void
  /** An address is waited for that is held though nobody listens there. */
  onHeldAddress(error: AddressError): void
  /** The listener failed while it was open. */
  onFailure(error: Error): void
}

export class Listener {
  readonly #options: ListenerOptions
  readonly #web: WebListener
  readonly #acceptor: WebSocketAcceptor<RequestTarget, ClientSocket>
  readonly #clients = new Set<ClientSocket>()

  constructor(options: ListenerOptions) {
    this.#options = options
    const settings = options.settings()
    this.#web = new WebListener({
      worker: 'iii-stream',
      handshakeTimeoutMs: settings.limits.handshake_timeout_ms,
      onFailure: (error) => options.onFailure(error),
    })
    this.#acceptor = new WebSocketAcceptor({
      settings: acceptorSettings(settings),
      endpointOf: readRequestTarget,
      onUpgrade: (upgrade) => options.onUpgrade(upgrade),
      onRefused: (refused) => options.onRefused(refused),
      peers: this.#clients,
      onSilent: (dead) => dead.terminate(),
      // Browsers abort when they offered some and none was chosen (spec 02 §6.3).
      chooseProtocol: (offered) => offered.values().next().value ?? false,
      closeTimeoutMs: SOCKET_END_MS,
    })
  }

  /** @throws CodedError `address_unavailable` that names the address and what to do. */
  async open(host: string, port: number): Promise<void> {
    try {
      const onWait = (error: AddressError): void => this.#options.onHeldAddress(error)
      await this.#web.open(host, port, { wait: { waitMs: HELD_ADDRESS_MS, onWait } })
    } catch (error) {
      if (!(error instanceof AddressError)) throw error
      throw new CodedError(error.code, error.message, { cause: error })
    }
    this.applySettings()
  }

  get address(): { readonly host: string; readonly port: number } {
    return this.#web.address
  }

  /** Takes no more connections; those that are open stay. The port is free when this returns. */
  stopListening(): void {
    this.#web.stopListening()
  }

  /** Takes the settings up, at the start and when they have changed. */
  applySettings(): void {
    const settings = this.#options.settings()
    this.#acceptor.change(acceptorSettings(settings))
    this.#web.serve({
      handshakeTimeoutMs: settings.limits.handshake_timeout_ms,
      onRequest: (request, response) => this.#acceptor.answer(request, response),
      onUpgrade: (request, socket, head) => this.#acceptor.upgrade(request, socket, head),
    })
  }

  /** Closes the port and every connection. */
  async close(reason: CloseReason): Promise<void> {
    this.#web.stopListening()
    const sayGoodbye = (): void => {
      for (const client of this.#clients) client.close(reason)
    }
    await Promise.all([this.#acceptor.close(sayGoodbye), this.#web.close()])
  }

  /** The client on a socket that was accepted. */
  opened(webSocket: WebSocket, socket: Socket): OpenedSocket {
    let end: ((reason: CloseReason | undefined) => void) | undefined
    const ended = (reason?: CloseReason): void => {
      const listener = end
      end = undefined
      listener?.(reason)
    }
    const client = new ClientSocket(webSocket, socket, () => this.#options.settings().limits, ended)
    this.#clients.add(client)
    // Of the socket and of the WebSocket: the first of them is enough, ws may wait for the other side.
    socket.once('close', () => ended())
    webSocket.once('close', () => {
      this.#clients.delete(client)
      ended()
    })
    return {
      client,
      onEnd: (listener) => void (end = listener),
      onMessage: (listener) =>
        void webSocket.on('message', (data) => {
          client.messageCame()
          listener(data as Buffer)
        }),
    }
  }
}

function acceptorSettings({ limits, allowedOrigins, authFunction, host }: ClientSettings): AcceptorSettings {
  return {
    maxConnections: limits.max_connections,
    maxPerAddress: limits.max_connections_per_address,
    maxPayloadBytes: limits.max_message_bytes,
    allowedOrigins,
    // Who opened the listener to the network did so on purpose.
    isGuarded: authFunction !== undefined || !isLoopbackHost(host),
    pingMs: limits.ping_interval_ms,
    idleMs: limits.idle_timeout_ms,
  }
}
