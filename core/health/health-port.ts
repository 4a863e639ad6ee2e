// The port of `GET /health`, if the configuration wants one: brought to a wanted address in two phases, as listeners are.
import { AddressError, isInUse } from '../../base/net/address-error.ts'
import { localHost, shownAddress } from '../../base/net/shown-address.ts'
import { WebListener } from '../../base/net/web-listener.ts'
import { ChangeError, type ChangeParticipant, type ChangeProblem, type PreparedPart } from '../config/change.ts'
import type { EngineConfig } from '../config/types.ts'
import type { HealthReport } from '../engine-functions/health.ts'
import type { Log } from '../log.ts'
import type { HealthAddress } from '../model/options.ts'
import { HEALTH_PATH, HEALTH_REQUEST_MS, healthEndpoint } from './health-endpoint.ts'

/** Connections at a time, each of one request. */
export const HEALTH_CONNECTIONS = 64
/** Its settings, as messages name them. */
const SETTING = 'engine.health'

export interface HealthPortDeps {
  readonly log: Log
  report(): HealthReport
  /** Ports that listeners and plugins let go of when this configuration comes into force. */
  portsGivenUp(wanted: EngineConfig): ReadonlySet<number>
}

interface OpenPort {
  /** As the configuration has it. */
  readonly address: HealthAddress
  readonly web: WebListener
}

export class HealthPort implements ChangeParticipant {
  readonly #deps: HealthPortDeps
  #open: OpenPort | undefined

  constructor(deps: HealthPortDeps) {
    this.#deps = deps
  }

  /** Undefined while there is none. */
  get url(): string | undefined {
    if (this.#open === undefined) return undefined
    const { host, port } = this.#open.web.address
    return `http://${shownAddress(localHost(host), port)}${HEALTH_PATH}`
  }

  /** The port that is free when this configuration comes into force. */
  portsGivenUp(wanted: EngineConfig): readonly number[] {
    return this.#open === undefined || isSame(this.#open.address, wanted.engine.health)
      ? []
      : [this.#open.web.address.port]
  }

  async prepare(wanted: EngineConfig): Promise<PreparedPart> {
    const { health: address } = wanted.engine
    if (isSame(this.#open?.address ?? null, address)) return UNCHANGED
    const next = address === null ? undefined : { address, web: this.#listener() }
    const problems: ChangeProblem[] = []
    let isBound = false
    if (next !== undefined) {
      const freed = new Set([...this.portsGivenUp(wanted), ...this.#deps.portsGivenUp(wanted)])
      const problem = await problemOfOpening(next)
      isBound = problem === undefined
      if (problem !== undefined && !(isInUse(problem) && freed.has(next.address.port))) problems.push(told(problem))
    }
    return this.#part(next, isBound, problems)
  }

  async close(): Promise<void> {
    await this.#open?.web.close()
    this.#open = undefined
  }

  /** @param isBound false: who holds the address gives it up before the commit. */
  #part(next: OpenPort | undefined, isBound: boolean, problems: readonly ChangeProblem[]): PreparedPart {
    const before = this.#open
    const address = before?.web.address
    let isReleased = false
    const discard = async (): Promise<void> => {
      if (isBound) await next?.web.close()
      if (!isReleased || before === undefined || address === undefined) return
      await before.web.open(address.host, address.port).catch((error: unknown) => {
        this.#deps.log.error(`the port of ${SETTING} could not be opened again`, error)
        this.#open = undefined
      })
    }
    return {
      problems,
      release: () => {
        before?.web.stopListening()
        isReleased = before !== undefined
      },
      commit: async () => {
        const problem = next === undefined || isBound ? undefined : await problemOfOpening(next)
        if (problem !== undefined) {
          await discard()
          throw new ChangeError([told(problem)])
        }
        next?.web.serve(healthEndpoint(this.#deps.report))
        this.#open = next
        await before?.web.close()
      },
      discard,
    }
  }

  #listener(): WebListener {
    return new WebListener({
      worker: SETTING,
      handshakeTimeoutMs: HEALTH_REQUEST_MS,
      maxConnections: HEALTH_CONNECTIONS,
      onFailure: (error) => this.#deps.log.error(`the port of ${SETTING} failed`, error),
    })
  }
}

const UNCHANGED: PreparedPart = { problems: [], commit: async () => {}, discard: async () => {} }

function isSame(a: HealthAddress | null, b: HealthAddress | null): boolean {
  return a?.host === b?.host && a?.port === b?.port
}

async function problemOfOpening({ address: { host, port }, web }: OpenPort): Promise<AddressError | undefined> {
  try {
    await web.open(host, port)
    return undefined
  } catch (error) {
    if (error instanceof AddressError) return error
    throw error
  }
}

function told({ code, message }: AddressError): ChangeProblem {
  return { subject: SETTING, code, message }
}
