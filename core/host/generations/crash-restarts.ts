// What follows when a container of a running generation ends by itself: whose fault it was, and when its code is started again.
import { sep } from 'node:path'
import type { Clock } from '../../../base/time/clock.ts'
import type { Log } from '../../log.ts'
import type { ContainerExit } from '../containers/container.ts'
import type { CrashWatch } from '../containers/crash-watch.ts'
import { cancelRetry } from '../table/phase.ts'
import type { PluginInstance } from '../table/plugin-instance.ts'
import type { PluginSource } from '../table/plugin-source.ts'
import type { PluginTable } from '../table/plugin-table.ts'
import type { Generation } from './generation.ts'
import type { Replica } from './replica.ts'
import type { RouterPort } from './router-port.ts'

export interface CrashRestartsDeps {
  readonly clock: Clock
  readonly log: Log
  readonly table: PluginTable
  readonly router: Pick<RouterPort, 'endWorker'>
  crashes(): Pick<CrashWatch, 'unwatch'>
  readonly closing: () => boolean
  /** It is time. */
  restart(instance: PluginInstance, crashed: Generation): void
}

interface ExitError {
  readonly code: string
  readonly message: string
}

export class CrashRestarts {
  readonly #deps: CrashRestartsDeps

  constructor(deps: CrashRestartsDeps) {
    this.#deps = deps
  }

  /** A container of a running generation ended. Its answers were handed out before. */
  crashed(generation: Generation, replica: Replica, exit: ContainerExit): void {
    const { table, router, clock, log } = this.#deps
    const instance = table.find(generation.name)
    router.endWorker(replica.worker, { abnormal: true, why: this.#whyEnded(generation, exit) })
    if (instance === undefined || instance.generation !== generation) return
    if (this.#isCulprit(generation, exit)) {
      instance.lastCrash = { at: new Date(clock.now()).toISOString(), code: exit.code, message: exit.message }
      log.error(`plugin '${instance.name}' crashed: ${exit.message}`, { code: exit.code, stack: exit.stack })
    }
    // So that the culprit shows, whoever it was.
    if (generation.isolation === 'shared') instance.apart = true
    // Its calls are settled, so that a drain can end; the generation that comes next takes its place.
    if (instance.phase.name !== 'draining') this.broken(instance, generation)
  }

  /** Replicas of what serves have ended: what is left of it serves until it is whole again. */
  broken(instance: PluginInstance, generation: Generation): void {
    const exits = generation.replicas.flatMap(({ exit }) => exit ?? [])
    const exit = exits.at(-1)
    if (exit === undefined) return
    if (exits.length === generation.replicas.length) {
      this.#deps.crashes().unwatch(generation)
      void generation.discard()
    }
    this.later(instance, generation, exit, this.#isCulprit(generation, exit))
  }

  /** @param blamed it counts towards the budget of the instance. */
  later(instance: PluginInstance, generation: Generation, error: ExitError, blamed: boolean): void {
    const { table, clock, closing, log } = this.#deps
    if (closing() || !instance.wanted) return
    const { name } = instance
    const isUp = isServing(instance, generation)
    const verdict = blamed ? instance.budget.crashed(clock.passed()) : { restartInMs: 0 }
    if (verdict !== 'failed') return this.#restartIn(instance, generation, error, verdict.restartInMs)
    if (isUp) {
      const message = `a replica crashed too often: ${error.message}`
      table.refused(instance, 'code', { reason: 'start', message }, 'crash')
    } else {
      table.failed(instance, error, 'crash')
    }
    log.error(
      `plugin '${name}' crashed too often and is not started again: mend and save it, or run: iii plugins start ${name}`,
    )
  }

  /** New code that does not start does not keep the code that crashed away. */
  again(instance: PluginInstance, ended: Generation): void {
    const { clock, restart } = this.#deps
    const retry = { attempt: 0, cancel: clock.after(0, () => restart(instance, ended)) }
    instance.phase = { name: 'restarting', ended, retry }
  }

  #restartIn(instance: PluginInstance, generation: Generation, error: ExitError, inMs: number): void {
    const { table, clock, restart } = this.#deps
    const { phase } = instance
    const retry = { attempt: 0, cancel: clock.after(inMs, () => restart(instance, generation)) }
    if (!isServing(instance, generation)) return table.restarting(instance, generation, error, inMs, retry)
    if (phase.name !== 'running') return
    cancelRetry(phase)
    instance.phase = { ...phase, retry }
  }

  #whyEnded(generation: Generation, exit: ContainerExit): string {
    const { code, message } = exit
    const what = this.#isCulprit(generation, exit) ? 'crashed' : 'ended with the thread that it shares'
    return `plugin '${generation.name}' ${what} (${code}): ${message}`
  }

  /** In a shared thread an error names its plugin by the files in its stack; what names none is everybody's. */
  #isCulprit({ isolation, plugin }: Generation, { stack }: ContainerExit): boolean {
    if (isolation !== 'shared' || stack === undefined) return true
    const named = this.#deps.table.all.filter(({ source }) => source !== undefined && namesSource(stack, source))
    return named.length === 0 || named.some((instance) => instance.plugin === plugin)
  }
}

/** Some replica of it still does. */
function isServing(instance: PluginInstance, generation: Generation): boolean {
  return instance.generation !== undefined && generation.replicas.some(({ exit }) => exit === undefined)
}

function namesSource(stack: string, { path, entryFile }: PluginSource): boolean {
  return stack.includes(path === entryFile ? `${path}:` : path + sep)
}
