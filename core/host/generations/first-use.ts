// Built-ins that rest in a shared thread until they are used for the first time in a project: from then on each has a thread of its own,
// in later runs from the start.
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Log } from '../../log.ts'
import type { Used } from '../containers/host-messages.ts'
import type { PluginInstance } from '../table/plugin-instance.ts'
import type { RouterPort } from './router-port.ts'

export interface FirstUseDeps {
  readonly router: Pick<RouterPort, 'beginHandOver'>
  readonly log: Log
  dataDirOf(instance: string): string
  /** What is done to it, or to everything, is not over: it can't leave before. */
  isHeld(instance: string): boolean
  /** Into a thread of its own. Never rejects; it may stay after all. */
  leave(instance: PluginInstance): Promise<void>
}

/** In the folder of the instance. */
const MARK = 'used'
const CONTENT =
  'This worker has been used: it gets a thread of its own from the start. Without this file it gets one when it is used.\n'

export class FirstUse {
  readonly #deps: FirstUseDeps
  readonly #marks: Promise<void>[] = []

  constructor(deps: FirstUseDeps) {
    this.#deps = deps
  }

  /** In this project, in whatever run. */
  wasUsed(instance: string): boolean {
    return existsSync(join(this.#deps.dataDirOf(instance), MARK))
  }

  /** One that rested is used now. */
  async used(instance: PluginInstance, how: Used): Promise<void> {
    const { leave, isHeld } = this.#deps
    this.#marks.push(this.#remember(instance.name))
    if (how === 'leaves' && instance.generation?.stays !== true) {
      // Calls do not wait for what goes on: it may be waiting for their answers.
      if (isHeld(instance.name)) this.#serve(instance)
      await leave(instance)
    }
    this.#serve(instance)
  }

  /** Fulfilled when nothing is being written any more. */
  async settled(): Promise<void> {
    await Promise.all(this.#marks)
  }

  /** Where it is, as any other. */
  #serve({ slot }: PluginInstance): void {
    if (slot?.wake !== undefined) this.#deps.router.beginHandOver([slot]).reopen()
  }

  async #remember(instance: string): Promise<void> {
    const folder = this.#deps.dataDirOf(instance)
    try {
      await mkdir(folder, { recursive: true })
      await writeFile(join(folder, MARK), CONTENT)
    } catch (error) {
      // It begins in the shared thread again, and leaves it again.
      this.#deps.log.debug(`that '${instance}' is used could not be written`, { error: (error as Error).message })
    }
  }
}
