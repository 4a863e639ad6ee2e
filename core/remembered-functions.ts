// Which functions external workers provide, in a file: after a start calls of those that are not registered again yet wait for them
// instead of failing (spec 01 §8.10).
import { FollowingFile } from '../base/files/following-file.ts'
import { systemClock, type Clock } from '../base/time/clock.ts'
import { isRecord } from '../base/values/is-record.ts'
import { LimitedWarning } from '../base/warnings/limited-warning.ts'
import type { Log } from './log.ts'

export interface FunctionName {
  readonly namespace: string
  readonly id: string
}

export interface RememberedFunctionsDeps {
  /** Absolute path. Its folder is made when there is something to remember. */
  readonly file: string
  /** What is to be remembered now. */
  readonly current: () => Iterable<FunctionName>
  /** How many are remembered at most; 0 = none. Asked each time. */
  readonly max: () => number
  readonly log: Log
  readonly clock?: Clock
}

/** Size of the file: what does not fit is not remembered, and a larger one is not read. */
export const MAX_FILE_BYTES = 4 * 1024 * 1024
const WARNING_MS = 60_000

export class RememberedFunctions {
  readonly #deps: RememberedFunctionsDeps
  readonly #file: FollowingFile
  readonly #warning: LimitedWarning
  #lastRun: Promise<readonly FunctionName[]> | undefined

  constructor(deps: RememberedFunctionsDeps) {
    this.#deps = deps
    const { file, log, clock = systemClock } = deps
    this.#warning = new LimitedWarning((message, data) => log.warn(message, data), { intervalMs: WARNING_MS })
    const unwritten = 'the functions of external workers can not be remembered: after a restart calls of them may fail'
    this.#file = new FollowingFile({
      file,
      maxBytes: MAX_FILE_BYTES,
      content: () => this.#render(),
      empty: EMPTY,
      clock,
      onFailure: ({ message }) => this.#warning.warn(unwritten, { file, error: message }),
    })
  }

  /** What was remembered when the last run ended. What can't be read is told in the log, and counts as nothing. */
  ofLastRun(): Promise<readonly FunctionName[]> {
    this.#lastRun ??= this.#read()
    return this.#lastRun
  }

  async #read(): Promise<readonly FunctionName[]> {
    const { file, log } = this.#deps
    try {
      const content = await this.#file.read()
      return content === undefined ? [] : parse(content).slice(0, this.#deps.max())
    } catch (error) {
      log.warn('the functions of the last run are not known: calls of those that are not registered yet fail', {
        file,
        error: (error as Error).message,
      })
      return []
    }
  }

  /** What is there now is written, and changes from now on. */
  begin(): void {
    this.#file.begin()
  }

  /** What is to be remembered may have changed. */
  changed(): void {
    this.#file.changed()
  }

  /** Writes what there is now; later changes are not written any more. */
  close(): Promise<void> {
    return this.#file.close()
  }

  #render(): string {
    const byNamespace: Record<string, string[]> = Object.create(null)
    let left = this.#deps.max()
    let leftBytes = MAX_FILE_BYTES - EMPTY.length
    let omitted = 0
    for (const { namespace, id } of this.#deps.current()) {
      const ids = byNamespace[namespace]
      const bytes = bytesOf(id) + (ids === undefined ? bytesOf(namespace) + 3 : 0)
      if (left === 0 || bytes > leftBytes) {
        omitted++
        continue
      }
      left--
      leftBytes -= bytes
      if (ids === undefined) byNamespace[namespace] = [id]
      else ids.push(id)
    }
    if (omitted > 0 && this.#deps.max() > 0) {
      const message =
        'functions of external workers are not remembered: after a restart calls of them may fail at first'
      this.#warning.warn(message, { not_remembered: omitted, limit: `engine.remember_functions: ${this.#deps.max()}` })
    }
    return JSON.stringify({ functions: byNamespace })
  }
}

const EMPTY = JSON.stringify({ functions: {} })

/** In the file, with what separates it from the next one. */
function bytesOf(name: string): number {
  return PLAIN.test(name) ? name.length + 3 : Buffer.byteLength(JSON.stringify(name)) + 1
}

/** Stands in JSON as it is. */
const PLAIN = /^[\w:./-]*$/

function parse(content: string): FunctionName[] {
  const value: unknown = JSON.parse(content)
  const functions = isRecord(value) ? value['functions'] : undefined
  if (!isRecord(functions)) throw new Error('it is no list of functions by namespace')
  return Object.entries(functions).flatMap(([namespace, ids]) => {
    const isList = Array.isArray(ids) && ids.every((id): id is string => typeof id === 'string' && id !== '')
    if (!isList) throw new Error(`the functions of namespace '${namespace}' are no list of ids`)
    return ids.map((id) => ({ namespace, id }))
  })
}
