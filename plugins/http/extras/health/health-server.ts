// A port for probes alone: it answers when the port of the requests is full, and need not be reached by whom that one is for.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as after } from 'node:timers/promises'
import { AddressError } from '../../../../base/net/address-error.ts'
import { splitRequestTarget } from '../../../../base/net/request-target.ts'
import { shownAddress } from '../../../../base/net/shown-address.ts'
import { WebListener } from '../../../../base/net/web-listener.ts'
import type { PluginLog } from '../../../../sdk/plugin.ts'
import type { Answer } from '../../response/answer.ts'
import { GIVEN_UP_MS, openAddress } from '../../server/open-address.ts'
import { ownAnswer, type OwnPath } from '../own-path.ts'

/** For the head of a request, and between two. */
export const PROBE_MS = 5_000
export const MAX_PROBE_CONNECTIONS = 100
const RETRY_MS = 50

export interface HealthServerOptions {
  readonly host: string
  readonly port: number
  readonly path: OwnPath
  readonly log: PluginLog
  /** Whether the generation before this one listens there. */
  isOfPredecessor(url: string): Promise<boolean>
}

export class HealthServer {
  readonly #listener: WebListener
  readonly #closing = new AbortController()

  /** @throws CodedError `address_unavailable` */
  static async open(options: HealthServerOptions): Promise<HealthServer> {
    const server = new HealthServer(options)
    const { host, port, log, isOfPredecessor } = options
    const opened = await openAddress(server.#listener, host, port, {
      isOwn: () => isOfPredecessor(`http://${shownAddress(host, port)}`),
      onHeld: ({ message }) => log.warn('The address of the health endpoint is waited for.', { error: message }),
    })
    if (opened === 'later') void server.#openLater(options)
    return server
  }

  private constructor({ path, log }: HealthServerOptions) {
    this.#listener = new WebListener({
      worker: "'health' of iii-http",
      handshakeTimeoutMs: PROBE_MS,
      maxConnections: MAX_PROBE_CONNECTIONS,
      onFailure: ({ message }) => log.error('The server of the health endpoint failed.', { error: message }),
    })
    this.#listener.serve({
      handshakeTimeoutMs: PROBE_MS,
      maxConnections: MAX_PROBE_CONNECTIONS,
      onRequest: (request, response) => void respond(path, request, response),
    })
  }

  get url(): string {
    const { host, port } = this.#listener.address
    return `http://${shownAddress(host, port)}`
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#listener.close(0)
  }

  async #openLater({ host, port, log }: HealthServerOptions): Promise<void> {
    const { signal } = this.#closing
    const giveUpAt = performance.now() + GIVEN_UP_MS
    while (!signal.aborted) {
      try {
        return await this.#listener.open(host, port)
      } catch (error) {
        if (!(error instanceof AddressError)) throw error
        if (performance.now() > giveUpAt) return log.error(`The health endpoint is not open: ${error.message}`)
      }
      await after(RETRY_MS, undefined, { signal }).catch(() => {})
    }
  }
}

const NOT_FOUND: Answer = { status: 404, headers: [], body: '' }

async function respond(own: OwnPath, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { path } = splitRequestTarget(request.url ?? '/')
  const { status, headers, body } = (await ownAnswer([own], request, path)) ?? NOT_FOUND
  response.writeHead(status, [
    ...headers.flat(),
    'content-length',
    String(Buffer.byteLength(body)),
    'connection',
    'close',
  ])
  response.end(body)
}
