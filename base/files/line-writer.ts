// Lines written to a file descriptor in the background, by somebody who must not wait for them: a full disk, a reader that has stopped or
// gone, a closed descriptor hold up nobody. What can't be written is kept, up to a bound, and tried again; what is beyond the bound is
// dropped, counted, and told in a line of its own where it is missing.
import { write, writeSync } from 'node:fs'
import { systemClock, type Clock } from '../time/clock.ts'

/** Lines that wait; beyond it they are dropped until half of it is free. */
const MAX_BYTES = 1024 * 1024
/** At most so much is under way at a time. */
const CHUNK_BYTES = 16 * 1024
/** After a reader that is slow (EAGAIN). */
const SLOW_MS = 20
/** After anything else: disk full, reader gone. */
const FAILED_MS = 500

export interface LineWriterOptions {
  readonly fd: number
  /** A line, with its line break, that tells of lines that were dropped. `reason`: code of the last error, undefined = too many lines. */
  readonly tellDropped: (lines: number, reason: string | undefined) => string
  /** Bytes that wait at most. Default 1 MiB. */
  readonly maxBytes?: number
  readonly clock?: Clock
  /** Default: Node's. */
  readonly file?: FileWrites
}

/** What is asked of the file system. */
export interface FileWrites {
  write(fd: number, bytes: Buffer, done: (error: NodeJS.ErrnoException | null, written: number) => void): void
  writeSync(fd: number, bytes: Buffer): number
}

const NODE_FILE: FileWrites = { write: (fd, bytes, done) => write(fd, bytes, done), writeSync }

/** `idle`: nothing waits. `writing`: a write is under way. `waiting`: the last one failed, and is tried again after a while. */
type State = 'idle' | 'writing' | 'waiting'

/**
 * What became of the lines: `failing`: they can't be written at the moment; `blocked`: a write has not come back, as of a terminal that is
 * stopped, and the process can't end before it, unless it is killed.
 */
export type Written = 'written' | 'failing' | 'blocked'

export class LineWriter {
  readonly #fd: number
  readonly #tellDropped: LineWriterOptions['tellDropped']
  readonly #maxBytes: number
  readonly #clock: Clock
  readonly #file: FileWrites
  #state: State = 'idle'
  /** What is to be written next, or is being written. */
  #chunk = Buffer.alloc(0)
  #lines: (string | Buffer)[] = []
  /** Bytes of `#chunk` and `#lines`. */
  #bytes = 0
  /** Lines dropped since that was told last; while there are some, further ones are dropped until half of the space is free. */
  #dropped = 0
  /** Code of the error while they were dropped; undefined = there was none, but too many lines. */
  #reason: string | undefined
  /** Code of the last write's error. */
  #error: string | undefined
  #whenIdle: (() => void)[] = []

  constructor({ fd, tellDropped, maxBytes = MAX_BYTES, clock = systemClock, file = NODE_FILE }: LineWriterOptions) {
    this.#fd = fd
    this.#tellDropped = tellDropped
    this.#maxBytes = maxBytes
    this.#clock = clock
    this.#file = file
  }

  /** @param line with its line break, or a piece of text as it comes. Says whether it is kept; else it is dropped. */
  write(line: string | Buffer): boolean {
    const bytes = Buffer.byteLength(line)
    if (this.#dropped > 0) this.#tellOfDropped()
    if (this.#dropped > 0 || this.#bytes + bytes > this.#maxBytes) {
      this.#dropped++
      this.#reason ??= this.#error
      return false
    }
    this.#add(line, bytes)
    if (this.#state === 'idle') this.#writeNext()
    return true
  }

  /** Waits at most `ms` until everything is written, and says what became of it. */
  async written(ms: number): Promise<Written> {
    if (this.#state === 'idle') return 'written'
    const { promise, resolve } = Promise.withResolvers<void>()
    // Keeps the process alive, which may have nothing else to do.
    const timer = setTimeout(resolve, ms)
    this.#whenIdle.push(resolve)
    await promise
    clearTimeout(timer)
    const state = this.#state as State
    return state === 'idle' ? 'written' : state === 'writing' ? 'blocked' : 'failing'
  }

  /**
   * Writes out what waits before it returns, for the end of a process: gives up after `ms`, and at once where writing fails.
   * What is under way is finished by Node, and not written twice.
   */
  writeNow(ms: number): void {
    const giveUpAt = performance.now() + ms
    if (this.#state !== 'writing') this.#takeChunk()
    const left = this.#state === 'writing' ? [] : [this.#chunk]
    let rest = Buffer.concat([...left, joined(this.#lines)])
    while (rest.length > 0) {
      try {
        rest = rest.subarray(this.#file.writeSync(this.#fd, rest.subarray(0, CHUNK_BYTES)))
      } catch (error) {
        if (!isSlow(error) || performance.now() >= giveUpAt) break
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, SLOW_MS)
      }
    }
    // Nobody is there for what is left, and the exit must not wait for it again.
    this.#lines = []
    if (this.#state !== 'writing') this.#chunk = Buffer.alloc(0)
    this.#bytes = this.#chunk.length
  }

  #add(line: string | Buffer, bytes: number): void {
    this.#lines.push(line)
    this.#bytes += bytes
  }

  #tellOfDropped(): void {
    if (this.#bytes > this.#maxBytes / 2) return
    const line = this.#tellDropped(this.#dropped, this.#reason)
    this.#dropped = 0
    this.#reason = undefined
    this.#add(line, Buffer.byteLength(line))
  }

  #takeChunk(): void {
    if (this.#chunk.length > 0) return
    let bytes = 0
    let count = 0
    while (count < this.#lines.length && bytes < CHUNK_BYTES) bytes += this.#lines[count++]!.length
    this.#chunk = joined(this.#lines.splice(0, count))
  }

  #writeNext(): void {
    if (this.#dropped > 0) this.#tellOfDropped()
    this.#takeChunk()
    if (this.#chunk.length === 0) return this.#becomeIdle()
    this.#state = 'writing'
    this.#file.write(this.#fd, this.#chunk, (error, written) => {
      if (error !== null) return this.#waitAfter(error)
      this.#error = undefined
      this.#bytes -= written
      this.#chunk = this.#chunk.subarray(written)
      this.#writeNext()
    })
  }

  #waitAfter(error: NodeJS.ErrnoException): void {
    this.#state = 'waiting'
    const slow = isSlow(error)
    this.#error = slow ? undefined : error.code
    this.#clock.after(slow ? SLOW_MS : FAILED_MS, () => {
      if (this.#state === 'waiting') this.#writeNext()
    })
  }

  #becomeIdle(): void {
    this.#state = 'idle'
    const waiting = this.#whenIdle
    this.#whenIdle = []
    for (const tell of waiting) tell()
  }
}

function joined(lines: readonly (string | Buffer)[]): Buffer<ArrayBuffer> {
  if (lines.every((line) => typeof line === 'string')) return Buffer.from(lines.join(''))
  return Buffer.concat(lines.map((line) => (typeof line === 'string' ? Buffer.from(line) : line)))
}

/** The reader has not made room yet. */
function isSlow(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'EAGAIN' || code === 'EBUSY'
}
