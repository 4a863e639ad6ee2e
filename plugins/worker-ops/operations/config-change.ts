// A change of the configuration that either is in force afterwards or has never been: the edit, and whatever else a step has done, is taken
// back when a later step or the engine refuses.
import { ConfigFile } from '../config-file/config-file.ts'
import { WorkerOpError } from '../errors.ts'
import type { OperationDeps } from './deps.ts'

type TakeBack = () => Promise<void>

export class ConfigChange {
  readonly file: ConfigFile
  readonly #deps: OperationDeps
  readonly #path: string
  readonly #done: TakeBack[] = []
  readonly #afterwards: (() => Promise<void>)[] = []

  /** Of a file that the engine takes up as it is. @throws W130 W131 where there is nothing that could be changed */
  static async begin(deps: OperationDeps): Promise<ConfigChange> {
    const change = ConfigChange.beginAnyhow(deps)
    const isKnown = (await deps.engine?.problem()) !== undefined
    // It may have been corrected since the engine has looked.
    const problem = isKnown ? await deps.engine?.reload() : undefined
    if (problem !== undefined) throw broken(change.#path, problem, 'Correct it first; nothing was changed.')
    return change
  }

  /** Of whatever file there is: the change may be what corrects it. @throws W130 where there is none */
  static beginAnyhow(deps: OperationDeps): ConfigChange {
    const { configFile } = deps.project
    if (configFile === undefined)
      throw new WorkerOpError(
        'W130',
        'The engine runs without a configuration file, so no worker can be added to it or removed. Start it with --config=FILE; `iii project init` writes one.',
        { path: null },
      )
    return new ConfigChange(deps, configFile)
  }

  constructor(deps: OperationDeps, path: string) {
    this.#deps = deps
    this.#path = path
    this.file = new ConfigFile(path)
  }

  /** Does a step and remembers how it is taken back. */
  async step(taken: Promise<TakeBack>): Promise<void> {
    this.#done.push(await taken)
  }

  /** Is done when everything went well; when it fails, a warning says so. */
  afterwards(action: () => Promise<void>): void {
    this.#afterwards.push(action)
  }

  /** Runs steps; when one fails all are taken back. */
  async run<Result>(steps: () => Promise<Result>): Promise<Result> {
    let result: Result
    try {
      result = await steps()
    } catch (error) {
      await this.#takeBack()
      throw error
    }
    for (const action of this.#afterwards.splice(0)) {
      await action().catch((error: Error) =>
        this.#deps.log.warn(`what was replaced could not be deleted: ${error.message}`),
      )
    }
    return result
  }

  /** The engine takes the file up. @throws W131 */
  async apply(): Promise<void> {
    const problem = await this.#deps.engine?.reload()
    if (problem === undefined) return
    throw broken(this.#path, problem, 'What was changed has been taken back.')
  }

  async #takeBack(): Promise<void> {
    const all = this.#done.splice(0).toReversed()
    for (const takeBack of all) {
      await takeBack().catch((error: Error) =>
        this.#deps.log.error(`a change could not be taken back: ${error.message}`),
      )
    }
    if (all.length > 0) await this.#deps.engine?.reload()
  }
}

function broken(path: string, message: string, remedy: string): WorkerOpError {
  return new WorkerOpError('W131', `The engine does not take up '${path}': ${message}. ${remedy}`, { path, message })
}
