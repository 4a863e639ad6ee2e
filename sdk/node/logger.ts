// The `Logger` of workers: lines with data, in the engine's log while this process is connected to one, else on the console.
import { currentCallContext } from '../async-call-contexts.ts'
import { logFrame, type LogLevel } from './log-frame.ts'

/** Takes the frame of a line to an engine; false when it can't at present. */
export type LogSink = (frame: Uint8Array) => boolean

/** Of the workers of this process, oldest first: lines belong to no worker, and the newest takes them. */
const sinks: LogSink[] = []

/** Returns what takes it away again. */
export function addLogSink(sink: LogSink): () => void {
  sinks.push(sink)
  return () => {
    const at = sinks.indexOf(sink)
    if (at !== -1) sinks.splice(at, 1)
  }
}

/**
 * Writes lines with data: into the engine's log, with the trace that the running handler belongs to, while a worker of this process is
 * connected; else to the console.
 */
export class Logger {
  readonly #traceId: string | undefined
  readonly #serviceName: string | undefined
  readonly #spanId: string | undefined

  /** @param traceId default: that of the call for which the handler runs; so is `spanId` */
  constructor(traceId?: string, serviceName?: string, spanId?: string) {
    this.#traceId = traceId
    this.#serviceName = serviceName
    this.#spanId = spanId
  }

  debug(message: string, data?: unknown): void {
    this.#write('debug', message, data)
  }

  info(message: string, data?: unknown): void {
    this.#write('info', message, data)
  }

  warn(message: string, data?: unknown): void {
    this.#write('warn', message, data)
  }

  error(message: string, data?: unknown): void {
    this.#write('error', message, data)
  }

  #write(level: LogLevel, message: string, data: unknown): void {
    const sink = sinks.at(-1)
    if (sink !== undefined) {
      const [, traceId, spanId] = currentCallContext()?.traceparent?.split('-') ?? []
      const line = {
        level,
        message,
        data,
        serviceName: this.#serviceName,
        traceId: this.#traceId ?? traceId,
        spanId: this.#spanId ?? spanId,
      }
      if (sink(logFrame(line))) return
    }
    if (data === undefined) console[level](message)
    else console[level](message, data)
  }
}
