// That this engine lives, said to the server again and again; and the jobs of engines that no longer say so. One lease covers all that an engine has in
// hand. When Redis itself was away nobody is taken for dead before all had the time of one lease to come back.
import type { Clock } from '../../../../base/time/clock.ts'
import type { PluginLog } from '../../../../sdk/plugin.ts'
import { ENGINES, REGISTRY } from './queue-keys.ts'
import type { QueueServer } from './queue-server.ts'

export interface EngineLeaseOptions {
  readonly server: QueueServer
  readonly engine: string
  readonly leaseMs: number
  readonly clock: Clock
  readonly log: Pick<PluginLog, 'warn' | 'info'>
  /** The server had given up this engine: what it had declared is to be declared again. */
  readonly onReturn: () => void
  /** Whether this is the engine that listens to channels. */
  readonly onListener: (isListener: boolean) => void
}

type RenewReply = [wasAway: number, nextEndMs: number, isListener: number, ended: string[]]

/** The shortest wait before the leases of others are looked at again. */
const SHORTEST_MS = 10

export class EngineLease {
  readonly #options: EngineLeaseOptions
  #cancel: (() => void) | undefined
  #cancelTrust: (() => void) | undefined
  /** Whether a lease that has ended means that its engine is dead. */
  #trusts = false
  #isFirst = true
  #closed = false

  constructor(options: EngineLeaseOptions) {
    this.#options = options
  }

  async open(): Promise<void> {
    const upMs = await this.#serverUpMs()
    if (upMs >= this.#options.leaseMs) this.#trusts = true
    else this.#trustAfter(this.#options.leaseMs - upMs)
    await this.#renew()
  }

  /** The connection is there again. */
  async resume(): Promise<void> {
    this.#trustAfter(this.#options.leaseMs)
    await this.#renew()
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#cancel?.()
    this.#cancelTrust?.()
    const { server, engine } = this.#options
    if (server.redis.connected) await server.run('forgetEngine', [ENGINES], [engine, 1]).catch(() => {})
  }

  async #serverUpMs(): Promise<number> {
    const info = await this.#options.server.redis.command('INFO', 'server').catch(() => '')
    return Number(/^uptime_in_seconds:(\d+)/m.exec(String(info))?.[1] ?? 0) * 1_000
  }

  #trustAfter(ms: number): void {
    this.#trusts = false
    this.#cancelTrust?.()
    this.#cancelTrust = this.#options.clock.after(ms, () => {
      this.#trusts = true
      this.#renewIn(0)
    })
  }

  async #renew(): Promise<void> {
    const { server, engine, leaseMs, onReturn, onListener } = this.#options
    this.#cancel?.()
    let nextMs = leaseMs / 3
    try {
      const [wasAway, nextEndMs, isListener, ended] = (await server.run(
        'renew',
        [ENGINES],
        [engine, leaseMs],
      )) as RenewReply
      if (wasAway === 1 && !this.#isFirst) onReturn()
      this.#isFirst = false
      onListener(isListener === 1)
      if (nextEndMs >= 0) nextMs = Math.min(nextMs, Math.max(SHORTEST_MS, nextEndMs + 1))
      if (this.#trusts) for (const other of ended) await this.#bury(other)
    } catch (error) {
      if (server.redis.connected)
        this.#options.log.warn('The lease of this engine could not be renewed; trying again.', { error: String(error) })
    }
    this.#renewIn(nextMs)
  }

  #renewIn(ms: number): void {
    this.#cancel?.()
    if (!this.#closed) this.#cancel = this.#options.clock.after(ms, () => void this.#renew())
  }

  /** What it had in hand waits again. */
  async #bury(other: string): Promise<void> {
    const { server, log } = this.#options
    const queues = await server.hashAll(REGISTRY)
    const counts = await Promise.all(queues.map(([key]) => server.run('haveBack', [key], [other])))
    await server.run('forgetEngine', [ENGINES], [other, 0])
    const jobs = (counts as number[]).reduce((sum, count) => sum + count, 0)
    if (jobs > 0)
      log.info('An engine has not renewed its lease: its jobs are delivered again.', { engine: other, jobs })
  }
}
