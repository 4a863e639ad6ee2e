// The clients of `iii-stream`: a WebSocket listener whose connections subscribe to streams (spec 02 §6.2–6.6).
import { LimitedWarning } from '../../../base/warnings/limited-warning.ts'
import type { Caller } from '../../../kit/triggers/binding-call.ts'
import { webSocketUrl } from '../../../base/net/shown-address.ts'
import type { RefusedConnection, Upgrade } from '../../../base/net/web-socket-acceptor.ts'
import type { TriggerTypeHandler, TriggerTypeInput } from '../../../sdk/handle-types.ts'
import type { PluginLog } from '../../../sdk/plugin.ts'
import type { Feed, ReadSnapshot } from '../feed.ts'
import { admit, authInput } from './auth.ts'
import { readResumePosition } from './client-message.ts'
import { Client, type ClientDeps } from './client.ts'
import { EVENTS_LOST, RESTARTING } from './close-reasons.ts'
import { FanOut } from './fan-out.ts'
import { LeaveQueue } from './leave-queue.ts'
import { HELD_ADDRESS_MS, Listener } from './listener.ts'
import { JOIN_TRIGGER_TYPE, LEAVE_TRIGGER_TYPE, MembershipTriggers } from './membership-triggers.ts'
import { readSettings, type ClientSettings, type StreamServerSettings } from './settings.ts'
import { Slots } from './slots.ts'
import type { RequestTarget } from './upgrade-path.ts'

export type { StreamServerSettings } from './settings.ts'

/** How long `close` waits for conditions of leave handlers, after two seconds for the peers; the host allows 10 s for a whole stop. */
const SETTLE_MS = 2_000

/** The part of the handle that clients need. */
export interface StreamServerHandle extends Caller {
  registerTriggerType(input: TriggerTypeInput, handler: TriggerTypeHandler): unknown
}

export interface StreamServerOptions {
  readonly iii: StreamServerHandle
  readonly log: PluginLog
  readonly feed: Feed
  readonly readSnapshot: ReadSnapshot
  /** The `config` block of the plugin. */
  readonly settings: StreamServerSettings
  /** Somebody is about to become a client. */
  readonly onUpgrade?: () => void
  /** Unix milliseconds. */
  readonly now?: () => number
}

export class StreamServer {
  readonly #iii: StreamServerHandle
  readonly #log: PluginLog
  readonly #onUpgrade: (() => void) | undefined
  readonly #deps: ClientDeps
  readonly #clients = new Set<Client>()
  readonly #problems: LimitedWarning
  readonly #authFailures: LimitedWarning
  readonly #refusedOrigins: LimitedWarning
  readonly #givenUp: LimitedWarning
  readonly #stopListening: () => void
  #settings: ClientSettings
  #listener: Listener

  /** @throws Error naming address and remedy when the port can't be opened, or the setting that is wrong. */
  static async open(options: StreamServerOptions): Promise<StreamServer> {
    const server = new StreamServer(options)
    try {
      await server.#listener.open(server.#settings.host, server.#settings.port)
    } catch (error) {
      server.#stopListening()
      throw error
    }
    return server
  }

  private constructor({ iii, log, feed, readSnapshot, settings, onUpgrade, now = Date.now }: StreamServerOptions) {
    this.#iii = iii
    this.#log = log
    this.#onUpgrade = onUpgrade
    this.#settings = readSettings(settings)
    const limited = (): LimitedWarning => new LimitedWarning((message, data) => log.warn(message, data))
    this.#problems = limited()
    this.#authFailures = limited()
    this.#refusedOrigins = limited()
    this.#givenUp = limited()
    const limits = () => this.#settings.limits
    const timeoutMs = () => limits().join_timeout_ms
    const leaves = new MembershipTriggers({ iii, log, timeoutMs })
    const failedReads = limited()
    this.#deps = {
      feed,
      readSnapshot,
      limits,
      now,
      fanOut: new FanOut(() => this.#eventsLost()),
      catchUps: new Slots(() => limits().max_catch_ups),
      joins: new MembershipTriggers({ iii, log, timeoutMs }),
      leaves,
      lateLeaves: new LeaveQueue(leaves, log),
      badMessages: limited(),
      onReadFailed: ({ stream, group, item }, error) =>
        failedReads.warn('A stream could not be read for a client.', { stream, group, item, error: messageOf(error) }),
      onFault: (error) => log.error('A message of a stream client could not be handled.', { error }),
    }
    this.#listener = this.#newListener()
    this.#stopListening = feed.listen({
      event: (event) => this.#deps.fanOut.tell(event),
      lost: () => this.#eventsLost(),
    })
  }

  /** Where it listens; the port is the real one, also when the setting is 0. */
  get address(): { readonly host: string; readonly port: number } {
    return this.#listener.address
  }

  /** The same as clients write it. */
  get url(): string {
    const { host, port } = this.address
    return webSocketUrl(host, port)
  }

  get clientCount(): number {
    return this.#clients.size
  }

  /** Provides `stream:join` and `stream:leave`. */
  registerTriggerTypes(): void {
    this.#iii.registerTriggerType(JOIN_TRIGGER_TYPE, this.#deps.joins)
    this.#iii.registerTriggerType(LEAVE_TRIGGER_TYPE, this.#deps.leaves)
  }

  /**
   * Applies changed settings. Another address: the new one is opened first, then the old one is closed with its connections.
   * @throws Error as `open`; then everything stays as it was.
   */
  async reconfigure(settings: StreamServerSettings): Promise<void> {
    const before = this.#settings
    const changed = readSettings(settings)
    if (changed.host === before.host && changed.port === before.port) {
      this.#settings = changed
      this.#listener.applySettings()
      return
    }
    const old = this.#listener
    const opened = this.#newListener()
    if (changed.port === old.address.port) await this.#openOnSamePort(opened, changed.host, old)
    else await opened.open(changed.host, changed.port)
    this.#settings = changed
    opened.applySettings()
    this.#listener = opened
    this.#deps.fanOut.flush()
    await old.close(RESTARTING)
  }

  /** Sends what was told, closes all connections with 1012, and calls the leave handlers that are still to be called. */
  async close(): Promise<void> {
    this.#stopListening()
    this.#deps.fanOut.flush()
    await this.#listener.close(RESTARTING)
    await this.#deps.lateLeaves.close(SETTLE_MS)
  }

  #newListener(): Listener {
    const listener: Listener = new Listener({
      settings: () => this.#settings,
      onUpgrade: (upgrade) => void this.#admit(upgrade, listener),
      onRefused: (refused) => this.#tellRefused(refused),
      onHeldAddress: ({ message }) =>
        this.#problems.warn(
          `The stream listener waits ${HELD_ADDRESS_MS} ms: nobody listens there, but a connection has the address, or had it a moment ago (TIME_WAIT).`,
          { error: message },
        ),
      onFailure: ({ message }) => this.#problems.warn('The stream listener failed.', { error: message }),
    })
    return listener
  }

  /** Two addresses with one port may exclude each other: then the old one makes room, and comes back if that does not help. */
  async #openOnSamePort(opened: Listener, host: string, old: Listener): Promise<void> {
    const { host: oldHost, port } = old.address
    old.stopListening()
    try {
      await opened.open(host, port)
    } catch (error) {
      await old.open(oldHost, port)
      throw error
    }
  }

  #tellRefused(refused: RefusedConnection): void {
    if (refused.reason === 'full') {
      const { max_connections } = this.#settings.limits
      this.#problems.warn('The stream listener is full (max_connections); new clients are refused.', {
        max_connections,
      })
      return
    }
    if (refused.reason === 'address') {
      this.#problems.warn(
        `${refused.address} has ${refused.connections} clients of the stream listener (max_connections_per_address); new ones from there are refused.`,
      )
      return
    }
    this.#refusedOrigins.warn(
      `A connection from origin '${refused.origin}' was refused; to accept it add it to allowed_origins of iii-stream.`,
    )
  }

  async #admit({ request, endpoint, refuse, accept }: Upgrade<RequestTarget>, listener: Listener): Promise<void> {
    this.#onUpgrade?.()
    const admission = await admit(this.#iii, this.#settings, authInput(request, endpoint), this.#authFailures)
    if (!admission.admitted) return refuse('401 Unauthorized')
    accept((webSocket, tcp) => {
      const { client: socket, onEnd, onMessage } = listener.opened(webSocket, tcp)
      const client = new Client(admission.context, this.#deps)
      client.attach(socket)
      this.#clients.add(client)
      const { remote } = socket
      onEnd((reason) => {
        this.#clients.delete(client)
        client.end()
        if (reason?.code === 1013 || reason?.code === 1008)
          this.#givenUp.warn('A stream client was closed.', { client: remote, ...reason })
      })
      const { position, last_event_id: lastEventId } = endpoint.query
      if (endpoint.implicitJoin !== null)
        client.joinImplicitly(endpoint.implicitJoin, readResumePosition(position?.at(-1) ?? lastEventId?.at(-1)))
      onMessage((data) => client.receive(data))
    })
  }

  /** Subscribers can't know what they have missed: they start anew. */
  #eventsLost(): void {
    if (this.#clients.size > 0)
      this.#log.warn('Events were lost before the stream clients could be told; all of them are closed.', {
        clients: this.#clients.size,
      })
    this.#deps.fanOut.forget()
    for (const client of [...this.#clients]) client.close(EVENTS_LOST)
  }
}

function messageOf(error: unknown): unknown {
  return (error as { message?: unknown } | null)?.message ?? String(error)
}
