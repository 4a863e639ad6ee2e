// What plugins in threads print goes to the streams of the engine. Node keeps it in the memory of the thread for as long as nobody reads
// there, without a bound: here it is always taken from the thread, and dropped where it can't be written.
import type { Readable } from 'node:stream'
import type { Worker as NodeThread } from 'node:worker_threads'
import { LimitedWarning } from '../../../base/warnings/limited-warning.ts'

/** Of one stream of the engine, waiting to be written. */
export const MAX_OUTPUT_BYTES = 1024 * 1024
const WARN_EVERY_MS = 10_000

/** A stream of the engine, as far as it is needed here. */
export interface OutputStream {
  readonly writableLength: number
  write(chunk: Buffer): unknown
  on(event: 'error', listener: () => void): unknown
  off(event: 'error', listener: () => void): unknown
}

export interface EngineStreams {
  readonly stdout: OutputStream
  readonly stderr: OutputStream
}

type StreamName = keyof EngineStreams

export class ThreadOutput {
  readonly #streams: EngineStreams
  readonly #warning: LimitedWarning
  readonly #ignore = (): void => {}

  constructor(warn: (message: string, data: Record<string, unknown>) => void, streams: EngineStreams = process) {
    this.#warning = new LimitedWarning(warn, { intervalMs: WARN_EVERY_MS })
    this.#streams = streams
    // A full disk or a reader that has gone: what can't be written is lost, and nothing else.
    for (const stream of [streams.stdout, streams.stderr]) stream.on('error', this.#ignore)
  }

  /** From now on what the thread prints comes here. */
  take(thread: Pick<NodeThread, StreamName>): void {
    for (const name of ['stdout', 'stderr'] as const) {
      const from: Readable = thread[name]
      from.unpipe()
      from.on('data', (chunk: Buffer) => this.#write(name, chunk)).resume()
    }
  }

  close(): void {
    for (const stream of [this.#streams.stdout, this.#streams.stderr]) stream.off('error', this.#ignore)
  }

  #write(name: StreamName, chunk: Buffer): void {
    const to = this.#streams[name]
    if (to.writableLength + chunk.length <= MAX_OUTPUT_BYTES) to.write(chunk)
    else
      this.#warning.warn(`what plugins print is dropped: nobody reads ${name} of the engine`, { bytes: chunk.length })
  }
}
