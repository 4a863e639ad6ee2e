// The connections to endpoints: kept open for the next request, and opened to addresses that have passed the rules alone.
import type { Agent as HttpAgent, ClientRequest, request, RequestOptions } from 'node:http'
import type { Agent as HttpsAgent, request as secureRequest } from 'node:https'
import type { LookupFunction } from 'node:net'

export const CONNECTION_LIMITS = {
  /** Connections to one host and port that are kept open while nobody needs them. */
  idlePerHost: 50,
  /** Of all hosts together; for https as many again. */
  idle: 256,
  /** How long they are kept. Less where the endpoint says so (`Keep-Alive: timeout=…`). */
  idleMs: 15_000,
}

export interface ConnectionsOptions {
  readonly lookup: LookupFunction
  /** PEM texts of authorities that are trusted beside those of Node. */
  readonly ca: readonly string[]
}

interface Modules {
  readonly http: { readonly request: typeof request; readonly agent: HttpAgent }
  readonly https: { readonly request: typeof secureRequest; readonly agent: HttpsAgent }
}

export class Connections {
  readonly #options: ConnectionsOptions
  #modules: Promise<Modules> | undefined
  #isClosed = false

  constructor(options: ConnectionsOptions) {
    this.#options = options
  }

  /** A request that has not been sent. The modules are loaded with the first one: most engines make none. */
  async request(url: URL, options: RequestOptions): Promise<ClientRequest> {
    const modules = await (this.#modules ??= this.#load())
    const { lookup } = this.#options
    return url.protocol === 'https:'
      ? modules.https.request(url, { ...options, lookup, agent: modules.https.agent })
      : modules.http.request(url, { ...options, lookup, agent: modules.http.agent })
  }

  /** Closes those that nobody uses at once, the others when they are done: from now on none is kept. */
  close(): void {
    this.#isClosed = true
    void this.#modules?.then(({ http, https }) => {
      for (const { freeSockets } of [http.agent, https.agent])
        for (const sockets of Object.values(freeSockets)) for (const socket of sockets ?? []) socket.destroy()
    })
  }

  async #load(): Promise<Modules> {
    const [http, https, tls] = await Promise.all([import('node:http'), import('node:https'), import('node:tls')])
    const kept = {
      keepAlive: true,
      maxFreeSockets: CONNECTION_LIMITS.idlePerHost,
      timeout: CONNECTION_LIMITS.idleMs,
      scheduling: 'lifo',
    } as const
    const { ca } = this.#options
    const trust = ca.length === 0 ? {} : { ca: [...tls.getCACertificates('default'), ...ca] }
    return {
      http: { request: http.request, agent: this.#bounded(new http.Agent(kept)) },
      https: { request: https.request, agent: this.#bounded(new https.Agent({ ...kept, ...trust })) },
    }
  }

  /** The agent of Node bounds what is kept for one host, and has no end of hosts. */
  #bounded<Agent extends HttpAgent>(agent: Agent): Agent {
    const keep = agent.keepSocketAlive.bind(agent)
    agent.keepSocketAlive = (socket) => !this.#isClosed && idleIn(agent) < CONNECTION_LIMITS.idle && keep(socket)
    return agent
  }
}

function idleIn({ freeSockets }: HttpAgent): number {
  let count = 0
  for (const sockets of Object.values(freeSockets)) count += sockets?.length ?? 0
  return count
}
