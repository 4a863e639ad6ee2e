// Gives each generation its place to run: the standby or a fresh thread, a shared thread, a process.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Isolation } from '../../../sdk/plugin.ts'
import type { LinkEvents } from '../../model/link-events.ts'
import { SpareRings } from '../../links/spare-rings.ts'
import type { Clock } from '../../../base/time/clock.ts'
import { settlesWithin } from '../../../base/time/deadline.ts'
import { exitDespiteThreads } from '../../../base/process/end-now.ts'
import type { Log } from '../../log.ts'
import { CodedError } from '../../../protocol/errors.ts'
import type { Container } from './container.ts'
import type { GenerationPlan } from '../generations/generation.ts'
import type { FrameContainer, FrameContainerOptions } from './frame-container.ts'
import { HostProcess } from './host-process.ts'
import { HostThread } from './host-thread.ts'
import { permissionFlags } from './process-permissions.ts'
import { ownFolder } from '../builds/plugin-builds.ts'
import { SharedThread } from './shared-thread.ts'
import { ThreadOutput } from './thread-output.ts'
import { ThreadPool } from './thread-pool.ts'
import { ProcessKeeper } from '../processes/process-keeper.ts'

/** A thread of JavaScript ends in milliseconds, on a busy machine in tenths of a second. */
export const END_MS = 2_000

export interface ContainersOptions {
  readonly log: Log
  readonly events: LinkEvents
  readonly clock: Clock
  readonly cacheDir: string | undefined
  readonly engineRoot: string
  readonly projectRoot: string
  readonly startMs: number
  readonly stopMs: number
  /** Time for a thread or process to end, before it is abandoned. Default 2 s. */
  readonly endMs?: number
  dataDirOf(instance: string): string
}

export class Containers {
  readonly #options: ContainersOptions
  readonly #pool = new ThreadPool()
  readonly #rings = new SpareRings()
  readonly #output: ThreadOutput
  readonly #keeper = new ProcessKeeper()
  #standby: Promise<HostThread> | undefined
  /** Of the built-ins that share one, started before anybody knows what goes into it. */
  #early: Promise<HostThread> | undefined
  /** What the code of users does in its thread, such as to block it, is nothing to built-in workers. */
  readonly #shared = {
    builtIns: new SharedThread(() => this.#takeEarly() ?? this.#spawn()),
    users: new SharedThread(() => this.#spawn()),
  }
  readonly #abandoned = new Set<FrameContainer>()
  /** Streams of the engine on which a write does not come back. Known at the end. */
  #unwritten: readonly string[] = []
  #mayExit: (() => void) | undefined
  #closed = false

  constructor(options: ContainersOptions) {
    this.#options = options
    this.#output = new ThreadOutput((message, data) => options.log.warn(message, data))
  }

  /** Built-ins will be started soon: a thread for them comes up while they are looked for. */
  warm(): void {
    this.#early ??= this.#spawn()
    // Whoever takes it is told.
    this.#early.catch(() => {})
  }

  /** The built-ins run: a thread that none of them needed ends. */
  async warmed(): Promise<void> {
    const thread = await this.#takeEarly()?.catch(() => undefined)
    await thread?.end()
  }

  async acquire(isolation: Isolation, plan: GenerationPlan): Promise<Container> {
    if (this.#closed) throw new CodedError('PLUGIN_START_FAILED', 'the engine is shutting down')
    if (isolation === 'process') return this.#process(plan)
    if (isolation === 'shared') return this.#shared[plan.source.builtIn ? 'builtIns' : 'users'].acquire()
    const standby = this.#standby
    this.#standby = undefined
    return (await standby?.catch(() => undefined)) ?? this.#spawn()
  }

  /** Threads and processes that were to end, did not in time and still have not, of those that the instance was in. */
  abandoned(instance: string): number {
    return [...this.#abandoned].filter(({ plugins }) => plugins.has(instance)).length
  }

  /** Each of them, in words, and at the end what else does not let the process end. */
  get abandonedNames(): readonly string[] {
    return [...[...this.#abandoned].map(describe), ...this.#unwritten.map((name) => `a write to ${name}`)]
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
    await this.warmed()
    const standby = await this.#standby?.catch(() => undefined)
    await standby?.end()
    // A thread that can't be ended is not waited for here either. That the pool has told it to end has taken hold of it again.
    await settlesWithin(this.#pool.close(), this.#abandoned.size === 0 ? this.#endMs : 0, this.#options.clock)
    for (const container of this.#abandoned) container.letGo()
    const [unwritten] = await Promise.all([this.#output.close(), this.#keeper.close()])
    this.#unwritten = unwritten
  }

  #takeEarly(): Promise<HostThread> | undefined {
    const early = this.#early
    this.#early = undefined
    return early
  }

  #exitWaits(): void {
    this.#mayExit?.()
    this.#mayExit = undefined
  }

  get #endMs(): number {
    return this.#options.endMs ?? END_MS
  }

  /** @param refusal why its plugin may start no processes. */
  #optionsOf(refusal?: string): FrameContainerOptions {
    const { events, clock, log, stopMs } = this.#options
    return {
      events,
      processes: { keeper: () => this.#keeper, stopMs, refusal },
      clock,
      endMs: this.#endMs,
      onAbandoned: (container) => {
        this.#abandoned.add(container)
        this.#mayExit ??= exitDespiteThreads()
        const what = describe(container)
        log.error(
          `${what} does not end within ${this.#endMs} ms and is abandoned: something blocks it outside of JavaScript`,
        )
      },
      onGone: (container) => {
        this.#abandoned.delete(container)
        if (this.#abandoned.size === 0) this.#exitWaits()
        log.info(`${describe(container)} has ended after all`)
      },
    }
  }

  #spawn(): Promise<HostThread> {
    return HostThread.spawn({
      ...this.#optionsOf(),
      pool: this.#pool,
      rings: this.#rings,
      output: this.#output,
      startMs: this.#options.startMs,
      compileCacheDir: this.#compileCacheDir,
    })
  }

  get #compileCacheDir(): string | undefined {
    const { cacheDir } = this.#options
    return cacheDir === undefined ? undefined : join(cacheDir, 'compiled')
  }

  async #process({ name, entry, source, bundle }: GenerationPlan): Promise<Container> {
    const { engineRoot, projectRoot } = this.#options
    const { permissions, memoryMb } = entry
    // Above the soft limit that is polled, for an allocation that is faster than the poll.
    const heap = memoryMb === undefined ? [] : [`--max-old-space-size=${Math.ceil(memoryMb * 1.25)}`]
    if (permissions === undefined)
      return new HostProcess({ ...this.#optionsOf(), execArgv: heap, compileCacheDir: this.#compileCacheDir })
    const dataDir = this.#options.dataDirOf(name)
    // It may write inside, but not create it: that would need rights on the folder above.
    await mkdir(dataDir, { recursive: true })
    const places = { engineRoot, projectRoot, bundleFile: bundle.file, ownPath: ownFolder(source), dataDir }
    const refusal = `'permissions' of the entry '${name}' do not have 'child_process: true'`
    return new HostProcess({
      ...this.#optionsOf(permissions.child_process ? undefined : refusal),
      execArgv: [...heap, ...permissionFlags(permissions, places)],
      compileCacheDir: undefined,
    })
  }
}

function describe({ kind, number, plugins }: FrameContainer): string {
  const names = [...plugins].map((name) => `'${name}'`).join(', ')
  return `${kind} ${number}${names === '' ? '' : ` of plugin ${names}`}`
}
