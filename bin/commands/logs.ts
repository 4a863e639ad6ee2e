// `iii logs`: the newest lines of the log of a running engine, those of plugins and workers included, and those that come.
import { defineCommand } from 'citty'
import { oneLine } from '../../base/values/one-line.ts'
import { CONNECTION_ARGS, connectionFrom } from '../connection-options.ts'
import { EXIT, UsageError } from '../exit-codes.ts'
import { sinceTime } from '../since.ts'
import { printTail } from '../tail-reader.ts'
import { terminalOf, type Paint } from '../terminal.ts'

/** What the engine keeps. */
const MAX_LINES = 1_000
const SEVERITY_MIN: Readonly<Record<string, number>> = { trace: 1, debug: 5, info: 9, warn: 13, error: 17 }

export const logs = defineCommand({
  meta: {
    name: 'logs',
    description: 'Show the newest lines of the log of an engine, those of workers and plugins included',
  },
  args: {
    follow: {
      type: 'boolean',
      alias: 'f',
      default: false,
      description: 'Go on with the lines that come, until Ctrl-C',
    },
    tail: {
      type: 'string',
      alias: 'n',
      default: 'all',
      description: `Lines to show at first: a number, or all that the engine keeps (${MAX_LINES})`,
      valueHint: 'lines',
    },
    since: {
      type: 'string',
      description: 'Only lines that are no older: 90s, 5m, 1h30m, or a time in ISO 8601',
      valueHint: 'time',
    },
    level: { type: 'enum', options: Object.keys(SEVERITY_MIN), description: 'Only lines of this level and above' },
    worker: {
      type: 'string',
      description: 'Only lines of this worker or plugin, by its name or id',
      valueHint: 'name',
    },
    json: { type: 'boolean', default: false, description: 'Print each line as one JSON object' },
    ...CONNECTION_ARGS,
  },
  async run({ args }) {
    const { paint } = terminalOf(process.stdout)
    const { level, worker, since } = args
    await printTail({
      ...connectionFrom(args),
      functionId: 'engine::logs::tail',
      entries: 'logs',
      filter: {
        ...(level !== undefined && { severity_min: SEVERITY_MIN[level] }),
        ...(worker !== undefined && { worker }),
        ...(since !== undefined && { start_time: sinceTime(since, Date.now()) }),
      },
      newest: linesOf(args.tail),
      isFollowing: args.follow,
      line: (entry) => (args.json ? JSON.stringify(entry) : logLine(entry as LogRecord, paint)),
    })
    return EXIT.ok
  },
})

interface LogRecord {
  readonly timestamp_unix_nano?: unknown
  readonly severity_text?: unknown
  readonly body?: unknown
  readonly trace_id?: unknown
  readonly attributes?: Readonly<Record<string, unknown>>
}

/** `12:34:56.789 info  [worker] message key=value`; the time is UTC, as in the log itself. */
export function logLine(record: LogRecord, paint: Paint): string {
  const { worker, plugin, worker_id: _id, ...more } = record.attributes ?? {}
  const level = String(record.severity_text ?? '').toLowerCase()
  const who = worker ?? plugin
  const rest = { ...more, ...(typeof record.trace_id === 'string' && { trace_id: record.trace_id }) }
  const members = Object.entries(rest).map(
    ([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  )
  const text = [...(who === undefined ? [] : [`[${String(who)}]`]), String(record.body ?? ''), ...members].join(' ')
  // Further lines, of a stack for example, can't be taken for lines of the log.
  const shown = text.split(/\r?\n/).map(oneLine).join('\n    ')
  return `${paint.dim(clockOf(record.timestamp_unix_nano))} ${levelText(level, paint)} ${shown}`.trimEnd()
}

function clockOf(nanoseconds: unknown): string {
  // As JSON: what a double can't hold came as its text.
  const time = new Date(Number(JSON.stringify(nanoseconds)) / 1_000_000)
  return Number.isNaN(time.getTime()) ? ' '.repeat(12) : time.toISOString().slice(11, 23)
}

function levelText(level: string, paint: Paint): string {
  const text = oneLine(level).padEnd(5)
  if (level === 'error') return paint.red(text)
  if (level === 'warn') return paint.yellow(text)
  return level === 'info' ? paint.green(text) : paint.dim(text)
}

function linesOf(text: string): number {
  if (text === 'all') return MAX_LINES
  if (/^\d+$/.test(text)) return Math.min(Number(text), MAX_LINES)
  throw new UsageError(`--tail takes a whole number or all, not '${text}'`)
}
