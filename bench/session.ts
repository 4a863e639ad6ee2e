// What the scenarios of one run share: the load generator, the targets that are up, the pinning. Ends all of it.
import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LoadProcess } from './load/load-process.ts'
import { planPinning, type Pinning } from './measure/machine.ts'
import type { BenchOptions } from './options.ts'
import { TargetProcess } from './targets/target-process.ts'

/**
 * `subject`: what is measured; `reactive`: the same with streams, pub/sub and cron; `in-memory`: the same with state in memory; `queue`: the same with queues; `queue-redis`: the
 * same with queues on the server of `redis`; `guarded`: with a listener for sessions beside the plain one; `http`: with an HTTP server;
 * `bridged`: bridged to `bridge-remote`. The others are what they are compared with.
 */
export type TargetName =
  | 'subject'
  | 'reactive'
  | 'in-memory'
  | 'ws-echo'
  | 'naive'
  | 'inline'
  | 'post-message'
  | 'stream-inline'
  | 'queue'
  | 'queue-redis'
  | 'redis'
  | 'guarded'
  | 'http'
  | 'bridged'
  | 'bridge-remote'
  | 'node-http'
  | 'fastify'

export interface Target {
  readonly url: string
  /** Of its stream listener, if it has one that is known. */
  readonly streamUrl?: string | undefined
  /** Of its listener for sessions, if it has one that is known. */
  readonly publicUrl?: string | undefined
  /** Where it serves HTTP, if it does and that is known. */
  readonly httpUrl?: string | undefined
  /** Undefined when its process is not ours to look at. */
  readonly pid: number | undefined
}

export class BenchSession {
  readonly options: BenchOptions
  readonly load: LoadProcess
  readonly pinning: Pinning | undefined
  #secondLoad: Promise<LoadProcess> | undefined
  readonly #targets = new Map<TargetName, Promise<TargetProcess>>()
  readonly #folders: string[] = []

  static async open(options: BenchOptions): Promise<BenchSession> {
    const pinning = options.pin ? planPinning() : undefined
    if (options.pin && pinning === undefined) options.progress('Not pinned: that takes two cores and `taskset`.')
    return new BenchSession(options, await LoadProcess.start(pinning?.generator), pinning)
  }

  private constructor(options: BenchOptions, load: LoadProcess, pinning: Pinning | undefined) {
    this.options = options
    this.load = load
    this.pinning = pinning
    process.once('exit', this.#removeFolders)
  }

  /** True when the subject is an engine started by this run, whose plugins and files can be used. */
  get ownEngine(): boolean {
    return this.options.target === 'engine'
  }

  /** A load generator besides `load`, for what is measured while that is at work. */
  async secondLoad(): Promise<LoadProcess> {
    this.#secondLoad ??= LoadProcess.start(this.pinning?.generator)
    return await this.#secondLoad
  }

  /** Starts the target on first use; it stays up until `stopTargets`. */
  async target(name: TargetName): Promise<Target> {
    const { target, targetPid } = this.options
    if (isSubject(name) && target.startsWith('ws://')) return { url: target, pid: targetPid }
    let starting = this.#targets.get(name)
    if (starting === undefined) {
      starting = this.#start(name)
      this.#targets.set(name, starting)
    }
    return await starting
  }

  /** An engine of our own in a folder of its own, besides the targets; the caller ends it. */
  async startEngine(variant: EngineVariant, folder?: string, args: readonly string[] = []): Promise<TargetProcess> {
    return TargetProcess.start({
      file: 'engine-process',
      args: [variant, ...args],
      cwd: folder ?? (await this.temporaryFolder()),
      cpus: this.pinning?.target,
    })
  }

  /** A bare WebSocket server of our own, besides the targets; the caller ends it. */
  startWebSocketEcho(): Promise<TargetProcess> {
    return TargetProcess.start({ file: 'ws-echo', args: [], cpus: this.pinning?.target })
  }

  /** A naive router of our own, besides the targets; the caller ends it. */
  startNaiveRouter(): Promise<TargetProcess> {
    return TargetProcess.start({ file: 'naive-router', args: [], cpus: this.pinning?.target })
  }

  /** A worker of the unmodified SDK that answers HTTP requests, connected to the engine at the URL; the caller ends it. */
  startSdkWorker(url: string, args: readonly string[]): Promise<TargetProcess> {
    return TargetProcess.start({ file: 'sdk-http-worker', args: [url, ...args], cpus: this.pinning?.generator })
  }

  /** A worker of the unmodified SDK that passes calls at one engine on to another; the caller ends it. */
  startSdkBridge(args: readonly string[]): Promise<TargetProcess> {
    return TargetProcess.start({ file: 'sdk-bridge-worker', args, cpus: this.pinning?.target })
  }

  /** A folder that is removed when the session closes. */
  async temporaryFolder(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'iii-bench-'))
    this.#folders.push(folder)
    return folder
  }

  /** Between scenarios: no variant of one is left to disturb the next. */
  async stopTargets(): Promise<void> {
    const started = await Promise.allSettled(this.#targets.values())
    this.#targets.clear()
    await Promise.all(started.map((target) => (target.status === 'fulfilled' ? target.value.stop() : undefined)))
  }

  async close(): Promise<void> {
    await this.stopTargets()
    await Promise.all([this.load.close(), this.#secondLoad?.then((load) => load.close())])
    process.off('exit', this.#removeFolders)
    this.#removeFolders()
  }

  /** Also at an early end of the process, where nothing can be awaited. */
  readonly #removeFolders = (): void => {
    for (const folder of this.#folders.splice(0)) rmSync(folder, { recursive: true, force: true })
  }

  async #start(name: TargetName): Promise<TargetProcess> {
    const cpus = this.pinning?.target
    const kind = isSubject(name) && this.options.target !== 'engine' ? this.options.target : name
    if (kind === 'ws-echo') return this.startWebSocketEcho()
    if (kind === 'relay') return TargetProcess.start({ file: 'relay', args: [], cpus })
    if (kind === 'node-http') return TargetProcess.start({ file: 'node-http', args: [], cpus })
    if (kind === 'fastify') return TargetProcess.start({ file: 'fastify-bridge', args: [], cpus })
    if (kind === 'naive') return this.startNaiveRouter()
    if (kind === 'redis') return TargetProcess.start({ file: 'redis', args: [await this.temporaryFolder()], cpus })
    if (kind === 'bridged') return this.startEngine(kind, undefined, [(await this.target('bridge-remote')).url])
    if (kind === 'bridge-remote') return this.startEngine('plugin')
    if (kind === 'queue-redis') return this.startEngine(kind, undefined, [(await this.target('redis')).url])
    return this.startEngine(kind === 'subject' ? 'plugin' : (kind as EngineVariant))
  }
}

function isSubject(name: TargetName): boolean {
  return name === 'subject' || name === 'reactive' || name === 'in-memory'
}

/**
 * How the engine's process provides `bench::echo`: in a plugin thread, in the router thread, in a thread behind
 * `postMessage`. `watched`: not at all, but the plugin `bench-reload` from its folder, whose changes it takes up. `reactive`: not
 * at all, but all built-in plugins of the reactive part. `stream-inline`: not at all, but `stream::set` and the stream listener in
 * the router thread. `in-memory`: as `plugin`, but state is kept in memory. `queue`: as `plugin`, with queues. `queue-redis`: the same, on the Redis server whose URL is its argument.
 * `guarded`: as `plugin`, but for state, with a listener for sessions. `http`: not at all, but an HTTP server. `bridged`: not at all, but bridged to the engine whose
 * URL is its argument.
 */
export type EngineVariant =
  | 'plugin'
  | 'inline'
  | 'post-message'
  | 'watched'
  | 'in-memory'
  | 'reactive'
  | 'stream-inline'
  | 'queue'
  | 'queue-redis'
  | 'guarded'
  | 'http'
  | 'bridged'
