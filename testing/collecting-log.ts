// A log that keeps its lines instead of writing them.
import type { Log } from '../core/log.ts'

/** A line that was logged. */
export interface LogLine {
  /** `trace`, `debug`, `info`, `warn` or `error`. */
  readonly level: string
  readonly message: string
  /** What was logged beside the message; undefined when there was nothing. */
  readonly data: unknown
}

/** A log that keeps its lines. */
export interface CollectingLog extends Log {
  /** Oldest first. */
  readonly lines: LogLine[]
}

/** A log that keeps its lines instead of writing them, for a test to look at. */
export function collectingLog(): CollectingLog {
  const lines: LogLine[] = []
  const at = (level: string) => (message: string, data?: unknown) => void lines.push({ level, message, data })
  const log: CollectingLog = {
    lines,
    trace: at('trace'),
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: () => log,
    isEnabled: () => true,
    onLine: () => () => {},
    flush: () => {},
    flushed: async () => 'written',
  }
  return log
}
