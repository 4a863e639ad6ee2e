// What threads and processes of plugins have in common: places by member number, requests and their replies, the end.
import type { EventLoopUtilization } from 'node:perf_hooks'
import { CodedError, isErrorBody } from '../../../protocol/errors.ts'
import type { HealthState, StopReason } from '../../../sdk/plugin.ts'
import type { FrameLink } from '../../links/frame-link.ts'
import type { FrameTransport } from '../../links/frame-transport.ts'
import type { LinkEvents } from '../../model/link-events.ts'
import type { Worker } from '../../model/worker.ts'
import type { PluginDeclaration } from '../builds/bundle.ts'
import type { Clock } from '../../../base/time/clock.ts'
import type { Container, ContainerExit, ContainerState, PlaceEvents, PluginPlace } from './container.ts'
import type { HostReplies, HostRequest, PluginMessage, StartContext, Usage } from './host-messages.ts'
import { PluginProcesses, type ProcessOwner } from '../processes/plugin-processes.ts'
import type { ProcessEvent } from '../processes/process-messages.ts'

export interface FrameContainerOptions {
  readonly events: LinkEvents
  readonly processes: ProcessOwner
  readonly clock: Clock
  /** Time to end, before it is abandoned. */
  readonly endMs: number
  readonly onAbandoned: (container: FrameContainer) => void
  /** It was abandoned and has ended after all. */
  readonly onGone: (container: FrameContainer) => void
}

export abstract class FrameContainer implements Container {
  abstract readonly kind: 'thread' | 'process'
  abstract readonly number: number
  readonly exited: Promise<ContainerExit>
  protected transport!: FrameTransport
  readonly #options: FrameContainerOptions
  readonly #places = new Map<number, Place>()
  readonly #resolveExited: (exit: ContainerExit) => void
  #nextMember = 0
  /** Whoever has had a place in it. */
  readonly #plugins = new Set<string>()
  #state: ContainerState = 'starting'
  #why: ContainerExit | undefined
  #cancelDeadline: (() => void) | undefined

  constructor(options: FrameContainerOptions) {
    this.#options = options
    const { promise, resolve } = Promise.withResolvers<ContainerExit>()
    this.exited = promise
    this.#resolveExited = resolve
  }

  get size(): number {
    return this.#places.size
  }

  get state(): ContainerState {
    return this.#state
  }

  get plugins(): ReadonlySet<string> {
    return this.#plugins
  }

  open(plugin: string, events: PlaceEvents): PluginPlace {
    const member = this.#nextMember++
    const link = this.transport.link(member, this.#options.events)
    this.#plugins.add(plugin)
    const place = new Place(
      this,
      link,
      events,
      (message) => this.transport.sendHost(member, message),
      () => this.#leave(member),
      this.#options.processes,
    )
    this.#places.set(member, place)
    if (this.#state === 'ended' || this.#state === 'abandoned') place.containerEnded(this.#why ?? ENDED)
    return place
  }

  unreadForMs(): number {
    const now = performance.now()
    const since = this.transport.unreadSince(now)
    return since === undefined ? 0 : now - since
  }

  nudge(): void {
    const [member] = this.#places.keys()
    if (member !== undefined && !this.turns()) this.transport.sendHost(member, { op: 'nudge' } satisfies HostRequest)
  }

  /** Its loop has been seen to turn since it was asked last. */
  protected turns(): boolean {
    return false
  }

  abstract usage(): Promise<Usage | undefined>

  loop(): EventLoopUtilization | undefined {
    return undefined
  }

  async memoryBytes(): Promise<number | undefined> {
    return (await this.usage())?.memoryBytes
  }

  async end(why: ContainerExit = ENDED): Promise<void> {
    if (this.#state === 'starting' || this.#state === 'running') {
      const { clock, endMs } = this.#options
      this.#why = why
      this.#state = 'ending'
      this.#cancelDeadline = clock.after(endMs, () => this.#abandon())
      this.terminate()
    }
    await this.exited
  }

  /** Ends the thread or process at once; `finished` is called when it is gone. */
  protected abstract terminate(): void

  /** It is abandoned: where nothing else is left to do, the end of this process does not wait for it. */
  letGo(): void {}

  /** It serves. */
  protected came(): void {
    if (this.#state === 'starting') this.#state = 'running'
  }

  /** It is gone. `exit` is how it looked from here; a reason that the host gave counts more. */
  protected finished(exit: ContainerExit): void {
    const before = this.#state
    if (before === 'ended') return
    this.#cancelDeadline?.()
    this.#why ??= exit
    this.#state = 'ended'
    if (before === 'abandoned') this.#options.onGone(this)
    else this.#close(this.#why)
  }

  #abandon(): void {
    this.#state = 'abandoned'
    this.letGo()
    this.#options.onAbandoned(this)
    this.#close(this.#why ?? ENDED)
  }

  #close(exit: ContainerExit): void {
    // Answers that it had published count.
    this.transport.drainRemaining()
    for (const place of this.#places.values()) place.containerEnded(exit)
    this.#resolveExited(exit)
  }

  protected receiveHost(member: number, message: unknown): void {
    this.#places.get(member)?.receive(message as PluginMessage)
  }

  async #leave(member: number): Promise<void> {
    const place = this.#places.get(member)
    if (place !== undefined && place.processes.size > 0) await place.endProcesses()
    this.#places.delete(member)
    place?.link.close(1000, 'the generation ended')
    if (this.#places.size === 0) await this.end()
  }
}

const ENDED: ContainerExit = { code: 'ENDED', message: 'it was ended' }

class Place implements PluginPlace {
  readonly container: Container
  readonly link: FrameLink
  addresses: readonly string[] = []
  readonly health = new Map<string, HealthState>()
  readonly #events: PlaceEvents
  readonly processes: PluginProcesses
  readonly #send: (message: HostRequest | ProcessEvent) => void
  readonly #stopMs: number
  #toldToStop: number | undefined
  readonly #onLeave: () => Promise<void>
  readonly #waiting = new Map<HostRequest['op'], { resolve: (ok: never) => void; reject: (error: Error) => void }>()
  #exit: ContainerExit | undefined
  #usage: Promise<Usage> | undefined

  constructor(
    container: Container,
    link: FrameLink,
    events: PlaceEvents,
    send: (message: HostRequest | ProcessEvent) => void,
    onLeave: () => Promise<void>,
    owner: ProcessOwner,
  ) {
    this.container = container
    this.link = link
    this.#events = events
    this.#send = send
    this.#onLeave = onLeave
    this.#stopMs = owner.stopMs
    this.processes = new PluginProcesses({ owner, onLog: events.log, tell: send })
  }

  get frames(): number {
    return this.link.received
  }

  attach(worker: Worker): void {
    this.link.attach(worker)
  }

  load(plugin: string, url: string): Promise<PluginDeclaration> {
    return this.#request({ op: 'load', plugin, url })
  }

  async start(context: StartContext): Promise<void> {
    await this.#request({ op: 'start', context })
  }

  reconfigure(config: Readonly<Record<string, unknown>>): Promise<boolean> {
    return this.#request({ op: 'reconfigure', config })
  }

  listening(url: string): void {
    if (this.#exit === undefined) this.#send({ op: 'listening', url })
  }

  async stop(reason: StopReason): Promise<void> {
    this.#toldToStop = performance.now()
    await this.#request({ op: 'stop', reason })
  }

  async read(): Promise<void> {
    await this.#request({ op: 'read' })
  }

  /** Who asks while the answer is on its way gets the same one. */
  usage(): Promise<Usage> {
    this.#usage ??= this.#request({ op: 'usage' }).finally(() => (this.#usage = undefined))
    return this.#usage
  }

  endProcesses(): Promise<void> {
    const spent = this.#toldToStop === undefined ? 0 : performance.now() - this.#toldToStop
    return this.processes.endAll(Math.max(0, this.#stopMs - spent))
  }

  leave(): Promise<void> {
    return this.#onLeave()
  }

  receive(message: PluginMessage): void {
    if ('log' in message) {
      this.#events.log(message.log, message.message, message.data)
      return
    }
    if ('addresses' in message) {
      this.addresses = message.addresses
      return
    }
    if ('health' in message) {
      this.health.set(message.health, message.state)
      return
    }
    if ('process' in message) {
      this.processes.take(message.process)
      return
    }
    if ('used' in message) {
      this.#events.used(message.used)
      return
    }
    const waiting = this.#waiting.get(message.re)
    this.#waiting.delete(message.re)
    if ('ok' in message) return waiting?.resolve(message.ok as never)
    const { error } = message
    // The stack is worth a look for the plugin's author; the message alone goes to callers.
    if (isErrorBody(error) && error.stacktrace !== undefined)
      this.#events.log('debug', `${message.re} failed`, { stack: error.stacktrace })
    waiting?.reject(new CodedError(error.code, error.message, { cause: error }))
  }

  containerEnded(exit: ContainerExit): void {
    this.#exit = exit
    for (const { reject } of this.#waiting.values()) reject(endedError(exit))
    this.#waiting.clear()
    void this.endProcesses()
  }

  #request<Op extends HostRequest['op']>(request: HostRequest & { op: Op }): Promise<HostReplies[Op]> {
    if (this.#exit !== undefined) return Promise.reject(endedError(this.#exit))
    return new Promise((resolve, reject) => {
      this.#waiting.set(request.op, { resolve, reject })
      this.#send(request)
    })
  }
}

function endedError({ code, message }: ContainerExit): CodedError {
  return new CodedError('PLUGIN_START_FAILED', `the plugin ended (${code}): ${message}`)
}
