// Built-ins that have little to do share one thread. When it is busy because of several of them, the busiest of those that may goes
// into a thread of its own, by a change of generation, and never comes back.
import { performance, type EventLoopUtilization } from 'node:perf_hooks'
import type { Clock } from '../../../base/time/clock.ts'
import type { Log } from '../../log.ts'
import type { PluginInstance } from '../table/plugin-instance.ts'
import type { Container, PluginPlace } from './container.ts'

export const LOOK_MS = 1_000
/** The part of the time between two looks in which the loop was not idle. */
export const BUSY_UTILIZATION = 0.2
/** One that could not leave, as calls of it did not end, is not asked again before. */
export const STAYS_MS = 60_000
/** Frames between two looks with which a plugin counts as one that has something to do. */
export const BUSY_FRAMES = 20

export interface BusyThreadDeps {
  readonly clock: Clock
  readonly log: Log
  members(): Iterable<PluginInstance>
  mayLeave(instance: PluginInstance): boolean
  /** Never rejects; it may stay after all. */
  leave(instance: PluginInstance): Promise<void>
}

interface Look {
  readonly thread: Container
  readonly loop: EventLoopUtilization
  readonly frames: ReadonlyMap<PluginPlace, number>
}

interface Member {
  readonly instance: PluginInstance
  readonly place: PluginPlace
}

export class BusyThread {
  readonly #deps: BusyThreadDeps
  #before: Look | undefined
  #cancel: (() => void) | undefined
  readonly #stayed = new Map<PluginInstance, number>()

  constructor(deps: BusyThreadDeps) {
    this.#deps = deps
  }

  /** From now on, until it is closed. */
  watch(): void {
    this.#cancel = this.#deps.clock.after(LOOK_MS, () => {
      void this.#look().then(() => {
        if (this.#cancel !== undefined) this.watch()
      })
    })
  }

  close(): void {
    this.#cancel?.()
    this.#cancel = undefined
  }

  async #look(): Promise<void> {
    const members = [...this.#members()]
    const thread = members[0]?.place.container
    const loop = thread?.loop()
    const before = this.#before
    this.#before = undefined
    // Nobody is left alone in it by leaving.
    if (thread === undefined || loop === undefined || members.length < 2) return
    this.#before = { thread, loop, frames: new Map(members.map(({ place }) => [place, place.frames])) }
    if (before?.thread !== thread) return
    const { utilization } = performance.eventLoopUtilization(loop, before.loop)
    if (utilization < BUSY_UTILIZATION) return
    const since = ({ place }: Member): number => place.frames - (before.frames.get(place) ?? place.frames)
    const busy = members.filter((member) => since(member) >= BUSY_FRAMES).sort((a, b) => since(b) - since(a))
    const leaving = busy.length < 2 ? undefined : busy.find(({ instance }) => this.#mayLeave(instance))
    if (leaving === undefined) return
    const { name } = leaving.instance
    this.#deps.log.debug(`plugin '${name}' goes into a thread of its own`, { utilization })
    this.#before = undefined
    await this.#deps.leave(leaving.instance)
    if (!leaving.instance.apart) this.#stayed.set(leaving.instance, this.#deps.clock.passed())
  }

  #mayLeave(instance: PluginInstance): boolean {
    const { clock, mayLeave } = this.#deps
    const stayed = this.#stayed.get(instance)
    return (stayed === undefined || clock.passed() - stayed >= STAYS_MS) && mayLeave(instance)
  }

  /** Built-ins that share a thread because nobody has said where they are to run. */
  *#members(): Generator<Member> {
    for (const instance of this.#deps.members()) {
      const { generation, apart } = instance
      if (apart || generation === undefined || generation.isolation !== 'shared') continue
      const { source, entry } = generation.plan
      const [replica] = generation.replicas
      if (replica !== undefined && source.builtIn && entry.isolation === undefined && entry.memoryMb === undefined)
        yield { instance, place: replica.place }
    }
  }
}
