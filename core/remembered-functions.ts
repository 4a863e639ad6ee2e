// Which functions external workers provide, in a file: after a start calls of those that are not registered again yet wait for them
// instead of failing (spec 01 §8.10). Written whole, a moment after a change, so that an engine that is killed leaves it as well.
import { mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { removeLeftovers, writeWhole } from '../base/files/atomic-file.ts'
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

/** How long changes are collected before they are written. */
const COLLECT_MS = 250
/** Size of the file: what does not fit is not remembered, and a larger one is not read. */
export const MAX_FILE_BYTES = 4 * 1024 * 1024
const WARNING_MS = 60_000
const FILE_NAME = /^functions\.json$/

/**
 * `unread`: nothing is written yet. `current`: the file is up to date. `due`: a write is planned. `writing`, and `behind` if something
 * has changed since. `closed`: the file stays as it is.
 */
type State = 'unread' | 'current' | 'due' | 'writing' | 'behind' | 'closed'

export class RememberedFunctions {
  readonly #deps: RememberedFunctionsDeps
  readonly #clock: Clock
  readonly #warning: LimitedWarning
  #state: State = 'unread'
  #lastRun: Promise<readonly FunctionName[]> | undefined
  /** Content of the file; undefined = there is none. */
  #content: string | undefined
  #write: Promise<void> | undefined
  #cancel = (): void => {}

  constructor(deps: RememberedFunctionsDeps) {
    this.#deps = deps
    this.#clock = deps.clock ?? systemClock
    this.#warning = new LimitedWarning((message, data) => deps.log.warn(message, data), { intervalMs: WARNING_MS })
  }

  /** What was remembered when the last run ended. What can't be read is told in the log, and counts as nothing. */
  ofLastRun(): Promise<readonly FunctionName[]> {
    this.#lastRun ??= this.#read()
    return this.#lastRun
  }

  async #read(): Promise<readonly FunctionName[]> {
    const { file, log } = this.#deps
    try {
      const content = await readBounded(file)
      if (content === undefined) return []
      const names = parse(content)
      this.#content = content
      return names.slice(0, this.#deps.max())
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
    if (this.#state !== 'unread') return
    this.#state = 'current'
    this.changed()
  }

  /** What is to be remembered may have changed. */
  changed(): void {
    if (this.#state === 'writing') this.#state = 'behind'
    if (this.#state !== 'current') return
    this.#state = 'due'
    this.#cancel = this.#clock.after(COLLECT_MS, () => this.#writeDue())
  }

  /** Writes what there is now; later changes are not written any more. */
  async close(): Promise<void> {
    if (this.#state === 'unread' || this.#state === 'closed') {
      this.#state = 'closed'
      return
    }
    this.#state = 'closed'
    this.#cancel()
    const last = this.#render()
    await this.#write
    await this.#save(last)
  }

  #writeDue(): void {
    this.#state = 'writing'
    this.#write = this.#save(this.#render()).then(() => {
      const isBehind = this.#state === 'behind'
      if (this.#state !== 'closed') this.#state = 'current'
      if (isBehind) this.changed()
    })
  }

  #render(): string {
    const byNamespace: Record<string, string[]> = Object.create(null)
    let left = this.#deps.max()
    let leftBytes = MAX_FILE_BYTES - EMPTY.length
    let omitted = 0
    for (const { namespace, id } of this.#deps.current()) {
      const isNew = byNamespace[namespace] === undefined
      const bytes = bytesOf(id) + (isNew ? bytesOf(namespace) + 3 : 0)
      if (left === 0 || bytes > leftBytes) {
        omitted++
        continue
      }
      left--
      leftBytes -= bytes
      ;(byNamespace[namespace] ??= []).push(id)
    }
    if (omitted > 0 && this.#deps.max() > 0) {
      const message =
        'functions of external workers are not remembered: after a restart calls of them may fail at first'
      this.#warning.warn(message, { not_remembered: omitted, limit: `engine.remember_functions: ${this.#deps.max()}` })
    }
    return JSON.stringify({ functions: byNamespace })
  }

  async #save(content: string): Promise<void> {
    if (content === (this.#content ?? EMPTY)) return
    const { file } = this.#deps
    try {
      await mkdir(dirname(file), { recursive: true })
      await writeWhole(file, content)
      this.#content = content
      await removeLeftovers(dirname(file), FILE_NAME)
    } catch (error) {
      const message = 'the functions of external workers can not be remembered: after a restart calls of them may fail'
      this.#warning.warn(message, { file, error: (error as Error).message })
    }
  }
}

const EMPTY = JSON.stringify({ functions: {} })

/** In the file, with what separates it from the next one. */
function bytesOf(name: string): number {
  return Buffer.byteLength(JSON.stringify(name)) + 1
}

/** Undefined where there is none. */
async function readBounded(file: string): Promise<string | undefined> {
  const handle = await open(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (handle === undefined) return undefined
  try {
    const { size } = await handle.stat()
    if (size > MAX_FILE_BYTES) throw new Error(`it has ${size} bytes; at most ${MAX_FILE_BYTES} are read`)
    return await handle.readFile('utf8')
  } finally {
    await handle.close()
  }
}

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
