// Gives each generation its place to run: the standby or a fresh thread, the shared thread, a process.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Isolation } from '../../../sdk/plugin.ts'
import type { LinkEvents } from '../../model/link-events.ts'
import { SpareRings } from '../../links/spare-rings.ts'
import type { Clock } from '../../../base/time/clock.ts'
import type { Container } from './container.ts'
import type { GenerationPlan } from '../generations/generation.ts'
import { HostProcess } from './host-process.ts'
import { HostThread } from './host-thread.ts'
import { permissionFlags } from './process-permissions.ts'
import { ownFolder } from '../builds/plugin-builds.ts'
import { ThreadPool } from './thread-pool.ts'
import type { ProcessOwner } from '../processes/plugin-processes.ts'
import { ProcessKeeper } from '../processes/process-keeper.ts'

export interface ContainersOptions {
  readonly events: LinkEvents
  readonly clock: Clock
  readonly cacheDir: string
  readonly engineRoot: string
  readonly projectRoot: string
  readonly startMs: number
  readonly stopMs: number
  dataDirOf(plugin: string): string
}

export class Containers {
  readonly #options: ContainersOptions
  readonly #pool = new ThreadPool()
  readonly #rings = new SpareRings()
  readonly #keeper = new ProcessKeeper()
  #standby: Promise<HostThread> | undefined
  #shared: Promise<HostThread> | undefined
  #closed = false

  constructor(options: ContainersOptions) {
    this.#options = options
  }

  /** Threads will be needed soon. */
  warm(): void {
    this.#pool.warm()
  }

  async acquire(isolation: Isolation, plan: GenerationPlan): Promise<Container> {
    if (isolation === 'process') return this.#process(plan)
    if (isolation === 'shared') return this.#sharedThread()
    const standby = this.#standby
    this.#standby = undefined
    return (await standby?.catch(() => undefined)) ?? this.#spawn()
  }

  /** Keeps one warm thread ready for the next generation. Cheap when there is one. */
  refillStandby(): void {
    if (this.#closed || this.#standby !== undefined) return
    const standby = this.#spawn()
    this.#standby = standby
    const forget = (): void => {
      if (this.#standby === standby) this.#standby = undefined
    }
    standby.then((thread) => thread.exited.then(forget), forget)
  }

  async close(): Promise<void> {
    this.#closed = true
    const standby = await this.#standby?.catch(() => undefined)
    await standby?.end()
    await this.#pool.close()
    await this.#keeper.close()
  }

  #spawn(): Promise<HostThread> {
    const { events, clock, startMs } = this.#options
    return HostThread.spawn({
      pool: this.#pool,
      events,
      rings: this.#rings,
      processes: this.#processes(),
      clock,
      startMs,
      compileCacheDir: this.#compileCacheDir,
    })
  }

  get #compileCacheDir(): string {
    return join(this.#options.cacheDir, 'compiled')
  }

  /** One thread for all small plugins; a new one when it has ended. */
  async #sharedThread(): Promise<HostThread> {
    const known = await this.#shared?.catch(() => undefined)
    if (known !== undefined && !known.ending) return known
    if (known !== undefined) this.#shared = undefined
    if (this.#shared === undefined) {
      const shared = this.#spawn()
      this.#shared = shared
      const forget = (): void => {
        if (this.#shared === shared) this.#shared = undefined
      }
      shared.then((thread) => thread.exited.then(forget), forget)
    }
    return this.#shared
  }

  #processes(refusal?: string): ProcessOwner {
    return { keeper: () => this.#keeper, stopMs: this.#options.stopMs, refusal }
  }

  async #process({ entry, source, bundle }: GenerationPlan): Promise<Container> {
    const { engineRoot, projectRoot, events } = this.#options
    const { permissions, memoryMb } = entry
    // Above the soft limit that is polled, for an allocation that is faster than the poll.
    const heap = memoryMb === undefined ? [] : [`--max-old-space-size=${Math.ceil(memoryMb * 1.25)}`]
    if (permissions === undefined) {
      const processes = this.#processes()
      return new HostProcess({ events, processes, execArgv: heap, compileCacheDir: this.#compileCacheDir })
    }
    const dataDir = this.#options.dataDirOf(source.name)
    // It may write inside, but not create it: that would need rights on the folder above.
    await mkdir(dataDir, { recursive: true })
    const places = { engineRoot, projectRoot, bundleFile: bundle.file, ownPath: ownFolder(source), dataDir }
    const refusal = `'permissions' of the entry '${entry.name}' do not have 'child_process: true'`
    return new HostProcess({
      events,
      processes: this.#processes(permissions.child_process ? undefined : refusal),
      execArgv: [...heap, ...permissionFlags(permissions, places)],
      compileCacheDir: undefined,
    })
  }
}
