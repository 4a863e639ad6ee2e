// A file of lines that is never waited for. One that was moved away, as by logrotate, is opened anew under its name.
import { constants, write, writeSync } from 'node:fs'
import { mkdir, open, stat, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { LineWriter, type FileWrites } from '../../../../base/files/line-writer.ts'
import { systemClock, type Clock } from '../../../../base/time/clock.ts'
import { LimitedWarning } from '../../../../base/warnings/limited-warning.ts'

/** How often a file that is written to is looked for under its name. */
export const LOOK_MS = 1_000
/** How long lines of a file that is left are still tried to be written. */
const LAST_MS = 2_000
/** Lines that wait for a slow or full disk. */
export const MAX_WAITING_BYTES = 4 * 1024 * 1024

/** How often it is said that the file can't be written. */
const WARNING_MS = 60_000

/** Lines may hold addresses of people. */
const MODE = 0o640
/** To append, and never to wait: without O_NONBLOCK a named pipe that nobody reads is waited for as long as that is so. */
const FLAGS = constants.O_APPEND | constants.O_CREAT | constants.O_WRONLY | (constants.O_NONBLOCK ?? 0)

export interface LogFileOptions {
  /** Absolute. */
  readonly path: string
  readonly warn: (message: string) => void
  readonly clock?: Clock
  /** Default: Node's. */
  readonly file?: FileWrites
  /** Longest wait for lines of a file that is left. Default 2000. */
  readonly lastMs?: number
}

interface Opened {
  readonly handle: FileHandle
  readonly inode: number
  readonly writer: LineWriter
  readonly file: ClosableWrites
}

/** Once closed it takes everything and writes nothing: the number of its file may be that of another one by then. */
class ClosableWrites implements FileWrites {
  isClosed = false
  readonly #file: FileWrites
  readonly #onError: (error: NodeJS.ErrnoException) => void

  constructor(file: FileWrites, onError: (error: NodeJS.ErrnoException) => void) {
    this.#file = file
    this.#onError = onError
  }

  write(fd: number, bytes: Buffer, done: (error: NodeJS.ErrnoException | null, written: number) => void): void {
    if (this.isClosed) return done(null, bytes.length)
    this.#file.write(fd, bytes, (error, written) => {
      // A pipe whose reader is slow.
      if (error !== null && error.code !== 'EAGAIN') this.#onError(error)
      done(error, written)
    })
  }

  writeSync(fd: number, bytes: Buffer): number {
    return this.isClosed ? bytes.length : this.#file.writeSync(fd, bytes)
  }
}

const NODE_FILE: FileWrites = { write: (fd, bytes, done) => write(fd, bytes, done), writeSync }

export class LogFile {
  readonly #options: LogFileOptions
  readonly #clock: Clock
  #opened: Opened
  #cancelLook: (() => void) | undefined
  #looking: Promise<void> | undefined
  #isClosed = false

  /** Makes its folder. @throws Error that says why it can't be written. */
  static async open(options: LogFileOptions): Promise<LogFile> {
    try {
      await mkdir(dirname(options.path), { recursive: true })
      return new LogFile(options, await openFile(options))
    } catch (error) {
      throw new Error(`the file ${options.path} can not be written: ${(error as Error).message}`, { cause: error })
    }
  }

  private constructor(options: LogFileOptions, opened: Opened) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#opened = opened
  }

  /** @param line with its line break. Dropped, and counted in the file, when too many wait. */
  write(line: string): void {
    this.#opened.writer.write(line)
    this.#cancelLook ??= this.#clock.after(LOOK_MS, () => void this.look())
  }

  /** Opens the file anew if another one, or none, is under its name. Never rejects. */
  look(): Promise<void> {
    this.#cancelLook?.()
    this.#cancelLook = undefined
    return (this.#looking ??= this.#reopen().finally(() => (this.#looking = undefined)))
  }

  /** Waits a little for what is still to be written. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#cancelLook?.()
    await this.#looking
    await this.#leave(this.#opened)
  }

  async #reopen(): Promise<void> {
    const { path, warn } = this.#options
    const { ino } = await stat(path).catch(() => ({ ino: -1 }))
    if (ino === this.#opened.inode || this.#isClosed) return
    let opened: Opened
    try {
      opened = await openFile(this.#options)
    } catch (error) {
      return warn(`The access log ${path} was moved and can not be opened anew: ${(error as Error).message}`)
    }
    const before = this.#opened
    this.#opened = opened
    await this.#leave(before)
  }

  async #leave({ handle, writer, file }: Opened): Promise<void> {
    const written = await writer.written(this.#options.lastMs ?? LAST_MS)
    file.isClosed = true
    // A write that has not come back is one to this file.
    if (written !== 'blocked') await handle.close().catch(() => {})
  }
}

async function openFile({ path, warn, clock, file: writes = NODE_FILE }: LogFileOptions): Promise<Opened> {
  const handle = await open(path, FLAGS, MODE).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ENXIO'
      ? new Error('it is a named pipe, or a socket, that nobody reads', { cause: error })
      : error
  })
  const { ino: inode } = await handle.stat()
  const warning = new LimitedWarning(warn, {
    intervalMs: WARNING_MS,
    now: clock === undefined ? undefined : () => clock.passed(),
  })
  const file = new ClosableWrites(writes, ({ message }) =>
    warning.warn(
      `The access log ${path} can not be written; requests that it does not hold are counted there: ${message}`,
    ),
  )
  const writer = new LineWriter({
    fd: handle.fd,
    maxBytes: MAX_WAITING_BYTES,
    tellDropped: (lines, reason) => `${JSON.stringify({ dropped_lines: lines, reason: reason ?? 'too many lines' })}\n`,
    file,
    ...(clock !== undefined && { clock }),
  })
  return { handle, inode, writer, file }
}
