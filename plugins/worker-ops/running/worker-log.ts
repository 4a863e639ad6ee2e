// What a worker's process writes: a file per stream, bounded in size with a few older ones beside it, and the last lines in memory.
// Where the files can't be written, lines are lost, and nothing else: the worker runs on.
import { appendFile, mkdir, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { ProcessStream } from '../../../sdk/plugin.ts'

export const LOG_LIMITS = {
  /** Of a file; then it is put aside. */
  fileBytes: 10 * 1024 * 1024,
  /** Files that were put aside, `stdout.log.1` the newest. */
  older: 3,
  /** Lines of one stream that wait to be written. */
  waitingBytes: 1024 * 1024,
  /** Of each stream, kept in memory. */
  tailLines: 20,
}

export interface WorkerLogDeps {
  readonly folder: string
  /** The files can't be written; told once until they can again. */
  readonly onFailure: (error: Error) => void
  readonly limits?: Partial<typeof LOG_LIMITS>
}

export class WorkerLog {
  readonly #streams: Readonly<Record<ProcessStream, LogStream>>

  constructor({ folder, onFailure, limits }: WorkerLogDeps) {
    let isFailing = false
    const told = (error: Error | undefined): void => {
      if (error !== undefined && !isFailing) onFailure(error)
      isFailing = error !== undefined
    }
    const all = { ...LOG_LIMITS, ...limits }
    this.#streams = {
      stdout: new LogStream(join(folder, 'stdout.log'), all, told),
      stderr: new LogStream(join(folder, 'stderr.log'), all, told),
    }
  }

  line(text: string, stream: ProcessStream): void {
    this.#streams[stream].add(text)
  }

  tail(stream: ProcessStream): readonly string[] {
    return this.#streams[stream].tail
  }

  /** Resolves when what was told is in the files, or lost. */
  async written(): Promise<void> {
    await Promise.all(Object.values(this.#streams).map((stream) => stream.written()))
  }
}

class LogStream {
  readonly tail: string[] = []
  readonly #file: string
  readonly #limits: typeof LOG_LIMITS
  readonly #told: (error: Error | undefined) => void
  #waiting: string[] = []
  #waitingBytes = 0
  #lost = 0
  /** Of the file; undefined: not known yet. */
  #bytes: number | undefined
  #writing: Promise<void> | undefined

  constructor(file: string, limits: typeof LOG_LIMITS, told: (error: Error | undefined) => void) {
    this.#file = file
    this.#limits = limits
    this.#told = told
  }

  add(text: string): void {
    this.tail.push(text)
    if (this.tail.length > this.#limits.tailLines) this.tail.shift()
    if (this.#waitingBytes > this.#limits.waitingBytes) {
      this.#lost++
      return
    }
    this.#waiting.push(`${text}\n`)
    this.#waitingBytes += text.length + 1
    this.#writing ??= this.#write()
  }

  async written(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing
  }

  async #write(): Promise<void> {
    // What comes within this turn of the loop goes with it.
    await Promise.resolve()
    while (this.#waiting.length > 0) {
      const lost = this.#lost === 0 ? '' : `… ${this.#lost} lines could not be written\n`
      const text = this.#waiting.join('') + lost
      this.#waiting = []
      this.#waitingBytes = 0
      this.#lost = 0
      try {
        await this.#append(text)
        this.#told(undefined)
      } catch (error) {
        this.#bytes = undefined
        this.#told(error as Error)
      }
    }
    this.#writing = undefined
  }

  async #append(text: string): Promise<void> {
    const bytes = Buffer.byteLength(text)
    if (this.#bytes === undefined) {
      await mkdir(join(this.#file, '..'), { recursive: true })
      this.#bytes = await stat(this.#file).then(
        ({ size }) => size,
        () => 0,
      )
    }
    if (this.#bytes > 0 && this.#bytes + bytes > this.#limits.fileBytes) await this.#putAside()
    await appendFile(this.#file, text)
    this.#bytes = (this.#bytes ?? 0) + bytes
  }

  async #putAside(): Promise<void> {
    for (let age = this.#limits.older; age > 0; age--) {
      const from = age === 1 ? this.#file : `${this.#file}.${age - 1}`
      await rename(from, `${this.#file}.${age}`).catch(() => {})
    }
    this.#bytes = 0
  }
}
