// One connection to the other engine, with what is exposed over it, from its settings to its end.
import { setImmediate as nextTurn, setTimeout as elapse } from 'node:timers/promises'
import { settlesWithin } from '../../base/time/deadline.ts'
import { openBridge, type Bridge } from '../../kit/bridge/bridge.ts'
import { DEFAULT_NAMESPACE } from '../../protocol/messages.ts'
import type { HealthState, PluginContext } from '../../sdk/plugin.ts'
import { shownUrl } from '../../sdk/transports/shown-url.ts'
import type { ConnectionSettings } from './config.ts'
import { ExposedFunctions } from './exposed-functions.ts'
import { ExposureCheck } from './exposure-check.ts'

/** For so long a connection still takes calls after another one was opened in its place: until that one is known there. */
export const LINGER_MS = 500
/** Calls that are under way at its end may still be answered for so long. */
const END_MS = 3_000

export interface ConnectionDeps extends Pick<PluginContext, 'iii' | 'log'> {
  /** Told when the connection has come up, and when it is away. */
  readonly onHealth: (of: Connection) => void
}

export class Connection {
  readonly bridge: Bridge
  /** undefined until it is known whether it comes up. */
  health: HealthState | undefined
  readonly #exposed: ExposedFunctions
  readonly #check: ExposureCheck
  readonly #connected = Promise.withResolvers<void>()
  #ended: Promise<void> | undefined

  /** Throws when the address is none. Returns before the connection is there. */
  constructor(settings: ConnectionSettings, exposed: ReadonlyMap<string, string>, deps: ConnectionDeps) {
    const { iii, log, onHealth } = deps
    const url = shownUrl(settings.url)
    this.bridge = openBridge({
      ...settings,
      setting: 'url of iii-bridge',
      log,
      closeMs: END_MS,
      // As long as whoever calls.
      limits: { awayMs: Infinity },
      onState: (problem) => {
        this.health =
          problem === undefined ? { status: 'healthy' } : { status: 'degraded', details: { url, error: problem } }
        onHealth(this)
      },
    })
    this.#exposed = new ExposedFunctions(iii, this.bridge.iii)
    this.#exposed.set(exposed)
    const namespace = settings.namespace ?? DEFAULT_NAMESPACE
    this.#check = new ExposureCheck({ bridge: this.bridge, log, namespace, ids: () => this.#exposed.ids })
    this.bridge.onConnected(() => {
      this.#connected.resolve()
      this.#check.run()
    })
  }

  expose(exposed: ReadonlyMap<string, string>): void {
    this.#exposed.set(exposed)
    if (this.bridge.connected) this.#check.run()
  }

  /** False when it has not come up in this time. */
  comesUpWithin(ms: number): Promise<boolean> {
    return settlesWithin(this.#connected.promise, ms)
  }

  /**
   * Another one is in its place. The other engine's calls go there once it knows that one, and those under way, to and fro, are still answered
   * here; calls that have not been sent fail at once, for whoever made them to make them anew.
   */
  async retire(withinMs: number): Promise<void> {
    this.bridge.refuseWaiting()
    // Before the end, which would tell them something else.
    await nextTurn()
    if (this.bridge.connected && this.#exposed.ids.length > 0) {
      await elapse(LINGER_MS / 2)
      this.bridge.withdraw(this.#exposed.ids)
      await elapse(LINGER_MS / 2)
    }
    if (this.bridge.connected) await settlesWithin(this.bridge.iii.idle(), withinMs)
    await this.end()
  }

  end(): Promise<void> {
    this.#check.close()
    this.#ended ??= this.bridge.close()
    return this.#ended
  }
}
