// Where plugins run: a thread or a process, and one plugin's place in it. `host-thread.ts` and `host-process.ts` implement it.
import type { EventLoopUtilization } from 'node:perf_hooks'
import type { HealthState, StopReason } from '../../../sdk/plugin.ts'
import type { Link } from '../../model/link.ts'
import type { Worker } from '../../model/worker.ts'
import type { PluginDeclaration } from '../builds/bundle.ts'
import type { LogLevel, StartContext, Usage, Used } from './host-messages.ts'

/** How a container ended. `code`: EXIT (it called exit), ERROR (an uncaught error), SIGNAL, MEMORY, STALLED, or ENDED by the host. */
export interface ContainerExit {
  readonly code: string
  readonly message: string
  /** Names the culprit where several plugins share a thread. */
  readonly stack?: string | undefined
}

/**
 * `starting` → `running` → `ending` → `ended`. `abandoned`: it was to end and did not in time, as a thread that is blocked outside of
 * JavaScript can't; nobody waits for it any more. It is `ended` when it has ended after all.
 */
export type ContainerState = 'starting' | 'running' | 'ending' | 'ended' | 'abandoned'

export interface Container {
  readonly kind: 'thread' | 'process'
  /** Thread id or process id, for listings. */
  readonly number: number
  readonly state: ContainerState
  /** Plugins that have a place in it. */
  readonly size: number
  /** Fulfilled once, when it has ended or is abandoned, and everything that it had sent was handed out. */
  readonly exited: Promise<ContainerExit>
  /** Milliseconds that frames have been waiting without any being read, however the clock is set. */
  unreadForMs(): number
  /** Gives it something to read, unless its loop is seen to turn. */
  nudge(): void
  /** undefined when it can't be told any more. */
  usage(): Promise<Usage | undefined>
  /** How its loop has spent its time so far; undefined where that is not known from outside. */
  loop(): EventLoopUtilization | undefined
  /** What counts towards `memory_mb`; undefined when it can't be told any more. */
  memoryBytes(): Promise<number | undefined>
  /** A place for the instance of a plugin of this name. */
  open(plugin: string, events: PlaceEvents): PluginPlace
  /** Ends it at once, or abandons it. `why` becomes the exit's code and message. */
  end(why?: ContainerExit): Promise<void>
}

export type OnPluginLog = (level: LogLevel, message: string, data: unknown) => void

export interface PlaceEvents {
  log: OnPluginLog
  /** It rested, and is used. */
  used(how: Used): void
}

export interface PluginPlace {
  readonly container: Container
  readonly link: Link
  /** Frames that its plugin has sent so far. */
  readonly frames: number
  /** What its plugin listens on, as far as it has said so. */
  readonly addresses: readonly string[]
  /** What its plugin has said of its parts, by name. */
  readonly health: ReadonlyMap<string, HealthState>
  /** Frames of this place are the worker's from now on. Called before `load`. */
  attach(worker: Worker): void
  /** Each rejects with CodedError, or with the container's end. */
  load(plugin: string, url: string): Promise<PluginDeclaration>
  start(context: StartContext): Promise<void>
  reconfigure(config: Readonly<Record<string, unknown>>): Promise<boolean>
  /** The listeners of the engine are open, the first one at this URL. */
  listening(url: string): void
  stop(reason: StopReason): Promise<void>
  /** Fulfilled when everything that was sent to the place has been read, and what the plugin said to it at once has arrived. */
  read(): Promise<void>
  /** Ends what the plugin has started, within `engine.stop_ms` since it was told to stop. Also done by `leave` and when the container ends. */
  endProcesses(): Promise<void>
  /** Gives the place up; the last one to leave ends the container. */
  leave(): Promise<void>
}
