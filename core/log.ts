// The engine's own log: JSON lines for machines, short lines for people, always on stderr (stdout belongs to results).
import pino from 'pino'
import { LineWriter, type Written } from '../base/files/line-writer.ts'
import { didYouMean } from '../base/values/closest-name.ts'
import { oneLine } from '../base/values/one-line.ts'
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
  /** Whether lines of this level are written. */
  isEnabled(level: LogLine['level']): boolean
  child(fields: Readonly<Record<string, unknown>>): Log
  /** Writes out what is buffered before it returns, for the last lines of a process that ends at once. Gives up after half a second. */
  flush(): void
  /** The same without holding up the process, for one that ends in order. */
  flushed(): Promise<Written>
}

export interface LogOptions {
  /** Default: `III_LOG`, else `info`; a level that does not exist is an error. */
  level?: LogLevel
  /** Lines for people. Default: true when stderr is a terminal. */
  pretty?: boolean
  /** Where lines go; what it throws is ignored. Default: stderr. */
  write?: (line: string) => void
  env?: NodeJS.ProcessEnv
}

const LEVELS: readonly string[] = ['trace', 'debug', 'info', 'warn', 'error', 'silent']
/** How long the end of the process waits for a slow reader of stderr, and for a write that does not come back. */
const FLUSH_MS = 500

export function createLog(options: LogOptions = {}): Log {
  const level = options.level ?? levelFrom(options.env ?? process.env)
  const pretty = options.pretty ?? process.stderr.isTTY === true
  const sink = options.write === undefined ? stderrSink(pretty) : callerSink(options.write)
  const stream = { write: pretty ? (line: string) => sink.write(prettyLine(line)) : sink.write }
  const logger = pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: levelName } },
    stream,
  )
  return wrap(logger, {}, new LogListeners(), sink)
}

/** What `III_LOG` says, or what is wrong with it. */
export function logLevelFrom(env: NodeJS.ProcessEnv): { readonly value: LogLevel } | { readonly problem: string } {
  const written = env['III_LOG'] ?? ''
  const wanted = written.trim().toLowerCase()
  if (wanted === '') return { value: 'info' }
  if (LEVELS.includes(wanted)) return { value: wanted as LogLevel }
  return {
    problem: `the environment variable III_LOG takes ${LEVELS.join(', ')}, not '${written}'.${didYouMean(wanted, LEVELS)}`,
  }
}

function levelFrom(env: NodeJS.ProcessEnv): LogLevel {
  const reading = logLevelFrom(env)
  if ('problem' in reading) throw new Error(reading.problem)
  return reading.value
}

function levelName(label: string): { level: string } {
  return { level: label }
}

function wrap(logger: pino.Logger, bound: Readonly<Record<string, unknown>>, listeners: LogListeners, sink: Sink): Log {
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
    child: (fields) => wrap(logger.child(fields), { ...bound, ...fields }, listeners, sink),
    isEnabled: (level) => logger.isLevelEnabled(level),
    onLine: (listener) => listeners.add(listener),
    flush: sink.flush,
    flushed: sink.flushed,
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
      for (const listener of this.#listeners) {
        try {
          listener(line)
        } catch {
          // What is made of a line is no concern of the one who wrote it.
        }
      }
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

/** Where the lines of a log and its children end up. It never throws. */
interface Sink {
  write(line: string): void
  flush(): void
  flushed(): Promise<Written>
}

/** stderr, written in the background: the router must not wait for a log, nor end with it. */
function stderrSink(pretty: boolean): Sink {
  // Has Node open it, which makes a pipe non-blocking: a write that blocks would keep the process from ending.
  void process.stderr
  const tellDropped = (lines: number, code: string | undefined): string => {
    const line = droppedLine(lines, code)
    return pretty ? prettyLine(line) : line
  }
  const writer = new LineWriter({ fd: 2, tellDropped })
  const flush = (): void => writer.writeNow(FLUSH_MS)
  process.prependOnceListener('exit', flush)
  return { write: (line) => writer.write(line), flush, flushed: () => writer.written(FLUSH_MS) }
}

function droppedLine(lines: number, code: string | undefined): string {
  const why = code === undefined ? 'they came faster than they were read' : `they could not be written (${code})`
  const time = new Date().toISOString()
  return `${JSON.stringify({ level: 'warn', time, lines, msg: `lines of the log are missing here: ${why}` })}\n`
}

function callerSink(write: (line: string) => void): Sink {
  return {
    write(line) {
      try {
        write(line)
      } catch {
        // Whoever keeps the lines has lost this one; a log that fails must not take down what it tells of.
      }
    },
    flush: () => {},
    flushed: async () => 'written',
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
  const text = oneLine([clock, String(level).padEnd(5), msg ?? '', ...rest, ...failure].join(' '))
  return `${text.trimEnd()}\n`
}
