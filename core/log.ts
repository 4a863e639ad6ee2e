// The engine's own log: JSON lines for machines, short lines for people, always on stderr (stdout belongs to results).
import pino from 'pino'
import type { PluginLog } from '../sdk/plugin.ts'

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent'

/** A line that was written: at or above the level of the log. */
export interface LogLine {
  readonly level: Exclude<LogLevel, 'silent'>
  readonly message: string
  /** Those of the line and of the log that it was written to. */
  readonly fields: Readonly<Record<string, unknown>>
  /** Milliseconds since 1970. */
  readonly time: number
}

/** Where the lines of a log and of its children can be listened to. */
export interface LogLines {
  /**
   * Has each line told to `listener` from now on, within the call that writes it; what the listener itself logs is not told.
   * Returns how to stop it.
   */
  onLine(listener: (line: LogLine) => void): () => void
}

/** The same methods as a plugin's log, so that engine and plugins write alike. `child` adds fields to every line. */
export interface Log extends PluginLog, LogLines {
  child(fields: Readonly<Record<string, unknown>>): Log
  /** Writes out what is buffered; for the last lines before the process ends. */
  flush(): void
}

export interface LogOptions {
  /** Default: `III_LOG`, else `info`. */
  level?: LogLevel
  /** Lines for people. Default: true when stderr is a terminal. */
  pretty?: boolean
  /** Where lines go. Default: stderr. */
  write?: (line: string) => void
  env?: NodeJS.ProcessEnv
}

const LEVELS: readonly string[] = ['trace', 'debug', 'info', 'warn', 'error', 'silent']
/** Lines waiting for a slow reader of stderr; beyond this they are dropped, for the router must not wait for a log. */
const BUFFER_BYTES = 1024 * 1024
/** How long the end of the process waits for that reader. */
const FLUSH_MS = 500

export function createLog(options: LogOptions = {}): Log {
  const level = options.level ?? levelFrom(options.env ?? process.env)
  const pretty = options.pretty ?? process.stderr.isTTY === true
  const write = options.write
  const stderr = write === undefined ? new LogDestination() : undefined
  const sink = write ?? ((line: string) => stderr?.write(line))
  const stream = { write: pretty ? (line: string) => sink(prettyLine(line)) : sink }
  const logger = pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: levelName } },
    stream,
  )
  return wrap(logger, {}, new LogListeners(), () => stderr?.flush())
}

function levelFrom(env: NodeJS.ProcessEnv): LogLevel {
  const wanted = env['III_LOG']?.trim().toLowerCase() ?? ''
  return LEVELS.includes(wanted) ? (wanted as LogLevel) : 'info'
}

function levelName(label: string): { level: string } {
  return { level: label }
}

function wrap(
  logger: pino.Logger,
  bound: Readonly<Record<string, unknown>>,
  listeners: LogListeners,
  flushAll: () => void,
): Log {
  const write = (level: LogLine['level'], message: string, data: unknown): void => {
    const fields = fieldsOf(data)
    logger[level](fields, message)
    if (listeners.isEmpty || !logger.isLevelEnabled(level)) return
    listeners.tell({ level, message, fields: { ...bound, ...fields }, time: Date.now() })
  }
  return {
    trace: (message, data) => write('trace', message, data),
    debug: (message, data) => write('debug', message, data),
    info: (message, data) => write('info', message, data),
    warn: (message, data) => write('warn', message, data),
    error: (message, data) => write('error', message, data),
    child: (fields) => wrap(logger.child(fields), { ...bound, ...fields }, listeners, flushAll),
    onLine: (listener) => listeners.add(listener),
    flush: flushAll,
  }
}

/** Who listens to a log, shared by all its children. */
class LogListeners {
  readonly #listeners = new Set<(line: LogLine) => void>()
  #isTelling = false

  get isEmpty(): boolean {
    return this.#listeners.size === 0
  }

  add(listener: (line: LogLine) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  tell(line: LogLine): void {
    if (this.#isTelling) return
    this.#isTelling = true
    try {
      for (const listener of this.#listeners) listener(line)
    } finally {
      this.#isTelling = false
    }
  }
}

function fieldsOf(data: unknown): object {
  if (data === undefined) return {}
  if (data instanceof Error) return { err: data }
  return typeof data === 'object' && data !== null && !Array.isArray(data) ? data : { data }
}

/** stderr, written in the background. */
class LogDestination {
  #giveUpAt = Infinity
  #closed = false
  readonly #stream: ReturnType<typeof pino.destination>

  constructor() {
    // Has Node open it, which makes a pipe non-blocking: a write that blocks would keep the process from ending.
    void process.stderr
    const retryEAGAIN = (): boolean => performance.now() < this.#giveUpAt
    this.#stream = pino.destination({ dest: 2, sync: false, maxLength: BUFFER_BYTES, retryEAGAIN })
    // Before the listener of the stream itself, which would wait for a reader without end.
    process.prependOnceListener('exit', () => this.flush())
  }

  write(line: string): void {
    if (!this.#closed) this.#stream.write(line)
  }

  flush(): void {
    if (this.#closed) return
    this.#giveUpAt = performance.now() + FLUSH_MS
    try {
      this.#stream.flushSync()
    } catch {
      // stderr is closed, not open yet or not read: nobody is there for the lines, and the exit must not wait for them again.
      this.#closed = true
      this.#stream.destroy()
    }
    this.#giveUpAt = Infinity
  }
}

/** `12:34:56.789 warn  message key=value`; a line that is not ours passes unchanged. */
function prettyLine(line: string): string {
  let entry: Record<string, unknown>
  try {
    entry = JSON.parse(line)
  } catch {
    return line
  }
  const { level, time, msg, err, ...fields } = entry
  const clock = typeof time === 'string' ? time.slice(11, 23) : ''
  const rest = Object.entries(fields).map(
    ([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  )
  const failure = typeof err === 'object' && err !== null && 'message' in err ? [`error=${String(err.message)}`] : []
  // Messages may quote what workers sent: nothing of theirs may steer the terminal.
  const text = [clock, String(level).padEnd(5), msg ?? '', ...rest, ...failure].join(' ').replace(/\p{Cc}+/gu, ' ')
  return `${text.trimEnd()}\n`
}
