// What plugins in threads print goes to the streams of the engine. Node keeps it in the memory of the thread for as long as nobody reads
// there, without a bound: here it is always taken from the thread, and dropped where it can't be written. Not by `process.stdout`: each
// process that is started with the streams of the engine makes them blocking for the engine, too, which then stands still in a write.
import type { Readable } from 'node:stream'
import type { Worker as NodeThread } from 'node:worker_threads'
import { LineWriter, type Written } from '../../../base/files/line-writer.ts'
import { LimitedWarning } from '../../../base/warnings/limited-warning.ts'

/** Of one stream of the engine, waiting to be written. */
export const MAX_OUTPUT_BYTES = 1024 * 1024
const WARN_EVERY_MS = 10_000
/** How long the end waits for a slow reader. */
const FLUSH_MS = 500

/** Writes to a stream of the engine, as far as it is needed here. */
export type OutputWriter = Pick<LineWriter, 'write' | 'written' | 'writeNow'>

export interface EngineStreams {
  readonly stdout: OutputWriter
  readonly stderr: OutputWriter
}

type StreamName = keyof EngineStreams
const NAMES = ['stdout', 'stderr'] as const

export class ThreadOutput {
  readonly #streams: EngineStreams
  readonly #warning: LimitedWarning
  #hasWritten = false
  /** The process ends without closing the engine. */
  readonly #atExit = (): void => {
    for (const name of NAMES) this.#streams[name].writeNow(FLUSH_MS)
  }

  constructor(
    warn: (message: string, data: Record<string, unknown>) => void,
    streams: EngineStreams = { stdout: streamWriter(1), stderr: streamWriter(2) },
  ) {
    this.#warning = new LimitedWarning(warn, { intervalMs: WARN_EVERY_MS })
    this.#streams = streams
  }

  /** From now on what the thread prints comes here. */
  take(thread: Pick<NodeThread, StreamName>): void {
    for (const name of NAMES) {
      const from: Readable = thread[name]
      from.unpipe()
      from.on('data', (chunk: Buffer) => this.#write(name, chunk)).resume()
    }
  }

  /** Waits a moment for a slow reader. Gives the streams on which a write has not come back. */
  async close(): Promise<readonly StreamName[]> {
    const written = await Promise.all(NAMES.map((name): Promise<Written> => this.#streams[name].written(FLUSH_MS)))
    process.off('exit', this.#atExit)
    return NAMES.filter((_, index) => written[index] === 'blocked')
  }

  #write(name: StreamName, chunk: Buffer): void {
    if (!this.#hasWritten) process.once('exit', this.#atExit)
    this.#hasWritten = true
    if (this.#streams[name].write(chunk)) return
    this.#warning.warn(`what plugins print is dropped: nobody reads ${name} of the engine`, { bytes: chunk.length })
  }
}

function streamWriter(fd: 1 | 2): LineWriter {
  // The warning says it, in the log.
  return new LineWriter({ fd, maxBytes: MAX_OUTPUT_BYTES, tellDropped: () => '' })
}
